"""Writes as SQL: one statement each. The rows written are a CTE, and the answer reads from it.

`WITH written AS (INSERT … RETURNING …) SELECT body, rows, violations FROM written`: what the policy's checks find in
the rows written is counted in the same statement, and the store commits only where the count is nought. Where the
answer reads the table again, through what is related to the rows, it reads it with them (`overlay`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import Grouping

from mainstay.core import catalog
from mainstay.core.catalog import Table
from mainstay.core.condition import TRUE, Condition, Operand, Slot
from mainstay.core.operation import Affected, Alteration, Conflict, Constant, How
from mainstay.core.plan import Answer, DeletePlan, InsertPlan, Returned, UpdatePlan
from mainstay.core.statement import Column
from mainstay.sql.binds import Expression, Named, inline, inlined
from mainstay.sql.condition import Conditions, Conflicting, Scope, plain_table
from mainstay.sql.document import Answering, as_json, document, handled, object_of
from mainstay.sql.json import INTEGER, TEXT, Pair, in_json, json_array, json_object
from mainstay.sql.overlay import Layer, Overlay, reads_again
from mainstay.sql.read import names_of, rows
from mainstay.sql.represent import received, sent_type
from mainstay.sql.returning import returning

# The payload's whole object, beside its members: a name that no column is likely to have.
WHOLE = "whole object"


class Outside(sa.ColumnElement[Any]):
    """A condition written as it is outside of ON CONFLICT, where SQLAlchemy leaves out the schemas of all tables.

    Those of an EXISTS would then be looked for on the search path.
    """

    inherit_cache = False

    def __init__(self, of: Expression) -> None:
        self.of = of
        self.type = of.type


@compiles(Outside)
def _written_outside(element: Outside, compiler: Any, *, use_schema: bool = True, **options: Any) -> str:
    return str(compiler.process(element.of, **options))


def insert_answer(conditions: Overlay, plan: InsertPlan) -> Answering:
    """New rows from the payload; where it conflicts, merged into or left to the row there."""
    target = plain_table(plan.table)
    scope = Scope(plan.table, target)
    payload = payload_of(conditions, plan)
    source = _payload_rows(conditions, plan, scope, payload).cte("payload")
    names = [column.name for column in source.c]
    insert = insert_into(target).from_select(names, sa.select(*source.c), include_defaults=False)
    insert = on_conflict(conditions, plan, insert, scope)
    again = reads_again(conditions.catalog, plan.answer.selects, plan.table.key)
    columns = returning(target, plan.table, plan.answer, [plan.check], whole=again)
    written = insert.returning(*columns).cte("written")
    violations = violations_of(conditions, plan.table, written, plan.check)
    if plan.conflict is Conflict.MERGE and plan.update_where != TRUE and not plan.lenient:
        kept_out = count_of(source) - count_of(written)
        violations = kept_out if violations is None else violations + kept_out
    inserted = None
    if plan.conflict is Conflict.MERGE:
        inserted = count_of(written) - already_there(conditions, plan, source)
    if again:
        conditions.add(plan.table.key, Layer(written, plan.target if plan.conflict is Conflict.MERGE else (), own=True))
    answer = answer_of(conditions, written, plan.answer, plan.table)
    return answer.adding(Column.INSERTED, inserted).adding(Column.VIOLATIONS, violations)


def update_answer(conditions: Overlay, plan: UpdatePlan) -> Answering:
    """The payload's columns into the rows that the filter and one of the policy's choices select."""
    if not plan.columns and not plan.presets and not plan.alterations:
        return answer_of(conditions, _no_rows(plan), plan.answer, plan.table)
    given = {}
    if plan.columns:
        payload = payload_of(conditions, plan)
        given = {name: or_default(plan, payload, name) for name in plan.columns}
    checks = [check for _, check in plan.choices]
    again = _keeps_key(plan) and reads_again(conditions.catalog, plan.answer.selects, plan.table.key)
    columns = returning(plain_table(plan.table), plan.table, plan.answer, checks, whole=again)
    written, violations = update_rows(conditions, plan, given, columns=columns)
    if again:
        conditions.add(plan.table.key, Layer(written, plan.table.primary_key, own=True))
    return answer_of(conditions, written, plan.answer, plan.table).adding(Column.VIOLATIONS, violations)


def _keeps_key(plan: UpdatePlan) -> bool:
    """Whether the rows written are known among those that were there."""
    changed = {*plan.columns, *(name for name, _ in plan.presets), *(each.column for each in plan.alterations)}
    return bool(plan.table.primary_key) and changed.isdisjoint(plan.table.primary_key)


def update_rows(
    conditions: Conditions,
    plan: UpdatePlan,
    given: Mapping[str, Any],
    same: Sequence[str] = (),
    *,
    columns: Sequence[Any] | None = None,
) -> tuple[sa.CTE, Expression | None]:
    """The rows written, and how many of them break the policy.

    `given` are the values of the payload's columns; of those in `same`, only rows that have them already are written.
    `columns` of them are returned; None: all.
    """
    target = plain_table(plan.table)
    back: list[Any] = list(target.c) if columns is None else list(columns)
    scope = Scope(plan.table, target)
    altered = {each.column: altered_by(conditions, plan.table, target, each) for each in plan.alterations}
    values = {**given, **altered, **presets_of(conditions, scope, plan.presets)}
    update = filtered(conditions, scope, sa.update(target).values(values), plan.where)
    update = update.where(*(target.c[name] == given[name] for name in same))
    if len(plan.choices) > 1:
        return _update_by_choice(conditions, plan, update, target, back)
    ((where_chosen, check),) = plan.choices
    update = filtered(conditions, scope, update, where_chosen)
    written = update.returning(*back).cte("written")
    return written, violations_of(conditions, plan.table, written, check)


def altered_by(conditions: Conditions, table: Table, target: sa.TableClause, alteration: Alteration) -> Expression:
    """The column's new value: https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-JSONB-OP-TABLE"""
    column, sent = target.c[alteration.column], conditions.binds.text(alteration.value)
    own = Named(table.columns[alteration.column].type.name)
    match alteration.how:
        case How.ADD:
            return column.op("+")(sa.cast(sent, own))
        case How.APPEND:
            return column.op("||")(sa.cast(sent, own))
        case How.PREPEND:
            return sa.cast(sent, own).op("||")(column)
        case How.DELETE_KEY:
            return column.op("-")(sa.cast(sent, Named("text")))
        case How.DELETE_ELEMENT:
            return column.op("-")(sa.cast(sent, Named("integer")))
        case How.DELETE_PATH:
            return column.op("#-")(sa.cast(sent, Named("text[]")))


