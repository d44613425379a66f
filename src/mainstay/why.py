"""Why a read shows what it shows: which rule grants how many rows, and which condition hides the others.

It tells of rows that its caller may not see, so it is for development alone; whoever lets it be asked sees to that. It
asks the policy as data, and counts; it never decides anything.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import And, Condition, Field, both
from mainstay.core.operation import Embed, Ending, Operation, Read
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem, Refusal
from mainstay.core.rule import Action, Rule
from mainstay.pipeline import Pipeline, bind_value
from mainstay.plan.resolve import resolve_select
from mainstay.plan.view import View
from mainstay.policy.defer import Deferred
from mainstay.policy.spell import claims_of, spell
from mainstay.sql.tally import tally


class Hiding(msgspec.Struct, frozen=True):
    """A condition of a rule, and how many of the rows asked for it does not hold for."""

    condition: str
    hides: int


class Granting(msgspec.Struct, frozen=True):
    """A rule: `grants` of the rows asked for. `missing` are claims that it names and the caller does not have."""

    columns: list[str]
    grants: int
    conditions: list[Hiding]
    missing: list[str]


class Why(msgspec.Struct, frozen=True):
    """`matching` rows fit the request's filters; `shown` are what the caller has of them, before any page.

    `problem` is what the caller is answered instead, and `needs` the rule that would have to be there.
    """

    table: str
    role: str
    matching: int | None = None
    shown: int | None = None
    rules: list[Granting] = []
    problem: str | None = None
    needs: str | None = None


async def why(pipeline: Pipeline, operation: Operation, principal: Principal) -> Why:
    """Raises MS487 for what is no read, MS488 where the database decides, and what is wrong with the request itself."""
    read = operation.shape
    if not isinstance(read, Read):
        raise Problem("MS487", "Only of a read of a table can be told why", where="method")
    if pipeline.policy.defers:
        raise Problem("MS488", "Here the database decides, and it does not tell why", where="Prefer")
    everything = View(pipeline.catalog, Deferred(pipeline.catalog), principal.role, pipeline.limits)
    table = everything.table(read.table)
    asked = resolve_select(everything, table, read.select, read.where, read.order).where
    rules = pipeline.policy.rules(principal.role, Action.READ, table.key)
    shown, problem = _shown(pipeline, read, principal.role)
    parts = [part for rule in rules for part in (rule.rows, *_parts(rule.rows))]
    wheres = [asked, asked if shown is None else shown, *(both(asked, part) for part in parts)]
    counts = await _count(pipeline, table, wheres, operation, principal)
    matching = counts[0]
    return Why(
        table=str(table.key),
        role=principal.role,
        matching=matching,
        shown=None if shown is None else counts[1],
        rules=list(_granting(table, rules, counts, principal)),
        problem=None if problem is None else f"{problem.code}: {problem.message}",
        needs=None if problem is None else _needs(pipeline, table, read, principal.role),
    )


def _shown(pipeline: Pipeline, read: Read, role: str) -> tuple[Condition | None, Problem | None]:
    """What holds of the rows that the role has, or why it has none of them."""
    view = View(pipeline.catalog, pipeline.policy, role, pipeline.limits)
    try:
        return resolve_select(view, view.table(read.table), read.select, read.where, read.order).where, None
    except Problem as problem:
        return None, problem


def _parts(rows: Condition) -> Sequence[Condition]:
    return rows.of if isinstance(rows, And) else (rows,)


async def _count(
    pipeline: Pipeline, table: Table, wheres: Sequence[Condition], operation: Operation, principal: Principal
) -> list[int]:
    statement = tally(table, wheres, pipeline.catalog)
    binds = [bind_value(bind, operation.values, principal) for bind in statement.binds]
    try:
        result = await pipeline.store.execute(statement, binds, Ending.COMMIT)
    except Refusal as refusal:
        raise Problem(refusal.code, refusal.message) from None
    return msgspec.json.decode(result.body or b"[]", type=list[int])


def _granting(table: Table, rules: Sequence[Rule], counts: Sequence[int], principal: Principal) -> Iterator[Granting]:
    """The rules with their counts, which come in the order of `why`."""
    matching, place = counts[0], 2
    for rule in rules:
        parts = _parts(rule.rows)
        hides = [matching - count for count in counts[place + 1 : place + 1 + len(parts)]]
        yield Granting(
            columns=[name for name in table.columns if name in rule.columns],
            grants=counts[place],
            conditions=[Hiding(spell(part, table), number) for part, number in zip(parts, hides, strict=True)],
            missing=[".".join(path) for path in claims_of(rule.rows) if principal.claim(path) is None],
        )
        place += 1 + len(parts)


def _needs(pipeline: Pipeline, table: Table, read: Read, role: str) -> str:
    """The rule without which the request is refused."""
    reading = pipeline.policy.reading(role, table.key)
    known = set() if reading is None else set(reading.masks)
    named = [name for name in dict.fromkeys(_columns(read)) if name in table.columns and name not in known]
    return f"app.role({role!r}).may('read', {str(table.key)!r}, columns={named or '*'!r})"


def _columns(node: Any) -> Iterator[str]:
    """The columns that a request names of its own table."""
    if isinstance(node, Field):
        yield node.column
    elif isinstance(node, tuple):
        for part in node:
            yield from _columns(part)
    elif isinstance(node, msgspec.Struct) and not isinstance(node, Embed):
        for name in node.__struct_fields__:
            yield from _columns(getattr(node, name))
