"""Signatures: every algorithm with a real key, published vectors, and the attacks that mix them up."""

import json
from typing import Any

import pytest
from auth_signing import (
    ALGORITHMS,
    ED25519,
    LONG_SECRET,
    OTHER_RSA,
    P256,
    P384,
    RSA,
    SECRET,
    Clock,
    ask,
    authenticator,
    b64,
    jwk,
    pem,
    sign,
    token,
    verifying,
)

from mainstay.auth.authenticate import Authenticator
from mainstay.auth.issue import issue_token
from mainstay.auth.jwt import TokenRules
from mainstay.cache.bounded import Bounded
from mainstay.core.problem import DeclarationError, Problem

CLAIMS = {"role": "author", "sub": "7"}
RFC7515_PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
RFC7515_A1 = (
    {
        "kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    },
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{RFC7515_PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
)
RFC7515_A3 = (
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    f"eyJhbGciOiJFUzI1NiJ9.{RFC7515_PAYLOAD}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
)


def refused(text: str, **rules: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        ask(authenticator(**rules), text)
    assert caught.value.code == "PGRST301"
    return caught.value


@pytest.mark.parametrize(("key", "text"), [RFC7515_A1, RFC7515_A3], ids=["A.1", "A.3"])
def test_the_vectors_of_rfc7515_verify(key: dict[str, str], text: str) -> None:
    principal = ask(authenticator(keys=key, clock=Clock(1_300_819_379)), text)
    assert principal.claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


@pytest.mark.parametrize(("algorithm", "key"), ALGORITHMS)
def test_every_algorithm_verifies_its_own_signature(algorithm: str, key: Any) -> None:
    principal = ask(authenticator(**verifying(key)), token(CLAIMS, algorithm=algorithm, key=key))
    assert (principal.role, principal.claims, principal.anonymous) == ("author", CLAIMS, False)


@pytest.mark.parametrize(("algorithm", "key"), ALGORITHMS)
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_changed_in_any_part_is_refused(algorithm: str, key: Any, part: int) -> None:
    parts = token(CLAIMS, algorithm=algorithm, key=key).split(".")
    parts[part] = parts[part][:5] + ("A" if parts[part][5] != "A" else "B") + parts[part][6:]
    refused(".".join(parts), **verifying(key))


@pytest.mark.parametrize(("algorithm", "key"), ALGORITHMS)
@pytest.mark.parametrize("length", [0, 1, 32, 64, 132, 256, 2_000])
def test_a_signature_of_zeros_is_refused_at_any_length(algorithm: str, key: Any, length: int) -> None:
    signed = token(CLAIMS, algorithm=algorithm, key=key).rpartition(".")[0]
    refused(f"{signed}.{b64(bytes(length))}", **verifying(key))


@pytest.mark.parametrize("private", [RSA, P256, ED25519])
def test_a_jwk_verifies_like_its_pem(private: Any) -> None:
    algorithm = {RSA: "RS256", P256: "ES256", ED25519: "EdDSA"}[private]
    text = token(CLAIMS, algorithm=algorithm, key=private)
    for keys in (jwk(private), json.dumps(jwk(private)), {"keys": [jwk(P384), jwk(private)]}):
        assert ask(authenticator(keys=keys), text).role == "author"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("form", ["pem", "pem_stripped", "jwk", "n"])
def test_a_public_key_used_as_an_hmac_secret_is_refused(algorithm: str, form: str) -> None:
    forms = {"pem": pem(RSA), "pem_stripped": pem(RSA).strip(), "jwk": json.dumps(jwk(RSA)), "n": jwk(RSA)["n"]}
    forged = token(CLAIMS, algorithm=algorithm, key=forms[form])
    problem = refused(forged, public_key=pem(RSA))
    assert problem.details == "No suitable key was found to decode the JWT"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS1", "ES256K", "RSA-OAEP", None, 5, ["HS256"]])
@pytest.mark.parametrize("signed", [True, False])
def test_an_algorithm_of_none_or_unknown_is_refused(algorithm: Any, signed: bool) -> None:
    head = f"{b64(json.dumps({'alg': algorithm}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    signature = b64(sign("HS256", SECRET, head.encode())) if signed else ""
    assert refused(f"{head}.{signature}").message == "Wrong or unsupported encoding algorithm"


def test_a_header_without_an_algorithm_is_refused() -> None:
    head = f"{b64(b'{}')}.{b64(json.dumps(CLAIMS).encode())}"
    text = f"{head}.{b64(sign('HS256', SECRET, head.encode()))}"
    assert refused(text).message == "Wrong or unsupported encoding algorithm"


def test_a_secret_does_not_verify_another_familys_algorithm() -> None:
    assert refused(token(CLAIMS, algorithm="RS256", key=RSA)).details == "No suitable key was found to decode the JWT"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk(OTHER_RSA)},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/chain"},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_key_that_the_token_brings_or_points_to_is_refused(header: dict[str, Any]) -> None:
    message = "JWT header brings its own key, which is never trusted"
    forged = token(CLAIMS, algorithm="RS256", key=OTHER_RSA, **header)
    assert refused(forged, public_key=pem(RSA)).message == message
    # Refused even where the signature is good: nothing may come to rely on it.
    genuine = token(CLAIMS, algorithm="RS256", key=RSA, **header)
    assert refused(genuine, public_key=pem(RSA)).message == message


@pytest.mark.parametrize("crit", [["b64"], ["exp"], [], "b64", None])
def test_a_critical_extension_is_refused(crit: Any) -> None:
    text = token(CLAIMS, crit=crit, b64=False)
    assert refused(text).message == "JWT header has a crit extension that is not supported"


def test_a_header_that_is_merely_unknown_is_ignored() -> None:
    assert ask(authenticator(), token(CLAIMS, typ="at+jwt", x_tenant="7")).role == "author"


TWO_KEYS = {"keys": [jwk(RSA, kid="one"), jwk(OTHER_RSA, kid="two")]}


@pytest.mark.parametrize(("kid", "key"), [("one", RSA), ("two", OTHER_RSA), (None, RSA), (None, OTHER_RSA)])
def test_a_token_is_verified_by_the_key_it_names_or_any_where_it_names_none(kid: str | None, key: Any) -> None:
    header = {} if kid is None else {"kid": kid}
    assert ask(authenticator(keys=TWO_KEYS), token(CLAIMS, algorithm="RS256", key=key, **header)).role == "author"


def test_a_token_that_names_another_key_than_its_signers_is_refused() -> None:
    problem = refused(token(CLAIMS, algorithm="RS256", key=RSA, kid="two"), keys=TWO_KEYS)
    assert problem.message == "No suitable key or wrong key type"
    assert problem.details == "None of the keys was able to decode the JWT"


def test_a_token_that_names_no_key_there_is_refused() -> None:
    problem = refused(token(CLAIMS, algorithm="RS256", key=RSA, kid="three"), keys=TWO_KEYS)
    assert problem.details == "No suitable key was found to decode the JWT"


def test_a_kid_can_not_switch_a_key_to_another_family() -> None:
    keys = {"keys": [jwk(RSA, kid="one"), {"kty": "oct", "k": b64(SECRET.encode()), "kid": "two"}]}
    refused(token(CLAIMS, algorithm="HS256", key=jwk(RSA)["n"], kid="one"), keys=keys)
    refused(token(CLAIMS, algorithm="RS256", key=RSA, kid="two"), keys=keys)
    assert ask(authenticator(keys=keys), token(CLAIMS, kid="two")).role == "author"


@pytest.mark.parametrize("kid", [5, ["one"], {"a": 1}, True])
def test_a_kid_that_is_no_text_is_refused(kid: Any) -> None:
    assert refused(token(CLAIMS, kid=kid)).message == "JWT couldn't be decoded"


def test_a_keys_own_algorithm_keeps_it_from_any_other() -> None:
    keys = jwk(RSA, alg="RS256")
    assert ask(authenticator(keys=keys), token(CLAIMS, algorithm="RS256", key=RSA)).role == "author"
    refused(token(CLAIMS, algorithm="RS512", key=RSA), keys=keys)
    refused(token(CLAIMS, algorithm="PS256", key=RSA), keys=keys)


def test_the_rules_algorithms_narrow_what_a_key_verifies() -> None:
    rules = {"secret": LONG_SECRET, "algorithms": ("HS512",)}
    assert ask(authenticator(**rules), token(CLAIMS, algorithm="HS512", key=LONG_SECRET)).role == "author"
    problem = refused(token(CLAIMS, algorithm="HS256", key=LONG_SECRET), **rules)
    assert problem.message == "Wrong or unsupported encoding algorithm"


def test_a_curve_verifies_its_own_algorithm_only() -> None:
    head = f"{b64(json.dumps({'alg': 'ES256'}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    refused(f"{head}.{b64(sign('ES256', P384, head.encode()))}", public_key=pem(P384))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "Expected 3 parts in JWT; got 1"),
        ("ey9zdGdyZXN0.y4vZuu1dDdwAl0", "Expected 3 parts in JWT; got 2"),
        ("a.b.c.d.e", "Expected 3 parts in JWT; got 5"),
        ("quifquirndsjagnrgniur.fonvoienqhhdj.iuqvnvhojah", "JWT cryptographic operation failed"),
        ("..", "JWT couldn't be decoded"),
        (f"{b64(b'[]')}.e30.", "JWT couldn't be decoded"),
        (f"{b64(b'{')}.e30.", "JWT couldn't be decoded"),
        (f"{b64(b'[' * 9_000)}.e30.", "JWT couldn't be decoded"),
        (f"{b64(b'{}')}=.e30.", "JWT cryptographic operation failed"),
        ("é.e30.x", "JWT cryptographic operation failed"),
        ("\ud800.e30.x", "JWT cryptographic operation failed"),
        ("a" * 16_385, "JWT is too long"),
    ],
)
def test_what_is_no_token_is_refused(text: str, message: str) -> None:
    assert refused(text).message == message


def test_a_signature_has_one_spelling_only() -> None:
    text = token(CLAIMS)
    # 32 bytes leave two unused bits in the last of 43 characters; RFC 4648 section 3.5 wants them zero.
    spelt = text[:-1] + chr(ord(text[-1]) + 1)
    assert refused(spelt).message == "JWT cryptographic operation failed"


def test_without_any_key_a_token_is_the_servers_mistake() -> None:
    with pytest.raises(Problem) as caught:
        ask(Authenticator(TokenRules(), Bounded(1), clock=Clock()), token(CLAIMS))
    assert (caught.value.code, caught.value.message) == ("PGRST300", "Server lacks JWT secret")


@pytest.mark.parametrize("is_base64", [False, True])
def test_an_issued_token_is_let_in(is_base64: bool) -> None:
    secret = b64(SECRET.encode()) if is_base64 else SECRET
    text = issue_token(secret, CLAIMS, secret_is_base64=is_base64)
    assert text.count(".") == 2
    assert ask(authenticator(secret=secret, secret_is_base64=is_base64), text).claims == CLAIMS


def test_no_token_is_issued_with_a_weak_secret() -> None:
    with pytest.raises(DeclarationError, match="31 bytes"):
        issue_token("x" * 31, CLAIMS)
