"""Hasura's own expectations: what passes stays so, and what fails is known, with its reason."""

import os

import pytest

from conformance import hasura
from conformance.outcome import Outcome

RATE_MIN = 0.82


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    corpus = hasura.find_corpus(None)
    if corpus is None:
        assert os.environ.get("CI") != "true", f"{hasura.CORPUS} must be there"
        pytest.skip(f"{hasura.CORPUS} is not there")
    return hasura.run(corpus)


@pytest.mark.slow
def test_no_case_fails_but_those_known_to(outcome: Outcome) -> None:
    known = hasura.known_failures()
    assert [(case.id, case.why) for case in outcome.counted if not case.passed and case.id not in known] == []


@pytest.mark.slow
def test_every_case_known_to_fail_does(outcome: Outcome) -> None:
    passed = {case.id for case in outcome.counted if case.passed}
    assert [id for id in hasura.known_failures() if id in passed] == []


@pytest.mark.slow
def test_the_rate_stays_above_its_bound(outcome: Outcome) -> None:
    assert outcome.rate >= RATE_MIN


def test_every_known_failure_has_a_reason() -> None:
    assert all(reason.endswith(".") and len(reason) > 20 for reason in hasura.known_failures().values())
