"""PostgREST's own expectations: what passes stays so, and what fails is known, with its reason."""

import os

import pytest

from conformance import postgrest
from conformance.outcome import Outcome

RATE_MIN = 0.88


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    corpus = postgrest.find_corpus(None)
    if corpus is None:
        assert os.environ.get("CI") != "true", f"{postgrest.CORPUS} must be there"
        pytest.skip(f"{postgrest.CORPUS} is not there")
    return postgrest.run(corpus)


@pytest.mark.slow
def test_no_case_fails_but_those_known_to(outcome: Outcome) -> None:
    known = postgrest.known_failures()
    assert [(case.id, case.why) for case in outcome.counted if not case.passed and case.id not in known] == []


@pytest.mark.slow
def test_every_case_known_to_fail_does(outcome: Outcome) -> None:
    passed = {case.id for case in outcome.counted if case.passed}
    assert [id for id in postgrest.known_failures() if id in passed] == []


@pytest.mark.slow
def test_the_rate_stays_above_its_bound(outcome: Outcome) -> None:
    assert outcome.rate >= RATE_MIN


def test_every_known_failure_has_a_reason() -> None:
    assert all(reason.endswith(".") and len(reason) > 20 for reason in postgrest.known_failures().values())
