"""Writes in a dialect that has no statement in a statement: a short script of them, in one transaction.

What a step gives, such as the row numbers of what was written, later ones read as a JSON array. The answer is read
from the table once the rows are there, so that all that reads it sees them.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as insert_into
from sqlalchemy.sql.functions import FunctionElement

from mainstay.core.catalog import Catalog, Kind, Table
from mainstay.core.catalog import Column as TableColumn
from mainstay.core.condition import TRUE, Slot
from mainstay.core.operation import Alteration, Conflict, How
from mainstay.core.plan import DeletePlan, InsertPlan, UpdatePlan
from mainstay.core.statement import Column, Member, Mode, Statement, Step
from mainstay.sql.binds import Expression, Typed, render
from mainstay.sql.condition import Conditions, Scope, plain_table
from mainstay.sql.dialect import Dialect
from mainstay.sql.document import Answering
from mainstay.sql.write import (
    answer_of,
    broken,
    count_of,
    default_of,
    filtered,
    on_conflict,
    presets_of,
    violations_of,
)

WRITTEN = "written"
SENT = "sent"
KNOWN = "known"
ROW_NUMBERS = ("rowid", "_rowid_", "oid")
"""SQLite's names for a row's number, of which a column may have taken some: https://www.sqlite.org/rowidtable.html"""


class Script:
    """The steps of one write, as they are made."""

    def __init__(self, catalog: Catalog, dialect: Dialect, table: Table) -> None:
        self.dialect = dialect
        self.binds = Typed(dialect)
        self.conditions = Conditions(catalog, self.binds)
        self.table = table
        self.before: list[Step] = []
        self.after: list[Step] = []
        names = [name for name in ROW_NUMBERS if name not in table.columns]
        if not names:
            raise dialect.lacking(f"numbers of the rows of {table.name}")
        self.number = names[0]
        self.target = plain_table(table, self.number, dialect=dialect)

    @property
    def scope(self) -> Scope:
        return Scope(self.table, self.target)

    def step(self, statement: sa.ClauseElement, gives: str | None = None, *, after: bool = False) -> None:
        text, _ = render(statement, self.dialect)
        (self.after if after else self.before).append(Step(text, gives))

    def given(self, name: str) -> sa.Select[Any]:
        """What a step gave, as rows of one value."""
        items: Any = sa.func.json_each(sa.bindparam(name, required=False)).table_valued("value")
        return sa.select(items.c.value)

    def is_given(self, name: str, row: sa.FromClause) -> Expression:
        return row.c[self.number].in_(self.given(name))

    def written(self) -> sa.CTE:
        """The rows written, as they are now."""
        rows = self.target.alias("w")
        return sa.select(*rows.c).where(self.is_given(WRITTEN, rows)).cte(WRITTEN)

    def count(self, name: str) -> Expression:
        return count_of(self.given(name).subquery(name))

    def statement(self, plan: InsertPlan | UpdatePlan | DeletePlan, answering: Answering) -> Statement:
        text, names = render(answering.select, self.dialect)
        return Statement(
            text=text,
            binds=self.binds.in_order(names),
            columns=answering.columns,
            mode=Mode.WRITE,
            single=plan.guard.single,
            guard=plan.guard,
            dialect=self.dialect.name,
            before=tuple(self.before),
            after=tuple(self.after),
        )


def write_script(plan: InsertPlan | UpdatePlan | DeletePlan, catalog: Catalog, dialect: Dialect) -> Statement:
    """Raises Problem for what the dialect has no words for."""
    if plan.answer.handling is not None:
        raise dialect.lacking("media types of its own")
    script = Script(catalog, dialect, plan.table)
    match plan:
        case InsertPlan():
            answering = _insert(script, plan)
        case UpdatePlan():
            answering = _update(script, plan)
        case DeletePlan():
            answering = _delete(script, plan)
    return script.statement(plan, answering)


def _insert(script: Script, plan: InsertPlan) -> Answering:
    conditions = script.conditions
    source = _payload_rows(script, plan).cte("payload")
    if plan.conflict is Conflict.MERGE:
        _note_conflicts(script, plan, source)
    names = [column.name for column in source.c]
    rows = sa.select(*source.c).where(sa.true())  # or SQLite would take ON CONFLICT for a join's ON
    insert = insert_into(script.target).from_select(names, rows, include_defaults=False)
    insert = on_conflict(conditions, plan, insert, script.scope)
    script.step(insert.returning(script.target.c[script.number]), WRITTEN)
    written = script.written()
    violations = violations_of(conditions, plan.table, written, plan.check)
    if plan.conflict is Conflict.MERGE and plan.update_where != TRUE and not plan.lenient:
        kept_out = script.count(SENT) - count_of(written)
        violations = kept_out if violations is None else violations + kept_out
    answering = answer_of(conditions, written, plan.answer, plan.table)
    if plan.conflict is Conflict.MERGE:
        answering = answering.adding(Column.INSERTED, count_of(written) - script.count(KNOWN))
    return answering.adding(Column.VIOLATIONS, violations)


def _note_conflicts(script: Script, plan: InsertPlan, source: sa.CTE) -> None:
    """How many rows are sent, and which of them are there already: afterwards nobody could tell."""
    one: Expression = sa.literal_column("1")
    script.step(sa.select(one).select_from(source), SENT)
    if not set(plan.target) <= {column.name for column in source.c}:
        script.step(sa.select(one).where(sa.false()), KNOWN)  # the key is generated, so nothing conflicts
        return
    there = script.conditions.scope(plan.table.key)
    same = sa.and_(*(there.column(name) == source.c[name] for name in plan.target))
    found = sa.exists(sa.select(one).select_from(there.source).where(same))
    script.step(sa.select(one).select_from(source).where(found), KNOWN)


