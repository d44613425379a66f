"""SQLite answers what the oracle does, or says that it can't: never anything else, and nothing that a policy hides."""

from collections.abc import Iterator
from random import Random

import pytest

from property.sqlite_stage import SQLiteStage
from property.stage import agree, expected
from property.test_reads_equal_the_oracle import fail, random_examples
from property.test_writes_equal_the_oracle import WORLDS
from property.test_writes_equal_the_oracle import compare as compare_writes
from property.worlds import make_world

LACKING = "MS495"


@pytest.fixture(scope="module")
def sqlite_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteStage]:
    stage = SQLiteStage(tmp_path_factory.mktemp("sqlite"))
    yield stage
    stage.close()


def test_sqlite_answers_what_the_oracle_does(
    sqlite_stage: SQLiteStage, seed: int, examples_wanted: int, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = lacking = number = 0
    while asked < examples_wanted / 4:
        name = f"{seed}/{number}"
        random = Random(name)
        world = make_world(random, name)
        examples = list(random_examples(random, world))
        sqlite_stage.fill(world)
        given = sqlite_stage.ask(sqlite_stage.pipeline(world), examples)
        for example, got in zip(examples, given, strict=True):
            if got.code == LACKING:
                lacking += 1
            elif not agree(expected(world, example), got, ordered=example.asked.ordered):
                fail(sqlite_stage, world, example)
        asked += len(examples)
        number += 1
    with capsys.disabled():
        print(
            f"\n{asked:,} examples of {number:,} worlds equal the oracle's answers; {lacking / asked:.0%} are refused"
        )
    assert lacking / asked < 0.6  # the tables have a column of arrays, which SQLite has not


def test_writes_to_sqlite_do_what_the_rules_say(
    sqlite_stage: SQLiteStage, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {"written": 0, "nothing": 0, "refused": 0, "lacking": 0}
    for number in range(WORLDS // 2):
        for outcome in compare_writes(sqlite_stage, f"writes/{seed}/{number}", LACKING):
            name = "lacking" if outcome.code == LACKING else "refused" if outcome.code else None
            counts[name or ("written" if outcome.written else "nothing")] += 1
    with capsys.disabled():
        print(f"\n{sum(counts.values()):,} writes to SQLite did what the rules say: {counts}")
    assert min(counts["written"], counts["nothing"], counts["refused"]) > sum(counts.values()) / 10
