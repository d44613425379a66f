"""How problems are answered, and that every code has its row and its place in the docs."""

import re
from pathlib import Path

import pytest
from rest_requests import WIRE, request

from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.wires.rest.problems import SQLSTATE_CLASSES, SQLSTATES, STATUSES, status_of

ROOT = Path(__file__).parents[3]
CODE = re.compile(r'"(PGRST\d{3}|MS\d{3})"')


def refuse(problem: Problem, *, anonymous: bool = False) -> Response:
    return WIRE.refuse(problem, anonymous=anonymous)


def test_a_problem_is_answered_in_postgrests_form() -> None:
    response = refuse(Problem("23505", "duplicate key", details="Key (id)=(1) already exists.", hint="try é"))
    assert response.status == 409
    assert response.body == (
        '{"code":"23505","message":"duplicate key","details":"Key (id)=(1) already exists.","hint":"try é"}'.encode()
    )
    assert dict(response.headers) == {
        "content-type": "application/json; charset=utf-8",
        "proxy-status": "PostgREST; error=23505",
    }


def test_what_is_not_said_is_null() -> None:
    body = refuse(Problem("PGRST125", "no", where="path")).body
    assert body == b'{"code":"PGRST125","message":"no","details":null,"hint":null}'


def test_details_may_be_a_list() -> None:
    body = refuse(Problem("PGRST201", "no", details=[{"relationship": "x"}])).body
    assert body == b'{"code":"PGRST201","message":"no","details":[{"relationship":"x"}],"hint":null}'


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("23502", 400), ("23503", 409), ("23505", 409), ("23514", 400), ("22P02", 400), ("21000", 400),
        ("25006", 405), ("25P02", 500), ("08006", 503), ("09000", 500), ("0L000", 403), ("0P000", 403),
        ("28000", 403), ("2D000", 500), ("38000", 500), ("39000", 500), ("3B000", 500), ("40001", 500),
        ("42703", 400), ("42883", 404), ("42P01", 404), ("42P17", 500), ("53300", 503), ("53400", 500),
        ("54001", 400), ("55000", 500), ("57014", 504), ("57P01", 503), ("57000", 500), ("58000", 500),
        ("F0000", 500), ("HV000", 500), ("P0001", 400), ("P0002", 500), ("XX000", 500), ("PT402", 402),
        ("PT999", 500), ("PGRST116", 406), ("PGRST201", 300), ("PGRST103", 416), ("MS413", 413), ("MS414", 414),
        ("MS431", 431), ("MS503", 503), ("MS504", 503), ("MS403", 400),
        ("MS599", 500), ("MS499", 400), ("nonsense", 400), ("", 400),
    ],
)  # fmt: skip
def test_a_code_has_its_status(code: str, status: int) -> None:
    assert status_of(code, anonymous=False) == status


def test_a_denied_caller_is_asked_for_a_token_only_without_one() -> None:
    denied = Problem("42501", "permission denied")
    assert refuse(denied, anonymous=False).status == 403
    response = refuse(denied, anonymous=True)
    assert response.status == 401
    assert dict(response.headers)["www-authenticate"] == "Bearer"


def test_a_refused_token_says_why() -> None:
    response = refuse(Problem("PGRST303", 'JWT "expired"\r\nx: y'), anonymous=True)
    assert response.status == 401
    challenge = 'Bearer error="invalid_token", error_description="JWT expiredx: y"'
    assert dict(response.headers)["www-authenticate"] == challenge
    assert dict(refuse(Problem("PGRST302", "no")).headers)["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("problem", "retry_after"),
    [
        (Problem("MS503", "busy"), "1"),
        (Problem("MS503", "busy", retry_after_s=7), "7"),
        (Problem("MS504", "too many", retry_after_s=2), "2"),
        (Problem("57P01", "shut down"), "1"),
        (Problem("57014", "timeout"), None),
        (Problem("PGRST100", "no"), None),
    ],
)
def test_what_may_pass_says_when_to_retry(problem: Problem, retry_after: str | None) -> None:
    assert dict(refuse(problem).headers).get("retry-after") == retry_after


def test_a_head_is_refused_without_a_body() -> None:
    response = WIRE.refuse(Problem("PGRST205", "no"), anonymous=True, request=request("HEAD"))
    assert (response.status, response.body) == (404, None)
    assert dict(response.headers)["proxy-status"] == "PostgREST; error=PGRST205"


def used_codes() -> set[str]:
    sources = (ROOT / "src" / "mainstay").rglob("*.py")
    return {code for source in sources for code in CODE.findall(source.read_text(encoding="utf-8"))}


def documented_codes() -> set[str]:
    page = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))


def test_every_code_in_use_has_a_status() -> None:
    assert used_codes() - STATUSES.keys() == set()


def test_every_code_with_a_status_has_its_row_in_the_docs() -> None:
    classes = {f"{name}…" for name in SQLSTATE_CLASSES}
    assert documented_codes() == STATUSES.keys() | SQLSTATES.keys() | classes | {"42501", "PT…"}
