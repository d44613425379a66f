"""Problems of the corridor in Hasura's words: one code for each, and nothing that the corridor left out."""

import json

import pytest

from mainstay.core.problem import Problem, Violation
from mainstay.wires.graphql.problems import body_of, status_of

SAID = [
    (Violation("films"), "permission-error", "check constraint of an insert/update permission has failed"),
    (Problem("23505", "a key"), "constraint-violation", "Uniqueness violation. a key"),
    (Problem("23503", "a key"), "constraint-violation", "Foreign key violation. a key"),
    (Problem("23502", "a null"), "constraint-violation", "Not-NULL violation. a null"),
    (Problem("23P01", "a range"), "constraint-violation", "Exclusion violation. a range"),
    (Problem("23514", "a year"), "permission-error", "Check constraint violation. a year"),
    (Problem("22003", "out of range"), "data-exception", "out of range"),
    (Problem("P0001", "sold out"), "postgres-error", "sold out"),
    (Problem("40001", "try again"), "postgres-error", "try again"),
    (Problem("MS455", "no key"), "not-supported", "no key"),
    (Problem("XX000", "what"), "unexpected", "what"),
]


@pytest.mark.parametrize(("problem", "code", "message"), SAID, ids=[each.code for each, *_ in SAID])
def test_a_problem_has_the_code_and_the_words_of_hasura(problem: Problem, code: str, message: str) -> None:
    [error] = json.loads(body_of(problem))["errors"]
    assert error == {"message": message, "extensions": {"path": "$", "code": code}}


def test_a_status_says_it_only_to_who_asks_for_it() -> None:
    problem = Problem("23505", "a key")
    assert [status_of(problem, told=told, anonymous=False) for told in (False, True)] == [200, 400]
    assert status_of(Violation("films"), told=True, anonymous=False) == 403
