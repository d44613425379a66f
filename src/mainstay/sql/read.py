"""Reads as SQL: rows of one table as objects, related rows inside them, and the finished document around them.

Related rows are scalar subqueries in the select list, which PostgreSQL evaluates for the rows of the page alone;
only spread ones are joined (LATERAL), because they give several columns.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.sql.elements import Grouping

from mainstay.core.catalog import ColumnType
from mainstay.core.condition import TRUE, Aggregate, Aggregation, Condition, Field, Slot
from mainstay.core.kinds import kind_of
from mainstay.core.operation import Bound, Constant, Count, Cursor, Flag, More, Nulls, Tally
from mainstay.core.plan import Edged, Held, Listed, Nested, Output, ReadPlan, Select, Sort, Summed
from mainstay.core.statement import Column
from mainstay.sql.aggregate import aggregate_type, aggregated, tallied
from mainstay.sql.binds import Expression, Named, inline
from mainstay.sql.condition import Conditions, Scope
from mainstay.sql.document import KEYSET, Answering, as_json, document, handled, label_of, object_of
from mainstay.sql.json import BOOLEAN, INTEGER, JSON, TEXT, Pair, in_json, json_array, json_object
from mainstay.sql.represent import shown

NUMBER = "number"
"""The label of a row's place in a summary; what it takes of the rows is labelled s0, s1, …"""


def read_answer(conditions: Conditions, plan: ReadPlan, total_max: int) -> Answering:
    """The body, how many rows it holds, and how many there are in all."""
    if plan.select.summary is not None:
        return Answering(conditions.checked(summary_answer(conditions, plan.select)), (Column.ROWS, Column.BODY))
    page = rows(conditions, plan.select)
    if plan.handling is not None:
        answer = handled(page, plan.handling)
    else:
        full = (0 if plan.select.resumable else plan.select.limit) if plan.select.keyed else None
        answer = document(
            page, plan.format, strip_nulls=plan.strip_nulls, keyed=full, names=names_of(plan.select), layout=plan.layout
        )
    answer = answer.adding(Column.TOTAL, _total(conditions, plan, total_max))
    return Answering(conditions.checked(answer.select), answer.columns)


def rows(conditions: Conditions, select: Select, source: sa.FromClause | None = None) -> sa.Select[Any]:
    """The rows as a SELECT; `source` stands in for the table where a write's rows are read."""
    scope = conditions.scope(select.table.key) if source is None else Scope(select.table, source)
    return _rows(conditions, select, _Rows(conditions, scope, scope.source, grouped=select.grouped), None)


def _rows(conditions: Conditions, select: Select, builder: "_Rows", tie: Expression | None) -> sa.Select[Any]:
    scope = builder.scope
    for output in select.outputs:
        builder.add(output)
    columns = [*builder.columns, builder.keyset(select.order).label(KEYSET)] if select.keyed else builder.columns
    if not columns and (select.distinct or not conditions.dialect.bare_rows):  # DISTINCT ON wants something to select
        columns = [sa.literal_column("1").label("row")]
    statement = sa.select(*columns).select_from(builder.source)
    seen = conditions.seen if tie is None else conditions.condition
    where = None if select.where == TRUE else seen(scope, select.where)
    wheres = (tie, where, _where(conditions, scope, select.after))
    conditions_of = [part for part in wheres if part is not None]
    if conditions_of:
        statement = statement.where(*conditions_of)
    if builder.grouped:
        statement = statement.group_by(*builder.plain)
        if select.having != TRUE:
            statement = statement.having(conditions.condition(scope, select.having))
    if select.distinct:
        if not conditions.dialect.distinct_on:
            raise conditions.dialect.lacking("the first of rows that are alike")
        statement = statement.ext(distinct_on(*(builder.field(field) for field in select.distinct)))
    statement = statement.order_by(*(builder.sort_key(sort) for sort in select.order))
    return _limited(conditions, statement, select)


def _where(conditions: Conditions, scope: Scope, where: Condition) -> Expression | None:
    return None if where == TRUE else conditions.condition(scope, where)


