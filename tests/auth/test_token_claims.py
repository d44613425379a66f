"""Claims of genuine tokens: time to the second, for whom, from whom, and as whom."""

from typing import Any

import pytest
from auth_signing import NOW, Clock, ask, authenticator, token

from mainstay.core.principal import Principal
from mainstay.core.problem import Problem


def admitted(claims: Any, **rules: Any) -> Principal:
    return ask(authenticator(**rules), token(claims))


def rejected(claims: Any, **rules: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        admitted(claims, **rules)
    assert caught.value.code == "PGRST303"
    assert caught.value.details is None
    return caught.value


@pytest.mark.parametrize(
    ("claims", "leeway_s", "message"),
    [
        ({"exp": NOW - 29}, 30, None),
        ({"exp": NOW - 30 + 0.5}, 30, None),
        ({"exp": NOW - 30}, 30, "JWT expired"),
        ({"exp": NOW - 31}, 30, "JWT expired"),
        ({"exp": NOW + 1}, 0, None),
        ({"exp": NOW}, 0, "JWT expired"),
        ({"exp": 0}, 30, "JWT expired"),
        ({"exp": -1e18}, 30, "JWT expired"),
        ({"exp": 2**63}, 30, None),
        ({"nbf": NOW + 30}, 30, None),
        ({"nbf": NOW + 30.5}, 30, "JWT not yet valid"),
        ({"nbf": NOW + 31}, 30, "JWT not yet valid"),
        ({"nbf": NOW}, 0, None),
        ({"nbf": NOW + 1}, 0, "JWT not yet valid"),
        ({"iat": NOW + 30}, 30, None),
        ({"iat": NOW + 31}, 30, "JWT issued at future"),
        ({"iat": NOW + 1}, 0, "JWT issued at future"),
        ({"iat": 0}, 0, None),
    ],
)
def test_times_hold_up_to_the_leeway(claims: dict[str, Any], leeway_s: float, message: str | None) -> None:
    if message is None:
        assert admitted(claims, leeway_s=leeway_s).claims == claims
    else:
        assert rejected(claims, leeway_s=leeway_s).message == message


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [str(NOW), "invalid", "", None, True, False, [], {}, [NOW], 10**400])
def test_a_time_that_is_no_number_is_rejected(name: str, value: Any) -> None:
    assert rejected({name: value}).message == f"The JWT '{name}' claim must be a number"


@pytest.mark.parametrize("payload", [b'{"exp": NaN}', b'{"exp": Infinity}', b'{"exp": 1e999}'])
def test_a_number_that_json_does_not_have_is_rejected(payload: bytes) -> None:
    assert rejected(payload).message == "Parsing claims failed"


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b'"role"', b"5", b"{", b"{} {}", b"\xff", b"{'a': 1}", b'{"a": ' + b"[" * 9_000]
)
def test_claims_that_are_no_json_object_are_rejected(payload: bytes) -> None:
    assert rejected(payload).message == "Parsing claims failed"


@pytest.mark.parametrize(
    ("claims", "audience", "message"),
    [
        ({"aud": "us"}, "us", None),
        ({"aud": ["them", "us"]}, "us", None),
        ({"aud": "us"}, ("you", "us"), None),
        ({"aud": "anyone"}, None, None),
        ({"aud": "anyone"}, (), None),
        ({"aud": []}, None, None),
        ({}, None, None),
        ({"aud": "them"}, "us", "JWT not in audience"),
        ({"aud": ["them"]}, "us", "JWT not in audience"),
        ({"aud": ""}, "us", "JWT not in audience"),
        ({"aud": "u"}, "us", "JWT not in audience"),
        ({}, "us", "JWT not in audience"),
        ({"aud": []}, "us", "JWT not in audience"),
        ({"aud": [{"a": "us"}, "us"]}, "us", "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": 5}, None, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": None}, None, "The JWT 'aud' claim must be a string or an array of strings"),
        ({"aud": {"us": 1}}, "us", "The JWT 'aud' claim must be a string or an array of strings"),
    ],
)
def test_a_token_must_be_for_us(claims: dict[str, Any], audience: Any, message: str | None) -> None:
    if message is None:
        assert admitted(claims, audience=audience).claims == claims
    else:
        assert rejected(claims, audience=audience).message == message


@pytest.mark.parametrize("claims", [{}, {"aud": []}])
def test_a_token_for_nobody_is_let_in_only_where_the_team_says_so(claims: dict[str, Any]) -> None:
    assert admitted(claims, audience="us", audience_required=False).claims == claims
    assert rejected({"aud": "them"}, audience="us", audience_required=False).message == "JWT not in audience"