def delete_answer(conditions: Overlay, plan: DeletePlan) -> Answering:
    target = plain_table(plan.table)
    key = plan.table.primary_key
    where = conditions.condition(Scope(plan.table, target), plan.where)
    again = bool(key) and reads_again(conditions.catalog, plan.answer.selects, plan.table.key)
    columns = returning(target, plan.table, plan.answer, whole=again)
    written = sa.delete(target).where(where).returning(*columns).cte("written")
    if again:
        conditions.add(plan.table.key, Layer(written, key, gone=True, own=True))
    return answer_of(conditions, written, plan.answer, plan.table)


def filtered(conditions: Conditions, scope: Scope, update: sa.Update, where: Condition) -> sa.Update:
    return update if where == TRUE else update.where(conditions.condition(scope, where))


def _update_by_choice(
    conditions: Conditions, plan: UpdatePlan, update: sa.Update, target: sa.TableClause, columns: Iterable[Any]
) -> tuple[sa.CTE, Expression]:
    """Each row must satisfy the check of a rule that let it be written, so which rules did is kept beside the row."""
    old = conditions.scope(plan.table.key)
    key = plan.table.primary_key
    allowed = [conditions.condition(old, where) for where, _ in plan.choices]
    flags = [condition.label(f"choice{index}") for index, condition in enumerate(allowed)]
    candidates = (
        sa.select(*(old.source.c[name] for name in key), *flags)
        .where(conditions.condition(old, plan.where), sa.or_(*allowed))
        .with_for_update(of=old.source)
        .cte("candidate")
    )
    matched = sa.and_(*(target.c[name] == candidates.c[name] for name in key))
    chosen = [candidates.c[f"choice{index}"] for index in range(len(flags))]
    written = update.where(matched).returning(*columns, *chosen).cte("written")
    scope = Scope(plan.table, written)
    held = [
        sa.and_(written.c[f"choice{index}"], conditions.condition(scope, check))
        for index, (_, check) in enumerate(plan.choices)
    ]
    return written, count_of(written, broken(sa.or_(*held)))