def _update(script: Script, plan: UpdatePlan) -> Answering:
    conditions, target = script.conditions, script.target
    row = _payload(script, plan).op("->")(sa.literal_column("0"))
    values: dict[str, Any] = {name: _sent(plan, row, name) for name in plan.columns}
    values |= {each.column: _altered(script, each) for each in plan.alterations}
    values |= presets_of(conditions, script.scope, plan.presets)
    if not values:
        script.step(sa.select(target.c[script.number]).where(sa.false()), WRITTEN)
        return answer_of(conditions, script.written(), plan.answer, plan.table)
    update = sa.update(target).values(values)
    if len(plan.choices) == 1:
        ((chosen, check),) = plan.choices
        update = filtered(conditions, script.scope, update, plan.where)
        update = filtered(conditions, script.scope, update, chosen)
        script.step(update.returning(target.c[script.number]), WRITTEN)
        written = script.written()
        violations = violations_of(conditions, plan.table, written, check)
    else:
        written, violations = _by_choice(script, plan, update, values)
    return answer_of(conditions, written, plan.answer, plan.table).adding(Column.VIOLATIONS, violations)


def _by_choice(
    script: Script, plan: UpdatePlan, update: sa.Update, values: dict[str, Any]
) -> tuple[sa.CTE, Expression | None]:
    """Each row must satisfy the check of a rule that let it be written, so which rules did is noted beforehand."""
    conditions, target = script.conditions, script.target
    if not values.keys().isdisjoint(plan.table.primary_key):
        raise script.dialect.lacking("changes of a key under several rules")
    names = [f"chosen{number}" for number in range(len(plan.choices))]
    for name, (where, _) in zip(names, plan.choices, strict=True):
        rows = sa.select(target.c[script.number])
        parts = [conditions.condition(script.scope, part) for part in (plan.where, where) if part != TRUE]
        script.step(rows.where(*parts) if parts else rows, name)
    update = update.where(sa.or_(*(script.is_given(name, target) for name in names)))
    script.step(update.returning(target.c[script.number]), WRITTEN)
    written = script.written()
    scope = Scope(plan.table, written)
    held = [
        sa.and_(script.is_given(name, written), conditions.condition(scope, check))
        for name, (_, check) in zip(names, plan.choices, strict=True)
    ]
    return written, count_of(written, broken(sa.or_(*held)))


def _delete(script: Script, plan: DeletePlan) -> Answering:
    """The rows are told of first, and then deleted."""
    rows = sa.select(script.target.c[script.number])
    if plan.where != TRUE:
        rows = rows.where(script.conditions.condition(script.scope, plan.where))
    script.step(rows, WRITTEN)
    script.step(sa.delete(script.target).where(script.is_given(WRITTEN, script.target)), after=True)
    return answer_of(script.conditions, script.written(), plan.answer, plan.table)


# The payload, of which the store makes an array with an array of values for each object, and of what it has.


def _payload(script: Script, plan: InsertPlan | UpdatePlan) -> Expression:
    columns = plan.table.columns
    record = tuple(Member(name, columns[name].type.kind, columns[name].type.declared) for name in plan.columns)
    for member in record:
        if member.kind not in (*script.dialect.kinds, Kind.JSON) or member.kind is Kind.BINARY:
            raise script.dialect.lacking(f"writing {plan.table.name}.{member.name}: {member.kind.value}")
    return script.binds.record(Slot(plan.payload), record)


def _payload_rows(script: Script, plan: InsertPlan) -> sa.Select[Any]:
    element: Any = sa.func.json_each(_payload(script, plan)).table_valued("value").alias("element")
    columns: list[Any] = []
    columns += [_sent(plan, element.c.value, name).label(name) for name in plan.columns]
    presets = presets_of(script.conditions, script.scope, plan.presets)
    columns += [value.label(name) for name, value in presets.items()]
    if not columns:  # rows of defaults; an INSERT … SELECT has to name a column
        key = next((name for name in plan.table.primary_key), None)
        if key is None or plan.table.columns[key].type.kind is not Kind.INTEGER:
            raise script.dialect.lacking("rows of defaults")
        columns = [sa.null().label(key)]  # which is numbered
    rows = sa.select(*columns).select_from(element)
    if plan.payload_where == TRUE:
        return rows
    sent = rows.subquery("preset")
    where = script.conditions.condition(Scope(plan.table, sent), plan.payload_where)
    return sa.select(*sent.c).where(where)


def _sent(plan: InsertPlan | UpdatePlan, row: Expression, name: str) -> Expression:
    """What an object has for the column."""
    number = plan.columns.index(name)
    value = _place(row, "values", number)
    if not plan.defaults:
        return value
    has_key = _place(row, "has", number)
    return sa.case((has_key == sa.literal_column("1"), value), else_=_default(plan.table.columns[name]))


def _place(row: Expression, what: str, number: int) -> Expression:
    place: Expression = sa.literal_column("0" if what == "values" else "1")
    return row.op("->")(place).op("->>")(sa.literal_column(str(number)))


def _default(column: TableColumn) -> Expression:
    """What is filled in where an object has no value; a key that SQLite numbers is NULL for now."""
    if isinstance(column.default, FunctionElement) and column.default.name == "nextval":
        return sa.null()
    return default_of(column)


def _altered(script: Script, alteration: Alteration) -> Expression:
    if alteration.how is not How.ADD:
        raise script.dialect.lacking(f"changes within JSON ({alteration.how.value})")
    column = script.target.c[alteration.column]
    kind = script.table.columns[alteration.column].type
    return column + script.binds.value(alteration.value, kind.name)