def _limited(conditions: Conditions, statement: sa.Select[Any], select: Select) -> sa.Select[Any]:
    if select.limit is not None:
        statement = statement.limit(sa.literal_column(str(int(select.limit))))
    if select.offset is not None:
        offset = conditions.binds.value(Slot(select.offset), "bigint", constant=True)
        return statement.offset(offset)
    if select.skip:
        return statement.offset(sa.literal_column(str(int(select.skip))))
    return statement


class _Rows:
    """The select list and the FROM clause of one level, as its outputs are added.

    `raw`: this level is spread into one that groups, and leaves its aggregates to that.
    """

    def __init__(
        self, conditions: Conditions, scope: Scope, source: sa.FromClause, *, grouped: bool, raw: bool = False
    ) -> None:
        self.conditions = conditions
        self.scope = scope
        self.source = source
        self.grouped = grouped and not raw
        self.raw = raw
        self.columns: list[sa.Label[Any]] = []
        self.plain: list[Expression] = []
        self.spread: dict[str, sa.FromClause] = {}
        self.fields: dict[Field, Expression] = {}

    def add(self, output: Output | Nested) -> None:
        if isinstance(output, Output) and output.constant is not None:
            self._add(output, inline(output.constant), type_=TEXT)
        elif isinstance(output, Output) and output.tally is not None:
            total = tallied(output.tally, [self.field(field) for field in output.tally.fields])
            self.columns.append(in_json(total, self.tally_type(output.tally)).label(label_of(output.name)))
        elif isinstance(output, Output):
            field = output.field
            value = sa.literal_column("1") if field is None else self.field(field)
            if self.raw and output.where != TRUE:  # no aggregate counts a NULL
                value = sa.case((self.conditions.condition(self.scope, output.where), value), else_=sa.null())
            represented = None if field is None or self.raw else shown(self.scope.table, field, value)
            type_ = INTEGER if field is None else self._type(field)
            self._add(output, value, represented, star=field is None, type_=type_)
        elif output.spread:
            self._add_spread(output)
        else:
            value = nested_json(self.conditions, self.scope, output)
            # json has no equality to group by; jsonb has.
            grouped = sa.cast(value, Named("jsonb")) if self.grouped else value
            self._add(Output(output.name, None), grouped, type_=JSON)

    def _type(self, field: Field) -> ColumnType:
        """What the field's value is of."""
        if field.cast is not None:
            return ColumnType(kind_of(field.cast), field.cast)
        if field.path:
            return TEXT if field.path[-1].text else JSON
        return self.scope.around(field.outer).table.columns[field.column].type

    def tally_type(self, tally: Tally) -> ColumnType:
        of = self._type(tally.fields[0]) if tally.fields else INTEGER
        return _type_of_aggregate(tally.aggregate, of)

    def _add(
        self,
        output: Output,
        value: Expression,
        represented: Expression | None = None,
        *,
        star: bool = False,
        type_: ColumnType | None = None,
    ) -> None:
        """`star`: an aggregate over rows rather than over a value. Rows are grouped by values, not by how they show.

        `type_` is the value's; None: it is JSON.
        """
        if output.aggregate is not None and not self.raw:
            value = self._aggregated(output, None if star else value)
            type_ = None if type_ is None else _type_of_aggregate(output.aggregate, type_)
        else:
            self.plain.append(value)
            value = value if represented is None else represented
        self.columns.append(in_json(value, type_).label(label_of(output.name)))

    def _add_spread(self, nested: Nested) -> None:
        """To-one: the target's members beside ours. To-many: each member an array, all in the same order."""
        to_one = nested.relation.to_one
        inner = _related_rows(self.conditions, self.scope, nested, raw=to_one)
        if to_one:
            joined = inner.lateral(self.conditions.alias())
            members = _members(nested.select)
        else:
            many = inner.subquery(self.conditions.alias())
            arrays = [
                sa.func.coalesce(sa.func.json_agg(column), sa.literal_column("'[]'")).label(name)
                for name, column in many.c.items()
            ]
            joined = sa.select(*arrays).select_from(many).lateral(self.conditions.alias())
            members = [Output(member.name, None) for member in _members(nested.select)]
        self.source = self.source.outerjoin(joined, sa.true())
        self.spread[nested.name] = joined
        for member in members:
            self._add(msgspec.structs.replace(member, where=TRUE), joined.c[label_of(member.name)])

    def _aggregated(self, output: Output, expression: Expression | None) -> Expression:
        value = aggregated(output.aggregate or Aggregate.COUNT, expression)
        if output.where != TRUE:
            value = sa.funcfilter(value, self.conditions.condition(self.scope, output.where))
        return sa.cast(value, Named(output.cast)) if output.cast else value

    def field(self, field: Field) -> Expression:
        """The same expression each time: PostgreSQL takes two for different whose subqueries have different aliases."""
        if field not in self.fields:
            self.fields[field] = self.conditions.field(self.scope, field)
        return self.fields[field]

    def keyset(self, order: Sequence[Sort]) -> Expression:
        """The row's sort values as text, which the types' own input functions read back."""
        if not self.conditions.dialect.casts:
            raise self.conditions.dialect.lacking("pages by key")
        values: Expression = sa.func.json_build_array(
            *(sa.cast(self._sorted_by(sort), Named("text")) for sort in order)
        )
        return values

    def sort_key(self, sort: Sort) -> Expression:
        key = self._sorted_by(sort)
        directed: Expression = key.desc() if sort.descending else key.asc()
        match sort.nulls:
            case Nulls.FIRST:
                return directed.nulls_first()
            case Nulls.LAST:
                return directed.nulls_last()
            case Nulls.DEFAULT if self.conditions.dialect.nulls_last:
                return directed
            case Nulls.DEFAULT:
                return directed.nulls_first() if sort.descending else directed.nulls_last()

    def _sorted_by(self, sort: Sort) -> Expression:
        """What a spread relation has joined is sorted by as it is, for it may be what the rows are grouped by.

        But a page of it, which may leave the row out, does not say what the row is sorted by.
        """
        if sort.through is None:
            field = sort.field
            return self.field(field) if isinstance(field, Field) else self.conditions.operand(self.scope, field, "text")
        joined = self.spread.get(sort.through.name)
        member = next((each for each in _members(sort.through.select) if each.field == sort.field), None)
        cut = sort.through.select.limit == 0 or sort.through.select.skip > 0
        if joined is not None and member is not None and member.aggregate is None and (self.grouped or not cut):
            return joined.c[label_of(member.name)]
        return _related_key(self.conditions, self.scope, sort.through, sort.field)


