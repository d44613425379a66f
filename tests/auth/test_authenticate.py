"""From headers to a principal, and what is remembered of it."""

import asyncio
from typing import Any

import pytest
from auth_signing import NOW, SECRET, Clock, ask, authenticator, b64, token

from mainstay.auth.authenticate import Authenticator, Known
from mainstay.auth.jwt import TokenRules
from mainstay.cache.bounded import Bounded
from mainstay.core.problem import Problem

ADA = token({"role": "author", "sub": "ada"})
BOB = token({"role": "author", "sub": "bob"})


def verified(asked: Authenticator, authorization: str | None, api_key: str | None) -> Any:
    return asyncio.run(asked.verify(authorization, api_key))


def test_without_a_token_everyone_is_one_and_the_same_anonymous() -> None:
    asked = authenticator(anonymous_role="guest")
    principal = asked.known(None, None)
    assert principal is not None
    assert (principal.role, principal.claims, principal.anonymous) == ("guest", {}, True)
    assert asked.known(None, None) is principal
    assert verified(asked, None, None) is principal


def test_where_anonymous_is_disabled_a_token_is_required() -> None:
    asked = authenticator(anonymous_role=None)
    assert asked.known(None, None) is None
    with pytest.raises(Problem) as caught:
        verified(asked, None, None)
    assert (caught.value.code, caught.value.message) == ("PGRST302", "Anonymous access is disabled")
    assert ask(asked, ADA).role == "author"


def test_a_token_is_known_once_it_was_verified_and_not_before() -> None:
    asked = authenticator()
    assert asked.known(f"Bearer {ADA}", None) is None
    principal = ask(asked, ADA)
    assert asked.known(f"Bearer {ADA}", None) is principal
    assert asked.known(f"Bearer {BOB}", None) is None