@pytest.mark.parametrize(
    ("claims", "issuer", "admits"),
    [
        ({"iss": "https://id.example"}, "https://id.example", True),
        ({"iss": "b"}, ("a", "b"), True),
        ({"iss": "anyone"}, None, True),
        ({"iss": "anyone"}, (), True),
        ({"iss": "https://id.example/"}, "https://id.example", False),
        ({"iss": ["https://id.example"]}, "https://id.example", False),
        ({"iss": None}, "https://id.example", False),
        ({}, "https://id.example", False),
    ],
)
def test_a_token_must_be_from_whom_we_trust(claims: dict[str, Any], issuer: Any, admits: bool) -> None:
    if admits:
        assert admitted(claims, issuer=issuer).claims == claims
    else:
        assert rejected(claims, issuer=issuer).message == "JWT not from a trusted issuer"


@pytest.mark.parametrize(
    ("claims", "admits"),
    [
        ({"iat": NOW - 100, "exp": NOW + 3_500}, True),
        ({"iat": NOW - 100, "exp": NOW + 3_501}, False),
        ({"exp": NOW + 3_600}, True),
        ({"exp": NOW + 3_601}, False),
        ({"iat": NOW}, False),
        ({}, False),
    ],
)
def test_a_token_may_not_live_longer_than_allowed(claims: dict[str, Any], admits: bool) -> None:
    if admits:
        assert admitted(claims, lifetime_s_max=3_600).claims == claims
    else:
        assert rejected(claims, lifetime_s_max=3_600).message == "JWT lives too long"


@pytest.mark.parametrize(
    ("claims", "role_claim", "role"),
    [
        ({"role": "author"}, "role", "author"),
        ({"app_metadata": {"role": "author"}, "role": "x"}, "app_metadata.role", "author"),
        ({"app_metadata": {"role": "author"}}, ("app_metadata", "role"), "author"),
        ({"https://example.com/role": "author"}, ("https://example.com/role",), "author"),
        ({"https://example.com/role": "author"}, "https://example.com/role", "author"),
        ({"app_metadata": {"role": "author"}}, ".app_metadata.role", "author"),
        ({"sub": "7"}, "role", "anonymous"),
        ({"app_metadata": {}}, "app_metadata.role", "anonymous"),
        ({"app_metadata": "role"}, "app_metadata.role", "anonymous"),
        ({"app_metadata": ["role"]}, "app_metadata.role", "anonymous"),
    ],
)
def test_the_role_is_where_the_rules_say(claims: dict[str, Any], role_claim: Any, role: str) -> None:
    principal = admitted(claims, role_claim=role_claim)
    assert (principal.role, principal.claims, principal.anonymous) == (role, claims, False)


@pytest.mark.parametrize("value", [5, None, True, ["author"], {"name": "author"}, ""])
def test_a_role_that_is_no_text_is_rejected(value: Any) -> None:
    assert rejected({"role": value}).message == "The JWT role claim must be a string"


def test_without_an_anonymous_role_a_token_needs_a_role() -> None:
    with pytest.raises(Problem) as caught:
        admitted({"sub": "7"}, anonymous_role=None)
    assert (caught.value.code, caught.value.message) == ("PGRST302", "Anonymous access is disabled")


@pytest.mark.parametrize(
    ("claims", "rules"),
    [
        ({"exp": "hunter2"}, {}),
        ({"aud": ["hunter2"]}, {"audience": "us"}),
        ({"aud": {"hunter2": 1}}, {"audience": "us"}),
        ({"iss": "hunter2"}, {"issuer": "us"}),
        ({"role": ["hunter2"]}, {}),
        (b'{"role": "hunter2"', {}),
    ],
)
def test_no_problem_shows_a_claim_and_every_message_fits_a_header(claims: Any, rules: dict[str, Any]) -> None:
    problem = rejected(claims, **rules)
    shown = f"{problem!r} {problem} {problem.message} {problem.details} {problem.hint} {problem.where}"
    assert "hunter2" not in shown
    assert problem.message.isascii()
    assert '"' not in problem.message
    assert "\\" not in problem.message


def test_time_is_read_from_the_clock() -> None:
    clock = Clock(NOW)
    asked = authenticator(clock=clock)
    text = token({"nbf": NOW + 100})
    with pytest.raises(Problem, match="not yet valid"):
        ask(asked, text)
    clock.now += 100
    assert ask(asked, text).role == "anonymous"