def _type_of_aggregate(function: Aggregate, of: ColumnType) -> ColumnType:
    name = aggregate_type(function, of.name, of)
    return of if name == of.name else ColumnType(kind_of(name), name)


def names_of(select: Select) -> list[str]:
    """The members of each row, as the caller has them."""
    return [member.name for member in _members(select)]


def _members(select: Select) -> list[Output]:
    """The members of each row, those of a spread inside it among them; only names and aggregates matter."""
    members: list[Output] = []
    for output in select.outputs:
        if isinstance(output, Output):
            members.append(output)
        elif not output.spread:
            members.append(Output(output.name, None))
        elif output.relation.to_one:
            members += _members(output.select)
        else:
            members += [Output(inner.name, None) for inner in _members(output.select)]
    return members


def nested_json(conditions: Conditions, scope: Scope, nested: Nested) -> Expression:
    """Related rows as one JSON value: an object or null where there is at most one, else an array or its summary."""
    if nested.select.summary is not None:
        target, source, tie = _tied(conditions, scope, nested)
        return _summed(conditions, nested.select, target, source, (scope, tie))
    inner = _related_rows(conditions, scope, nested).subquery(conditions.alias())
    whole = object_of(inner, names_of(nested.select))
    if nested.relation.to_one:
        value: Any = as_json(whole)
    else:
        value = json_array(whole)
    return sa.select(value).select_from(inner).scalar_subquery()


def _related_rows(conditions: Conditions, scope: Scope, nested: Nested, *, raw: bool = False) -> sa.Select[Any]:
    """The target's rows for one source row. `raw`: aggregates are left to the level that spreads them."""
    target, source, tie = _tied(conditions, scope, nested)
    select = nested.select
    if nested.relation.to_one:  # at most one row, even where the data hold several parents of one key
        select = msgspec.structs.replace(select, limit=1 if select.limit is None else min(1, select.limit))
    builder = _Rows(conditions, target, source, grouped=select.grouped, raw=raw)
    return _rows(conditions, select, builder, tie).correlate(scope.source)