@pytest.mark.parametrize("spelling", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", " Bearer {} "])
def test_the_bearer_scheme_is_read_in_any_spelling(spelling: str) -> None:
    assert verified(authenticator(), spelling.format(ADA), None).claims["sub"] == "ada"


def test_an_api_key_is_a_token_where_no_authorization_is_sent() -> None:
    asked = authenticator()
    assert verified(asked, None, ADA).claims["sub"] == "ada"
    known = asked.known(None, ADA)
    assert known is not None
    assert known.claims["sub"] == "ada"


def test_authorization_wins_over_the_api_key() -> None:
    asked = authenticator()
    for _ in ("verified", "known"):
        principal = asked.known(f"Bearer {BOB}", ADA) or verified(asked, f"Bearer {BOB}", ADA)
        assert principal.claims["sub"] == "bob"


def test_a_bad_authorization_is_not_rescued_by_a_good_api_key() -> None:
    asked = authenticator()
    verified(asked, None, ADA)
    for authorization in ("Bearer x.y.z", "Bearer ", "", f"Basic {ADA}", ADA):
        assert asked.known(authorization, ADA) is None
        with pytest.raises(Problem) as caught:
            verified(asked, authorization, ADA)
        assert caught.value.code == "PGRST301"


@pytest.mark.parametrize(
    ("authorization", "api_key", "message"),
    [
        ("Bearer ", None, "Empty JWT is sent in Authorization header"),
        ("Bearer", None, "Empty JWT is sent in Authorization header"),
        ("bearer    ", None, "Empty JWT is sent in Authorization header"),
        ("", None, "Empty JWT is sent in Authorization header"),
        (None, "", "Empty JWT is sent in apikey header"),
        ("Basic dXNlcjpwYXNz", None, "The Authorization header must use the Bearer scheme"),
        ("Digest x", None, "The Authorization header must use the Bearer scheme"),
        ("Bearer\tx.y.z", None, "The Authorization header must use the Bearer scheme"),
        ("Bearer a b.c.d", None, "JWT cryptographic operation failed"),
        (None, "sb_publishable_key", "Expected 3 parts in JWT; got 1"),
    ],
)
def test_what_holds_no_token_is_refused(authorization: str | None, api_key: str | None, message: str) -> None:
    asked = authenticator()
    assert asked.known(authorization, api_key) is None
    with pytest.raises(Problem) as caught:
        verified(asked, authorization, api_key)
    assert (caught.value.code, caught.value.message, caught.value.details) == ("PGRST301", message, None)


@pytest.mark.parametrize(
    ("claims", "lasts_s"),
    [
        ({"exp": NOW + 60}, 90),
        ({"exp": NOW - 20}, 10),
        ({"exp": NOW + 9_999}, 300),
        ({}, 300),
    ],
)
def test_a_token_is_remembered_until_it_expires_and_at_most_five_minutes(claims: Any, lasts_s: int) -> None:
    clock = Clock()
    asked = authenticator(clock=clock)
    text = token(claims)
    ask(asked, text)
    clock.now = NOW + lasts_s - 1
    assert asked.known(f"Bearer {text}", None) is not None
    clock.now = NOW + lasts_s
    assert asked.known(f"Bearer {text}", None) is None


def test_an_expired_token_that_was_known_is_refused() -> None:
    clock = Clock()
    asked = authenticator(clock=clock)
    text = token({"exp": NOW + 60})
    ask(asked, text)
    clock.now += 90
    with pytest.raises(Problem, match="JWT expired"):
        ask(asked, text)


def test_a_token_that_still_holds_is_known_again_after_another_look() -> None:
    clock = Clock()
    asked = authenticator(clock=clock)
    ask(asked, ADA)
    clock.now += 301
    assert asked.known(f"Bearer {ADA}", None) is None
    ask(asked, ADA)
    assert asked.known(f"Bearer {ADA}", None) is not None


def test_a_known_token_is_not_let_in_before_its_time_when_the_clock_steps_back() -> None:
    clock = Clock()
    asked = authenticator(clock=clock)
    text = token({"nbf": NOW})
    ask(asked, text)
    clock.now = NOW - 31
    assert asked.known(f"Bearer {text}", None) is None
    with pytest.raises(Problem, match="JWT not yet valid"):
        ask(asked, text)


def test_remembering_is_bounded_and_forgets_the_least_recently_used() -> None:
    memory: Bounded[bytes, Known] = Bounded(2)
    asked = Authenticator(TokenRules(secret=SECRET), memory, clock=Clock())
    texts = [token({"sub": str(number)}) for number in range(3)]
    for text in texts:
        ask(asked, text)
    assert len(memory) == 2
    assert [asked.known(f"Bearer {text}", None) is not None for text in texts] == [False, True, True]


def test_a_refused_token_takes_no_memory() -> None:
    memory: Bounded[bytes, Known] = Bounded(10)
    asked = Authenticator(TokenRules(secret=SECRET), memory, clock=Clock())
    for text in (token({"exp": 1}), token({}, key="x" * 32), "a.b.c", token({"role": 5})):
        with pytest.raises(Problem):
            ask(asked, text)
    assert len(memory) == 0


def test_neither_the_token_nor_its_claims_can_be_read_from_what_is_remembered() -> None:
    kept: dict[bytes, Known] = {}

    class Memory:
        get = kept.get
        put = kept.__setitem__

    asked = Authenticator(TokenRules(secret=SECRET), Memory(), clock=Clock())
    ask(asked, ADA)
    assert len(kept) == 1
    shown = repr(kept) + repr([list(known.__rich_repr__()) for known in kept.values()]) + repr(asked)
    for hidden in (*ADA.split("."), "ada", SECRET):
        assert hidden not in shown
    assert [len(key) for key in kept] == [32]


def test_with_remembering_off_every_request_is_verified() -> None:
    asked = authenticator(remember_s_max=0)
    assert ask(asked, ADA).role == "author"
    assert asked.known(f"Bearer {ADA}", None) is None


@pytest.mark.parametrize("text", ["hunter2", "hunter2.hunter2.hunter2", b64(b'{"alg":"hunter2"}') + ".e30.hunter2"])
def test_no_problem_shows_a_token(text: str) -> None:
    with pytest.raises(Problem) as caught:
        ask(authenticator(), text)
    problem = caught.value
    shown = f"{problem!r} {problem} {problem.message} {problem.details} {problem.hint} {problem.where}"
    assert "hunter2" not in shown
    assert text not in shown
