"""Whatever is asked of whatever data under whatever policy: the woven SQL answers what the oracle does."""

import asyncio
from collections.abc import Iterator
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property.operations import random_read
from property.stage import Answer, Example, Stage, agree, answer_of, expected, report, shares
from property.worlds import World, make_world, random_principal, roles_that_read

READS = 20
QUESTIONS = 5


def test_the_corridor_answers_what_the_oracle_does(
    stage: Stage, seed: int, examples_wanted: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[Answer] = []
    number = 0
    while len(answers) < examples_wanted:
        answers += compare(stage, f"{seed}/{number}")
        number += 1
    share = shares(answers)
    with capsys.disabled():
        print(
            f"\n{len(answers):,} examples of {number:,} worlds (--property-seed {seed}) equal the oracle's answers: "
            f"{share['filled']:.0%} hold something, {share['refused']:.0%} are problems"
        )
    assert len(answers) >= examples_wanted
    assert share["filled"] > 0.4
    assert share["refused"] < 0.2


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 5), random=st.randoms(use_true_random=False))
def test_a_read_that_hypothesis_makes_up_does_so_too(stage: Stage, number: int, random: Random) -> None:
    world = make_world(Random(f"hypothesis/{number}"), f"hypothesis/{number}")
    stage.fill(world)
    role = random.choice(roles_that_read(world))
    asked = random_read(random, world.policy, role)
    example = Example(asked, tuple(make(random) for make in asked.makers), random_principal(random, role))
    if not agrees(stage, world, example):
        fail(stage, world, example)


def compare(stage: Stage, name: str) -> list[Answer]:
    """The oracle's answers to a world's examples; fails where the corridor gives another one."""
    random = Random(name)
    world = make_world(random, name)
    examples = list(random_examples(random, world))
    stage.fill(world)
    wanted = [expected(world, example) for example in examples]
    given = stage.ask(stage.pipeline(world), examples)
    for example, want, got in zip(examples, wanted, given, strict=True):
        if not agree(want, got, ordered=example.asked.ordered):
            fail(stage, smaller(stage, world, example), example)
    return wanted


def random_examples(random: Random, world: World) -> Iterator[Example]:
    """Reads of any role, each with several values and callers."""
    roles = roles_that_read(world)
    for _ in range(READS if roles else 0):
        role = random.choice(roles)
        asked = random_read(random, world.policy, role)
        for _ in range(QUESTIONS):
            values = tuple(make(random) for make in asked.makers)
            yield Example(asked, values, random_principal(random, role))


def smaller(stage: Stage, world: World, example: Example) -> World:
    """The world without the rows that make no difference; as it was where the example alone is answered rightly."""
    for key, rows in world.database.items():
        for row in list(rows):
            fewer = {**world.database, key: [other for other in world.database[key] if other is not row]}
            attempt = msgspec.structs.replace(world, database=fewer)
            stage.fill(attempt)
            if not agrees(stage, attempt, example):
                world = attempt
    stage.fill(world)
    return world


def agrees(stage: Stage, world: World, example: Example) -> bool:
    got = stage.run(answer_of(stage.pipeline(world), example))
    return agree(expected(world, example), got, ordered=example.asked.ordered)


def fail(stage: Stage, world: World, example: Example) -> None:
    pipeline = stage.pipeline(world)
    got = stage.run(asyncio.wait_for(answer_of(pipeline, example), 60))
    pytest.fail(report(world, example, expected(world, example), got, pipeline), pytrace=False)
