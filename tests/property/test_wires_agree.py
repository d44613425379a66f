"""Whatever both wires can ask: GraphQL answers what REST does, and both what the oracle does, problems too."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote

from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.pipeline import Pipeline
from mainstay.plan.describe import Seen
from mainstay.wires.graphql import CONVENTIONS, GraphWire, Index, Vocabulary
from mainstay.wires.rest import RestWire
from property.market import CATALOG
from property.operations import Asked
from property.questions import Question, Questioner
from property.stage import Answer, Example, Stage, agree, expected, shares
from property.worlds import World, make_world, random_principal, roles_that_read

QUESTIONS = 60
INDEX = Index(CATALOG.named, CATALOG.schemas, names=CONVENTIONS["hasura-default"])


def test_both_wires_answer_what_the_oracle_does(stage: Stage, seed: int, examples_wanted: int) -> None:
    wanted, answers, number = min(examples_wanted, 600), list[Answer](), 0
    while len(answers) < wanted:
        answers += compare(stage, f"wires/{seed}/{number}")
        number += 1
    share = shares(answers)
    assert share["filled"] > 0.3
    assert 0 < share["refused"] < 0.3


def compare(stage: Stage, name: str) -> list[Answer]:
    random = Random(name)
    world = make_world(random, name)
    examples = list(random_questions(random, world))
    stage.fill(world)
    pipeline, graph, rest = stage.pipeline(world), GraphWire(("/graphql",), stage.limits), RestWire(limits=stage.limits)
    found: list[Answer] = []
    for question, principal in examples:
        example = Example(Asked(question.read, (), question.ordered), question.values, principal)
        want = expected(world, example)
        ours = stage.run(graph_answer(graph, pipeline, world, question, principal))
        theirs = stage.run(rest_answer(rest, pipeline, question, principal))
        told = "\n".join(map(str, (name, principal, question.graph, question.rest, want, ours, theirs)))
        assert agree(want, theirs, ordered=question.ordered), told
        if question.hidden:
            assert (ours.code, want.code) == ("validation-failed", "42703"), told
        else:
            assert agree(want, ours, ordered=question.ordered), told
        found.append(want)
    return found


def random_questions(random: Random, world: World) -> Iterator[tuple[Question, Principal]]:
    roles = [role for role in roles_that_read(world) if Questioner(random, world.policy, role).answerable()]
    for _ in range(QUESTIONS if roles else 0):
        role = random.choice(roles)
        yield Questioner(random, world.policy, role).question(), random_principal(random, role)


async def graph_answer(
    wire: GraphWire, pipeline: Pipeline, world: World, question: Question, principal: Principal
) -> Answer:
    body = json.dumps({"query": question.graph}).encode()
    asked = wire.parse(Request("POST", "/graphql", "", {"content-type": "application/json"}, body))
    vocabulary = Vocabulary(Seen(CATALOG, world.policy, principal.role, pipeline.limits), INDEX, aggregates=True)
    try:
        prepared = wire.prepare(asked, principal.role, vocabulary)
        results = [await pipeline.run(each, principal) for each in wire.operations(prepared, asked)]
    except Problem as problem:
        return Answer(code=problem.code)
    data: dict[str, Any] = json.loads(wire.body(prepared, results))["data"]
    return Answer(body=data[question.read.table.name])


async def rest_answer(wire: RestWire, pipeline: Pipeline, question: Question, principal: Principal) -> Answer:
    table, _, query = question.rest.partition("?")
    try:
        call = wire.parse(Request("GET", f"/rest/v1/{table}", quote(query, safe="=&,.():"), {}))
        assert call.operation is not None
        result = await pipeline.run(call.operation, principal)
    except Problem as problem:
        return Answer(code=problem.code)
    return Answer(body=json.loads(result.body or b""))
