"""Signs tokens with hmac and cryptography alone, so that nothing under test vouches for itself."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from mainstay.auth.authenticate import Authenticator
from mainstay.auth.jwt import TokenRules
from mainstay.cache.bounded import Bounded
from mainstay.core.principal import Principal

NOW = 1_800_000_000
SECRET = "a secret of thirty-two bytes, ok!"
LONG_SECRET = SECRET * 2
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
ED448 = ed448.Ed448PrivateKey.generate()

ALGORITHMS: list[tuple[str, Any]] = [
    *[(f"HS{size}", LONG_SECRET) for size in HASHES],
    *[(f"RS{size}", RSA) for size in HASHES],
    *[(f"PS{size}", RSA) for size in HASHES],
    ("ES256", P256),
    ("ES384", P384),
    ("ES512", P521),
    ("EdDSA", ED25519),
    ("EdDSA", ED448),
    ("Ed25519", ED25519),
    ("Ed448", ED448),
]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(algorithm: str, key: Any, signed: bytes) -> bytes:
    size = algorithm[2:]
    if algorithm.startswith("HS"):
        secret = key if isinstance(key, bytes) else key.encode()
        return hmac.new(secret, signed, getattr(hashlib, f"sha{size}")).digest()
    if algorithm.startswith("RS"):
        return key.sign(signed, padding.PKCS1v15(), HASHES[size])
    if algorithm.startswith("PS"):
        digest = HASHES[size]
        return key.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if algorithm.startswith("ES"):
        width = (key.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(HASHES[size])))
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    return key.sign(signed)


def token(claims: Any, *, algorithm: str = "HS256", key: Any = SECRET, **header: Any) -> str:
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{b64(json.dumps({'alg': algorithm, **header}).encode())}.{b64(payload)}"
    return f"{signed}.{b64(sign(algorithm, key, signed.encode()))}"


def pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def private_pem(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """The public JWK, spelt out here from the key's numbers (RFC 7518 section 6, RFC 8037)."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **members}
    if isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        width = (public.key_size + 7) // 8
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[public.key_size]
        point = {"x": b64(numbers.x.to_bytes(width, "big")), "y": b64(numbers.y.to_bytes(width, "big"))}
        return {"kty": "EC", "crv": curve, **point, **members}
    curve = "Ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else "Ed448"
    return {"kty": "OKP", "crv": curve, "x": b64(public.public_bytes_raw()), **members}


def private_jwk(key: Any) -> dict[str, Any]:
    """An elliptic curve's private JWK, whole and valid."""
    return jwk(key, d=b64(key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")))


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def verifying(key: Any) -> dict[str, Any]:
    """The rules' fields that make a signer's key trusted."""
    return {"secret": key} if isinstance(key, str) else {"public_key": pem(key)}


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def authenticator(*, clock: Clock | None = None, tokens_max: int = 10, **rules: Any) -> Authenticator:
    if not {"secret", "keys", "public_key", "jwks_url"} & set(rules):
        rules["secret"] = SECRET
    return Authenticator(TokenRules(**rules), Bounded(tokens_max), clock=clock or Clock())


def ask(asked: Authenticator, text: str) -> Principal:
    return asyncio.run(asked.verify(f"Bearer {text}", None))