def payload_of(conditions: Conditions, plan: InsertPlan | UpdatePlan) -> sa.FromClause:
    """The payload's rows, as the table would have them."""
    return received(plan.table, _payload_as_sent(conditions, plan))


def _payload_as_sent(conditions: Conditions, plan: InsertPlan | UpdatePlan) -> sa.FromClause:
    """The payload's rows, typed as the table's columns: https://www.postgresql.org/docs/current/functions-json.html"""
    body = sa.cast(conditions.binds.text(Slot(plan.payload)), Named("json"))
    single = isinstance(plan, UpdatePlan) or plan.single
    typed = [sa.column(name, Named(sent_type(plan.table.columns[name]))) for name in plan.columns]
    if typed and not plan.defaults:
        function: Any = sa.func.json_to_record if single else sa.func.json_to_recordset
        derived: sa.FromClause = function(body).table_valued(*typed).render_derived("body", with_types=True)
        return derived
    array = sa.func.json_build_array(body) if single else body
    whole = sa.func.json_array_elements(array).table_valued(sa.column("value", Named("json")))
    element = whole.render_derived("element")
    if not typed:
        return element
    record = sa.func.json_to_record(element.c.value).table_valued(*typed).render_derived("record", with_types=True)
    rows_of = sa.select(element.c.value.label(WHOLE), *record.c).select_from(element.join(record, sa.true()))
    return rows_of.subquery("body")


def or_default(plan: InsertPlan | UpdatePlan, payload: sa.FromClause, name: str) -> Expression:
    """With `missing=default`, a key that the object lacks takes what the database fills in."""
    if not plan.defaults:
        return payload.c[name]
    has_key = sa.cast(payload.c[WHOLE], Named("jsonb")).op("?")(inline(name))
    return sa.case((has_key, payload.c[name]), else_=default_of(plan.table.columns[name]))


def default_of(column: catalog.Column) -> Expression:
    return sa.null() if column.default is None else inlined(column.default)


def _spelt_out(column: catalog.Column) -> Expression:
    """The column's default. NULL by itself is text to INSERT … SELECT, which would not fit."""
    return sa.cast(sa.null(), Named(column.type.name)) if column.default is None else default_of(column)


def _payload_rows(conditions: Conditions, plan: InsertPlan, scope: Scope, payload: sa.FromClause) -> sa.Select[Any]:
    columns: list[Any] = [or_default(plan, payload, name).label(name) for name in plan.columns]
    columns += [value.label(name) for name, value in presets_of(conditions, scope, plan.presets).items()]
    if not columns:  # rows of defaults; an INSERT … SELECT has to name a column, so one of them is spelt out
        free = next((column for column in plan.table.columns.values() if not column.generated), None)
        columns = [_spelt_out(free).label(free.name)] if free else []
    rows_of = sa.select(*columns).select_from(payload)
    if plan.payload_where == TRUE:
        return rows_of
    if plan.presets:  # which may be what the condition is about
        preset = rows_of.subquery("preset")
        payload, rows_of = preset, sa.select(*preset.c)
    return rows_of.where(conditions.condition(Scope(plan.table, payload), plan.payload_where))


def presets_of(conditions: Conditions, scope: Scope, presets: Sequence[tuple[str, Operand]]) -> dict[str, Expression]:
    return {name: conditions.operand(scope, operand, scope.table.columns[name].type.name) for name, operand in presets}


def on_conflict(conditions: Conditions, plan: InsertPlan, insert: Any, scope: Scope) -> Any:
    match plan.conflict:
        case None:
            return insert
        case Conflict.IGNORE:
            return insert.on_conflict_do_nothing(index_elements=list(plan.target) or None)
        case Conflict.MERGE:
            changes: dict[str, Any] = {name: insert.excluded[name] for name in plan.update or plan.target}
            changes |= presets_of(conditions, scope, plan.update_presets)
            where = None if plan.update_where == TRUE else _of_row_there(conditions, plan, scope)
            return insert.on_conflict_do_update(index_elements=list(plan.target), set_=changes, where=where)