def _tied(conditions: Conditions, scope: Scope, nested: Nested) -> tuple[Scope, sa.FromClause, Expression]:
    """The target's scope, what to select from, and what ties its rows to the source's row."""
    target, source, tie = conditions.joined(nested.relation, scope, nested.through, nested.arguments)
    if nested.guard != TRUE:
        tie = sa.and_(conditions.condition(scope, nested.guard), tie)
    return target, source, tie


def summary_answer(conditions: Conditions, select: Select, source: sa.FromClause | None = None) -> sa.Select[Any]:
    """What the rows come to, as one object. It counts as one row. `source` stands in for the table."""
    scope = conditions.scope(select.table.key) if source is None else Scope(select.table, source)
    body = _summed(conditions, select, scope, scope.source, None).label(Column.BODY.value)
    return sa.select(sa.literal_column("1").label(Column.ROWS.value), body)


def _summed(
    conditions: Conditions, select: Select, scope: Scope, source: sa.FromClause, tied: tuple[Scope, Expression] | None
) -> sa.ScalarSelect[Any]:
    """`tied`: the scope around, and what ties the rows to its row."""
    builder = _Rows(conditions, scope, source, grouped=False)
    summing = _Summing(builder, select)
    made = [summing.prepared(member) for member in select.summary or ()]
    page = _rows(conditions, msgspec.structs.replace(select, outputs=()), builder, tied and tied[1])
    if tied is not None:
        page = page.correlate(tied[0].source)
    rows_of = page.subquery(conditions.alias())
    if summing.numbered:  # from outside: inside, rows are numbered before they are sorted
        number = sa.func.row_number().over().label(NUMBER)
        rows_of = sa.select(*rows_of.c, number).select_from(rows_of).subquery(conditions.alias())
    whole = json_object([each(rows_of) for each in made])
    return sa.select(whole).select_from(rows_of).scalar_subquery()


class _Summing:
    """Adds to each row what its summary takes, and says how to sum it up."""

    def __init__(self, builder: "_Rows", select: Select) -> None:
        self._builder = builder
        self._shown = None if select.limit is None or not select.keyed else select.limit - 1
        self._backward = select.backward
        self._numbers = itertools.count()
        self.numbered = False

    def prepared(self, member: Summed) -> Callable[[sa.FromClause], Pair]:
        """The member's name and value, once the rows are there to select from."""
        name = member.name
        match member:
            case Constant(value=value):
                return lambda _: (name, in_json(inline(value), TEXT))
            case Held(members=members):
                parts = [self.prepared(each) for each in members]
                return lambda rows_of: (name, json_object([part(rows_of) for part in parts]))
            case Tally():
                labels = [self._added_plain(field) for field in member.fields]
                type_ = self._builder.tally_type(member)
                return lambda rows_of: (name, in_json(tallied(member, [rows_of.c[label] for label in labels]), type_))
            case Listed(outputs=outputs):
                pairs = [(output.name, self._added(output)) for output in outputs]
                self.numbered |= member.limit is not None
                return lambda rows_of: (name, _listed(rows_of, pairs, member.limit))
            case Flag(value=truth):
                return lambda _: (name, in_json(sa.true() if truth else sa.false(), BOOLEAN))
            case Edged(members=edges):
                self.numbered = True
                made = [self._edge(each) for each in edges]
                return lambda rows_of: (name, self._edges(rows_of, made))
            case Bound(mark=mark, last=last):
                self.numbered = True
                return lambda rows_of: (name, self._bound(rows_of, mark, last=last))
            case More():
                more = sa.func.count() > sa.literal_column(str(self._shown))
                return lambda _: (name, in_json(more, BOOLEAN))

    def _edge(self, member: Cursor | Listed | Constant) -> Callable[[sa.FromClause], Pair]:
        """One member of each row's object."""
        name = member.name
        match member:
            case Constant(value=value):
                return lambda _: (name, in_json(inline(value), TEXT))
            case Cursor(mark=mark):
                return lambda rows_of: (name, _cursor(rows_of, mark))
            case Listed(outputs=outputs):
                pairs = [(output.name, self._added(output)) for output in outputs]
                return lambda rows_of: (name, json_object([(key, rows_of.c[label]) for key, label in pairs]))

    def _edges(self, rows_of: sa.FromClause, made: Sequence[Callable[[sa.FromClause], Pair]]) -> Expression:
        each = json_object([part(rows_of) for part in made])
        return json_array(self._in_order(each, rows_of, last=False), self._on_page(rows_of))

    def _bound(self, rows_of: sa.FromClause, mark: str, *, last: bool) -> Expression:
        ordered = self._in_order(_cursor(rows_of, mark), rows_of, last=last)
        cursors: Any = sa.func.array_agg(ordered, type_=sa.ARRAY(sa.Text())).filter(self._on_page(rows_of))
        first: Expression = Grouping(cursors)[sa.literal_column("1")]
        return first

    def _in_order(self, value: Expression, rows_of: sa.FromClause, *, last: bool) -> Any:
        """As the caller has the order, or with the `last` one first."""
        number = rows_of.c[NUMBER]
        return aggregate_order_by(value, number.desc() if self._backward is not last else number.asc())

    def _on_page(self, rows_of: sa.FromClause) -> Expression:
        on_page: Expression = rows_of.c[NUMBER] <= sa.literal_column(str(self._shown))
        return on_page

    def _added_plain(self, field: Field) -> str:
        """The field's value, to be summed up."""
        label = f"s{next(self._numbers)}"
        self._builder.columns.append(self._builder.field(field).label(label))
        return label

    def _added(self, output: Output | Nested) -> str:
        label = f"s{next(self._numbers)}"
        self._builder.add(msgspec.structs.replace(output, name=label))
        return label


