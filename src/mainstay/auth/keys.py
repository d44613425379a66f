"""Keys that verify signatures: from a secret, a JWK or a PEM public key, each with the algorithms that it may verify.

A key's type decides its algorithms, never a token's header: a public key never verifies an HMAC, a secret never
verifies a signature, and nothing verifies `none`. Private keys have no business here and are refused.
Sources: RFC 7517 (JWK), RFC 7518 section 3 (algorithms and least key sizes), RFC 8037 and RFC 9864 (EdDSA).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from mainstay.auth.sealed import Sealed

SECRET_BYTES_MIN = {"HS256": 32, "HS384": 48, "HS512": 64}
"""A secret is at least as long as the hash (RFC 7518 section 3.2)."""

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
RSA_BITS_MIN = 2_048

CURVE_ALGORITHMS = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
    "Ed448": frozenset({"EdDSA", "Ed448"}),
}

ASYMMETRIC = RSA_ALGORITHMS.union(*CURVE_ALGORITHMS.values())
SUPPORTED = ASYMMETRIC.union(SECRET_BYTES_MIN)


class UnusableKey(Exception):
    """This key can't verify a token. The text says why, and holds no part of the key."""


class VerificationKey(Sealed, frozen=True):
    """One key, the algorithms that it may verify, and the name that a token may call it by."""

    algorithms: frozenset[str]
    key: Any
    kid: str | None = None

    def suits(self, algorithm: str, kid: str | None) -> bool:
        """A token that names no key may be any key's, and a key without a name may be any token's."""
        return algorithm in self.algorithms and (kid is None or self.kid is None or kid == self.kid)

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        model = JWSRegistry.algorithms[algorithm]
        try:
            return model.verify(signed, signature, self.key)
        except (ValueError, JoseError):
            return False


def secret_bytes(secret: str | bytes, *, is_base64: bool = False) -> bytes:
    """The secret's bytes; with `is_base64`, decoded from either base64 alphabet, padded or not."""
    raw = secret.encode() if isinstance(secret, str) else secret
    if not is_base64:
        return raw
    text = raw.strip().rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise UnusableKey("it is not base64") from None


def key_from_secret(secret: bytes) -> VerificationKey:
    """Verifies the HMACs that the secret is long enough for."""
    # A public key as the secret would let everyone sign: anyone has it (RFC 8725 section 2.1).
    if b"-----BEGIN" in secret:
        raise UnusableKey("it is a PEM key or certificate, not a secret")
    if secret.lstrip().startswith(b"{"):
        raise UnusableKey("it is a JSON key, not a secret")
    algorithms = _hmac_algorithms(secret)
    try:
        return VerificationKey(algorithms=algorithms, key=OctKey.import_key(secret))
    except ValueError:
        raise UnusableKey("it is a public key, not a secret") from None


def key_from_pem(pem: str | bytes) -> VerificationKey:
    raw = pem.encode() if isinstance(pem, str) else pem
    if b"PRIVATE KEY-----" in raw:
        raise UnusableKey("it is a private key; only its public half belongs here")
    if b"-----BEGIN CERTIFICATE-----" in raw:
        raise UnusableKey("it is a certificate; extract its key: openssl x509 -pubkey -noout -in FILE")
    try:
        native = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("it is not a PEM public key") from None
    key: Key
    if isinstance(native, RSAPublicKey):
        key = RSAKey.import_key(native)
    elif isinstance(native, EllipticCurvePublicKey):
        key = ECKey.import_key(native)
    elif isinstance(native, Ed25519PublicKey | Ed448PublicKey):
        key = OKPKey.import_key(native)
    else:
        raise UnusableKey("its type is not RSA, EC or Ed25519/Ed448")
    return VerificationKey(algorithms=_algorithms(key), key=key)


def key_from_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    """A JWK's own `alg`, `use` and `key_ops` narrow what it verifies; they never widen it."""
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        raise UnusableKey("its kid or alg is not a string")
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("its use is not sig")
    if jwk.get("kty") != "oct" and "d" in jwk:
        raise UnusableKey("it is a private key; only its public half belongs here")
    key = _imported(jwk)
    algorithms = _algorithms(key)
    if algorithm is not None:
        algorithms &= {algorithm}
    if not algorithms:
        raise UnusableKey("its alg does not fit its type")
    return VerificationKey(algorithms=algorithms, key=key, kid=kid)


def _imported(jwk: Mapping[str, Any]) -> Key:
    try:
        key = import_key(dict(jwk))
        key.check_key_op("verify")
    except Exception:
        # Whatever the libraries make of a malformed key; their texts may quote it, so none is passed on.
        raise UnusableKey("it is not a valid JWK of type oct, RSA, EC or OKP that may verify") from None
    return key


def _algorithms(key: Key) -> frozenset[str]:
    if isinstance(key, OctKey):
        return _hmac_algorithms(key.raw_value)
    if isinstance(key, RSAKey):
        if key.public_key.key_size < RSA_BITS_MIN:
            raise UnusableKey(f"it is an RSA key of fewer than {RSA_BITS_MIN} bits")
        return RSA_ALGORITHMS
    curve = _curve(key)
    if curve not in CURVE_ALGORITHMS:
        raise UnusableKey("its curve is none of " + ", ".join(CURVE_ALGORITHMS))
    return CURVE_ALGORITHMS[curve]


def _curve(key: ECKey | OKPKey) -> str | None:
    try:
        return key.curve_name
    except KeyError:  # a curve that joserfc has no name for, such as brainpoolP256r1
        return None


def _hmac_algorithms(secret: bytes) -> frozenset[str]:
    algorithms = frozenset(name for name, least in SECRET_BYTES_MIN.items() if len(secret) >= least)
    if not algorithms:
        raise UnusableKey(f"it is {len(secret)} bytes long, and HS256 needs at least {SECRET_BYTES_MIN['HS256']}")
    return algorithms
