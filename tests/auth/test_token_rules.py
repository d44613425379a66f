"""Rules that don't hold together fail at once, and name what is wrong without showing a key."""

import re
from typing import Any

import pytest
from auth_signing import (
    ED25519,
    LONG_SECRET,
    P256,
    RSA,
    SECRET,
    ask,
    authenticator,
    b64,
    jwk,
    pem,
    private_jwk,
    private_pem,
    token,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from mainstay.auth.jwt import TokenRules
from mainstay.auth.keys import key_from_pem, key_from_secret
from mainstay.core.problem import DeclarationError

SMALL_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
BITCOIN = ec.generate_private_key(ec.SECP256K1())
BRAINPOOL = ec.generate_private_key(ec.BrainpoolP256R1())
EXCHANGE = x25519.X25519PrivateKey.generate()
OCT = {"kty": "oct", "k": b64(SECRET.encode())}


@pytest.mark.parametrize(
    ("rules", "where", "what"),
    [
        ({"secret": "x" * 31}, "secret", "31 bytes"),
        ({"secret": ""}, "secret", "0 bytes"),
        ({"secret": "not base64!", "secret_is_base64": True}, "secret", "not base64"),
        ({"secret": b64(b"x" * 31), "secret_is_base64": True}, "secret", "31 bytes"),
        ({"secret": pem(RSA)}, "secret", "PEM"),
        ({"secret": private_pem(RSA)}, "secret", "PEM"),
        ({"secret": '{"kty": "oct", "k": "' + "x" * 43 + '"}'}, "secret", "JSON key"),
        ({"secret": SECRET, "algorithms": ("HS512",)}, "algorithms", "no key verifies HS512"),
        ({"secret": SECRET, "algorithms": ("RS256",)}, "algorithms", "no key verifies RS256"),
        ({"secret": SECRET, "algorithms": ("none",)}, "algorithms", "'none'"),
        ({"secret": SECRET, "algorithms": ("HS257",)}, "algorithms", "'HS257'"),
        ({"jwks_url": "https://id.example/keys", "algorithms": ("HS256",)}, "algorithms", "no key verifies HS256"),
        ({"public_key": pem(RSA), "algorithms": ("ES256",)}, "algorithms", "no key verifies ES256"),
        ({"public_key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}, "public_key", "not a PEM"),
        ({"public_key": SECRET}, "public_key", "not a PEM"),
        ({"public_key": private_pem(RSA)}, "public_key", "private"),
        ({"public_key": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}, "public_key", "certificate"),
        ({"public_key": pem(SMALL_RSA)}, "public_key", "2048"),
        ({"public_key": pem(BITCOIN)}, "public_key", "curve"),
        ({"public_key": pem(BRAINPOOL)}, "public_key", "curve"),
        ({"public_key": pem(EXCHANGE)}, "public_key", "type"),
        ({"keys": "{"}, "keys", "not JSON"),
        ({"keys": "[]"}, "keys", "not a JSON object"),
        ({"keys": {"keys": []}}, "keys", "at least one"),
        ({"keys": {"keys": "x"}}, "keys", "at least one"),
        ({"keys": {"keys": [OCT, 5]}}, "keys", r"keys\[1\]"),
        ({"keys": {}}, "keys", "not a valid JWK"),
        ({"keys": {"kty": "RSA", "n": "AQAB"}}, "keys", "not a valid JWK"),
        ({"keys": {"kty": ["RSA"]}}, "keys", "not a valid JWK"),
        ({"keys": {"kty": "oct", "k": b64(b"x" * 31)}}, "keys", "31 bytes"),
        ({"keys": {**OCT, "use": "enc"}}, "keys", "use"),
        ({"keys": {**OCT, "key_ops": ["sign"]}}, "keys", "may verify"),
        ({"keys": {**OCT, "alg": "RS256"}}, "keys", "alg does not fit"),
        ({"keys": {**OCT, "alg": "HS512"}}, "keys", "alg does not fit"),
        ({"keys": {**OCT, "alg": 5}}, "keys", "kid or alg"),
        ({"keys": {**OCT, "kid": 5}}, "keys", "kid or alg"),
        ({"keys": jwk(RSA, alg="ES256")}, "keys", "alg does not fit"),
        ({"keys": jwk(SMALL_RSA)}, "keys", "2048"),
        ({"keys": private_jwk(P256)}, "keys", "private"),
        ({"keys": {**jwk(P256), "y": jwk(P256)["x"]}}, "keys", "not a valid JWK"),
        ({"keys": {"keys": [jwk(RSA), jwk(P256, use="enc")]}}, "keys", r"keys\[1\]: its use"),
        ({"jwks_url": "http://id.example/keys"}, "jwks_url", "http does not"),
        ({"jwks_url": "http://127.0.0.1.example/keys"}, "jwks_url", "http does not"),
        ({"jwks_url": "file:///etc/passwd"}, "jwks_url", "not a URL"),
        ({"jwks_url": "ftp://id.example/keys"}, "jwks_url", "ftp does not"),
        ({"jwks_url": "https://user:password@id.example/keys"}, "jwks_url", "password"),
        ({"jwks_url": "https://[::1/keys"}, "jwks_url", "not a URL"),
        ({"jwks_url": "keys.json"}, "jwks_url", "not a URL"),
        ({"role_claim": ""}, "role_claim", "empty"),
        ({"role_claim": "app_metadata..role"}, "role_claim", "empty"),
        ({"role_claim": ()}, "role_claim", "empty"),
        ({"role_claim": ("app_metadata", "")}, "role_claim", "empty"),
        ({"leeway_s": -1}, "leeway_s", "-1"),
        ({"leeway_s": float("nan")}, "leeway_s", "nan"),
        ({"lifetime_s_max": 0}, "lifetime_s_max", "0"),
        ({"jwks_timeout_s": 0}, "jwks_timeout_s", "0"),
    ],
)
@pytest.mark.filterwarnings("ignore:Key size should be")
def test_bad_rules_are_refused_where_they_are_declared(rules: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        TokenRules(**rules)
    assert re.search(what, caught.value.what)
    assert caught.value.where == f"TokenRules.{where}"
    assert caught.value.hint


@pytest.mark.parametrize("url", ["https://id.example/keys?v=1", "http://localhost:8080/k", "http://[::1]:80/k"])
def test_a_key_set_may_come_by_https_or_from_this_machine(url: str) -> None:
    assert TokenRules(jwks_url=url).jwks_url == url


@pytest.mark.parametrize(
    ("length", "algorithms"),
    [(32, {"HS256"}), (47, {"HS256"}), (48, {"HS256", "HS384"}), (64, {"HS256", "HS384", "HS512"})],
)
def test_a_secret_verifies_what_it_is_long_enough_for(length: int, algorithms: set[str]) -> None:
    assert key_from_secret(b"x" * length).algorithms == algorithms


def test_a_public_key_in_der_is_no_secret_either() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(DeclarationError, match="public key"):
        TokenRules(secret=der)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("alphabet", ["url", "standard"])
def test_a_base64_secret_is_read_in_either_alphabet(padded: bool, alphabet: str) -> None:
    import base64

    raw = b"\xfb\xff" * 17
    text = (base64.urlsafe_b64encode if alphabet == "url" else base64.b64encode)(raw).decode()
    asked = authenticator(secret=(text if padded else text.rstrip("=")) + "\n", secret_is_base64=True)
    assert ask(asked, token({"role": "author"}, key=raw)).role == "author"


def test_several_sources_are_trusted_side_by_side() -> None:
    asked = authenticator(secret=SECRET, public_key=pem(RSA), keys=jwk(P256))
    for algorithm, key in (("HS256", SECRET), ("PS384", RSA), ("ES256", P256)):
        assert ask(asked, token({"role": algorithm}, algorithm=algorithm, key=key)).role == algorithm


def test_no_repr_shows_a_key() -> None:
    rules = TokenRules(secret=LONG_SECRET, keys=OCT, public_key=pem(ED25519))
    shown = repr(rules) + repr(list(rules.__rich_repr__())) + repr(key_from_secret(LONG_SECRET.encode()))
    shown += repr(key_from_pem(pem(ED25519)))
    for hidden in (LONG_SECRET, OCT["k"], pem(ED25519)[30:60]):
        assert hidden not in shown


@pytest.mark.parametrize(
    "rules", [{"secret": "hunter2"}, {"keys": {"kty": "oct", "k": "aHVudGVyMg", "alg": "hunter2"}}, {"keys": "hunter2"}]
)
@pytest.mark.filterwarnings("ignore:Key size should be")
def test_no_declaration_error_shows_a_key(rules: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError) as caught:
        TokenRules(**rules)
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVyMg" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