def _cursor(rows_of: sa.FromClause, mark: str) -> Expression:
    """The row's cursor, as `core.cursor` reads it: base64url of JSON, without what fills it up."""
    said = sa.cast(sa.func.json_build_array(inline(mark), rows_of.c[KEYSET]), sa.Text())
    encoded = sa.func.encode(sa.func.convert_to(said, sa.literal_column("'UTF8'")), sa.literal_column("'base64'"))
    text: Expression = sa.func.translate(encoded, sa.literal_column("E'+/=\n'"), sa.literal_column("'-_'"))
    return text


def _listed(rows_of: sa.FromClause, pairs: Sequence[tuple[str, str]], limit: int | None) -> Expression:
    where = None if limit is None else rows_of.c[NUMBER] <= sa.literal_column(str(limit))
    return json_array(json_object([(name, rows_of.c[label]) for name, label in pairs]), where)


def _related_key(conditions: Conditions, scope: Scope, through: Nested, field: Field | Aggregation) -> Expression:
    target, source, tie = conditions.joined(through.relation, scope, through.through, through.arguments)
    where = conditions.condition(target, through.select.where)
    key = sa.select(conditions.operand(target, field, "text")).select_from(source).where(tie, where)
    if through.guard != TRUE:
        key = key.where(conditions.condition(scope, through.guard))
    return key.limit(sa.literal_column("1")).correlate(scope.source).scalar_subquery()


def _total(conditions: Conditions, plan: ReadPlan, total_max: int) -> Expression | None:
    """The number of rows without the page; for an estimated count, up to one past what is counted."""
    if plan.count in (Count.NONE, Count.PLANNED):
        return None
    select = countable(plan.select)
    if plan.count is Count.ESTIMATED:
        select = msgspec.structs.replace(select, limit=total_max + 1)
    counted = rows(conditions, select).subquery(conditions.alias())
    return sa.select(sa.func.count()).select_from(counted).scalar_subquery()


def countable(select: Select) -> Select:
    """The same rows without order and page; without members, unless they group."""
    if select.distinct:
        alike = tuple(Output(field.column, field) for field in select.distinct)
        return Select(table=select.table, outputs=alike, where=select.where, grouped=True)
    outputs = select.outputs if select.grouped else ()
    return Select(table=select.table, outputs=outputs, where=select.where, grouped=select.grouped, having=select.having)