def _of_row_there(conditions: Conditions, plan: InsertPlan, scope: Scope) -> Expression:
    there = Conflicting(plan.table, scope.source)
    there.dialect = conditions.dialect
    return Outside(conditions.condition(there, plan.update_where))


def already_there(conditions: Conditions, plan: InsertPlan, source: sa.CTE) -> Expression:
    """How many rows of the payload were in the table before: what a merge did not insert.

    All parts of a statement see the table as it was before it; `xmax`, the usual trick, is not there for a partitioned
    table or a view.
    """
    if not set(plan.target) <= {column.name for column in source.c}:
        return sa.literal_column("0")  # the key is generated, so nothing conflicts
    before = conditions.scope(plan.table.key)
    same = sa.and_(*(before.column(name) == source.c[name] for name in plan.target))
    return count_of(source, sa.exists(sa.select(sa.literal_column("1")).select_from(before.source).where(same)))


def violations_of(conditions: Conditions, table: Table, written: sa.FromClause, check: Condition) -> Expression | None:
    if check == TRUE:
        return None
    return count_of(written, broken(conditions.condition(Scope(table, written), check)))


def broken(check: Expression) -> Expression:
    """False and unknown alike. In parentheses, which SQLAlchemy forgets around NOT: it binds less tightly than IS."""
    return Grouping(check).is_not(sa.true())


def count_of(source: sa.FromClause, where: Expression | None = None) -> Expression:
    count = sa.select(sa.func.count()).select_from(source)
    return (count if where is None else count.where(where)).scalar_subquery()


def _no_rows(plan: UpdatePlan) -> sa.CTE:
    target = plain_table(plan.table)
    return sa.select(*returning(target, plan.table, plan.answer)).where(sa.false()).cte("written")


def answer_of(
    conditions: Conditions, written: sa.CTE, answer: Answer, table: Table, affected: Expression | None = None
) -> Answering:
    """`affected`: how many rows were written, where there are others than those in `written`."""
    if answer.summary is not None:
        pairs = [_summed(conditions, written, member, affected) for member in answer.summary]
        summary: Any = sa.select(
            sa.literal_column("1").label(Column.ROWS.value), json_object(pairs).label(Column.BODY.value)
        )
        answering = _all_rows(Answering(summary, (Column.ROWS, Column.BODY)), written)
    elif answer.select is None:
        count = sa.select(sa.func.count().label(Column.ROWS.value)).select_from(written)
        answering = Answering(count, (Column.ROWS,))
    else:
        page = rows(conditions, answer.select, written)
        if answer.handling is not None:
            answering = handled(page, answer.handling)
        else:
            answering = document(page, answer.format, strip_nulls=answer.strip_nulls, names=names_of(answer.select))
        answering = _all_rows(answering, written)
    return answering.adding(Column.KEY, _key(written, answer.key, table))


def _summed(
    conditions: Conditions,
    written: sa.CTE,
    member: Returned | Constant | Affected,
    affected: Expression | None,
) -> Pair:
    match member:
        case Affected(name):
            return name, in_json(count_of(written) if affected is None else affected, INTEGER)
        case Constant(name, value):
            return name, in_json(inline(value), TEXT)
        case Returned(name, select):
            rows_of = rows(conditions, select, written).subquery(conditions.alias())
            listed: Any = json_array(object_of(rows_of, names_of(select)))
            return name, sa.select(listed).select_from(rows_of).scalar_subquery()


def _all_rows(answering: Answering, written: sa.CTE) -> Answering:
    """A write counts what it wrote, though the role may not read all of it."""
    return answering.adding(Column.AFFECTED, count_of(written))


def _key(written: sa.CTE, key: Sequence[str], table: Table) -> Expression | None:
    if not key:
        return None
    columns = [in_json(written.c[name], table.columns[name].type).label(name) for name in key]
    first = sa.select(*columns).limit(sa.literal_column("1")).subquery("key")
    return sa.select(as_json(object_of(first, key))).select_from(first).scalar_subquery()
