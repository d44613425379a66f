"""Conditions and fields as SQL expressions over the tables in scope."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from mainstay.core.catalog import (
    Argument,
    Catalog,
    ColumnType,
    FunctionKey,
    Kind,
    Passing,
    Relation,
    Table,
    TableKey,
)
from mainstay.core.condition import (
    SHAPED,
    Aggregate,
    Aggregation,
    And,
    Call,
    Claim,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Literal,
    Measured,
    Not,
    Operand,
    Operator,
    Or,
    Present,
    Quantifier,
    Related,
    Slot,
    Step,
    Through,
    Truth,
)
from mainstay.sql.aggregate import aggregate_type, aggregated_all
from mainstay.sql.binds import DIALECT, Binds, Expression, Named, Typed, cast, inline, inlined, literal
from mainstay.sql.dialect import POSTGRESQL, Dialect
from mainstay.sql.function import NamedCall
from mainstay.sql.operators import CALL_TYPES, PATTERNS, RIGHT_TYPES, SEARCHES, SYMBOLS, TEXTUAL, TRUTHS
from mainstay.sql.represent import converted, reader
from mainstay.sql.spoken import Spoken

JSON = ColumnType(Kind.JSON, "json")


class Scope:
    """A table of the catalog under the alias that stands for it here."""

    def __init__(self, table: Table, source: sa.FromClause, outer: "Scope | None" = None) -> None:
        self.table = table
        self.source = source
        self.outer = outer

    def around(self, levels: int) -> "Scope":
        """The scope so many levels further out, where conditions on other rows are nested."""
        scope: Scope | None = self
        for _ in range(levels):
            scope = None if scope is None else scope.outer
        if scope is None:
            raise TypeError("nothing is so far out")
        return scope

    def column(self, name: str) -> Expression:
        column = self.table.columns[name]
        return self._plain(name) if column.expression is None else self._adapted(column.expression)

    def row(self) -> Expression:
        """The whole row, of the table's own type."""
        source: Any = self.source
        whole: Expression = source.table_valued()
        if isinstance(self.source, sa.CTE | sa.Subquery):  # whose rows are of no named type
            return sa.cast(whole, Named(row_type(self.table)))
        return whole

    def _plain(self, name: str) -> Expression:
        return self.source.c[name]

    def _adapted(self, expression: Any) -> Expression:
        """A hybrid's expression: its table's columns taken from this alias, its constants written in."""

        def replace(element: Any) -> Any:
            if isinstance(element, sa.Column) and element.name in self.source.c:
                return self._plain(element.name)
            return None

        adapted = inlined(expression, replace)
        # SQLAlchemy puts no parentheses around NOT, which binds less tightly than a comparison.
        return Grouping(adapted) if isinstance(adapted, sa.UnaryExpression) else adapted


class Conflicting(Scope):
    """The row there that a new one conflicts with. In ON CONFLICT it is named, and nothing selects from it.

    Its columns are text: as columns of the table they would bring it into the FROM of an EXISTS that is about them,
    and any row of the table would then do, because SQLAlchemy correlates with a SELECT, an UPDATE or a DELETE alone.
    """

    dialect = POSTGRESQL

    def _plain(self, name: str) -> Expression:
        quote = self.dialect.core.identifier_preparer
        type_ = self.source.c[name].type
        return sa.literal_column(f"{quote.format_table(self.source)}.{quote.quote(name)}", type_)


class Conditions:
    """Compiles conditions; `binds` says where values come from, `alias` hands out names.

    `values` are the request's values as the statement reads them, those that may turn out unreadable.
    """

    def __init__(self, catalog: Catalog, binds: Binds) -> None:
        self.catalog = catalog
        self.binds = binds
        self.dialect = binds.dialect
        self.values: dict[str, Expression] = {}
        self._numbers = itertools.count(1)

    def checked(self, answer: sa.Select[Any]) -> sa.Select[Any]:
        """The answer's SELECT, of one row, which fails for a value that can't be read, whatever rows there are.

        Otherwise the failure would tell of rows: PostgreSQL may compare those that the policy hides before it hides
        them. Of a HAVING without columns, PostgreSQL makes a one-time filter, too, that comes before all rows.
        """
        if not self.values:
            return answer
        return answer.having(sa.func.num_nulls(*self.values.values()) >= sa.literal_column("0"))

    def alias(self) -> str:
        return f"t{next(self._numbers)}"

    def scope(self, key: TableKey) -> Scope:
        table = self.catalog.tables[key]
        return Scope(table, plain_table(table, dialect=self.dialect).alias(self.alias()))

    def within(self, outer: Scope, key: TableKey) -> Scope:
        """The table's rows, in conditions about which those of `outer` can be named."""
        scope = self.scope(key)
        scope.outer = outer
        return scope

    def condition(self, scope: Scope, condition: Condition) -> Expression:
        match condition:
            case And(of):
                return sa.and_(*(self.condition(scope, part) for part in of)) if of else sa.true()
            case Or(of):
                return sa.or_(*(self.condition(scope, part) for part in of)) if of else sa.false()
            case Not(of):
                return sa.not_(self.condition(scope, of).self_group())
            case Is(left, truth):
                return self._is(scope, left, truth)
            case Compare():
                return self._compare(scope, condition)
            case Related():
                return self._related(scope, condition)
            case Through():
                raise TypeError("a plan holds relations by their index")
            case Exists():
                return self._exists(scope, condition)
            case Present(claim):
                return self.binds.text(claim).is_not(None)

    def seen(self, scope: Scope, condition: Condition) -> Expression:
        """What a policy lets be seen of the rows that an answer is made of."""
        return self.condition(scope, condition)

    def field(self, scope: Scope, field: Field) -> Expression:
        """The column, the place inside its JSON, the cast, behind its mask."""
        scope = scope.around(field.outer)
        column = scope.table.columns[field.column]
        expression = (
            scope.column(field.column)
            if column.function is None
            else self.of_row(scope, column.function, column.passing, field.arguments)
        )
        if field.path and column.type.kind is not Kind.JSON:
            expression = sa.func.to_jsonb(expression)
        for step in field.path:
            expression = self._stepped(expression, step)
        if field.cast is not None:
            expression = sa.cast(expression, Named(field.cast))
        if field.mask is None:
            return expression
        return sa.case((self.seen(scope, field.mask), expression), else_=sa.null())

    def _stepped(self, json: Expression, step: Step) -> Expression:
        """A place in the JSON, or its text."""
        key = sa.literal_column(str(step.key)) if isinstance(step.key, int) else inline(step.key)
        place = json.op("->", precedence=15)(key)
        text = json.op("->>", precedence=15)(key)

        def said() -> Expression:
            if str(step.key).startswith(("-", "$")):  # from the end; and a path of its own
                raise self.dialect.lacking(f"the place {step.key} in JSON")
            if not step.text:
                return place
            kind = sa.func.json_type(place)
            words = [(kind == inline(word), inline(word)) for word in ("true", "false")]
            return sa.case(*words, else_=sa.cast(text, sa.Text()))

        return Spoken(text if step.text else place, sqlite=said)

    def operand(self, scope: Scope, operand: Operand, type_name: str) -> Expression:
        """A comparison's right side, or a preset, as a value of the type."""
        match operand:
            case Field():
                return self.field(scope, operand)
            case Call():
                return self._call(scope, operand)
            case Aggregation():
                return self.aggregation(scope, operand)
            case Literal() | Claim():
                return self.binds.value(operand, type_name)
            case Slot():
                return self._read(operand, type_name, self.binds.value(operand, type_name))

    def _read(self, slot: Slot, type_name: str, value: Expression) -> Expression:
        if not self.dialect.casts:  # its store reads it, before anything is sent
            return value
        always = type_name.lower() == "text" or (slot.many and type_name.lower() == "text[]")
        if not always:
            self.values[f"{slot.index} {type_name}"] = value
        return value

    def join(self, relation: Relation, source: Scope, target: Scope) -> Expression:
        """The pairs of a direct relation."""
        return sa.and_(*(source.column(left) == target.column(right) for left, right in relation.pairs))

    def joined(
        self,
        relation: Relation,
        source: Scope,
        through: Condition,
        arguments: Sequence[tuple[str, Slot]] = (),
    ) -> tuple[Scope, sa.FromClause, Expression]:
        """The target's scope, what to select from, and how it is tied to the source's row."""
        if relation.function is not None:
            target = self._computed(relation, relation.function, source, arguments)
            target.outer = source
            return target, target.source, sa.true()
        target = self.within(source, relation.target)
        junction = relation.junction
        if junction is None:
            return target, target.source, self.join(relation, source, target)
        middle = self.within(source, junction.table)
        across = sa.and_(*(target.column(right) == middle.column(column) for right, column in junction.target_pairs))
        tie = sa.and_(*(source.column(left) == middle.column(column) for left, column in junction.source_pairs))
        if through != And():
            tie = sa.and_(tie, self.condition(middle, through))
        return target, target.source.join(middle.source, across), tie

    def of_row(
        self, scope: Scope, function: FunctionKey, passing: Passing, given: Sequence[tuple[str, Slot]]
    ) -> Expression:
        """The database's own function of the row, of the caller's claims where it takes them, and of what is given."""
        types = {argument.name: argument for argument in passing.arguments}
        passed = [(types[name], self.operand(scope, slot, types[name].type.name)) for name, slot in given]
        row = None if passing.row is None else Argument(passing.row, JSON)
        if passing.session is not None:
            claims = cast(self.binds.text(Claim(())), JSON.name)
            passed.append((Argument(passing.session, JSON), claims))
        return NamedCall(function, [(row, scope.row()), *passed])

    def _computed(
        self, relation: Relation, function: FunctionKey, source: Scope, given: Sequence[tuple[str, Slot]]
    ) -> Scope:
        """The rows that the database's own function gives for the source's row."""
        table = self.catalog.tables[relation.target]
        call: Any = self.of_row(source, function, relation.passing, given)
        return Scope(table, call.table_valued(*plain_table(table).columns).alias(self.alias()))

    def _is(self, scope: Scope, left: Measured, truth: Truth) -> Expression:
        expression = self.operand(scope, left, "text")
        symbol, value = TRUTHS[truth]
        if truth is Truth.UNKNOWN:
            value = Spoken(value, sqlite=sa.null)
        return expression.op(symbol, is_comparison=True)(value)

    def _compare(self, scope: Scope, compare: Compare) -> Expression:
        if compare.operator not in self.dialect.operators:
            raise self.dialect.lacking(f"the operator {compare.operator.value}")
        if compare.operator in SEARCHES:
            return self._search(scope, compare)
        if compare.operator in SHAPED:
            return self._shapes(scope, compare)
        left = self.operand(scope, compare.left, "text")
        field = compare.left if isinstance(compare.left, Field) else None
        read = None if field is None else reader(scope.around(field.outer).table, field)
        if read is not None and compare.operator not in PATTERNS and isinstance(compare.right, Slot):
            return left.op(_symbol(compare), is_comparison=True)(self._represented(read, compare, compare.right))
        type_name = self._right_type(scope, compare)
        if compare.operator is Operator.IN or compare.quantifier is not None:
            if isinstance(self.binds, Typed):
                return _among(left, compare, self.binds, type_name)
            return left.op(_symbol(compare), is_comparison=True)(_every(compare)(self._list(compare, type_name)))
        if compare.operator in PATTERNS and isinstance(compare.right, Slot | Claim):
            right = self._pattern(compare.operator, compare.right)
        else:
            right = self.operand(scope, compare.right, type_name)
        return _compared(left, compare, right)

    def _right_type(self, scope: Scope, compare: Compare) -> str:
        if compare.operator in PATTERNS:
            return "text"
        return RIGHT_TYPES.get(compare.operator) or self.type_name(scope, compare.left)

    def _shapes(self, scope: Scope, compare: Compare) -> Expression:
        """A function of PostGIS. What it compares with is GeoJSON, or any other form that the type reads."""
        type_name = self.type_name(scope, compare.left)
        arguments = [self.operand(scope, compare.left, "text"), self.operand(scope, compare.right, type_name)]
        if compare.distance is not None:
            arguments.append(self.operand(scope, compare.distance, "double precision"))
        if compare.spheroid is not None:
            arguments.append(self.operand(scope, compare.spheroid, "boolean"))
        schema = self.catalog.postgis
        name = compare.operator.value
        if schema is None:
            return getattr(sa.func, name)(*arguments)  # type: ignore[no-any-return]
        return NamedCall(FunctionKey(schema, name), [(None, argument) for argument in arguments])

    def _represented(self, read: FunctionKey, compare: Compare, slot: Slot) -> Expression:
        """The request's value or values by the function that reads the column's representation."""
        text = self.binds.text(slot)
        if compare.operator is Operator.IN or compare.quantifier is not None:
            texts = sa.cast(text, Named("text[]"))
            self._read(slot, f"{read}[]", self._each(texts, lambda item: converted(read, item)))
            items = sa.func.unnest(texts).column_valued(self.alias())
            return _every(compare)(sa.select(converted(read, items)).scalar_subquery())
        return self._read(slot, str(read), converted(read, text))

    def _pattern(self, operator: Operator, source: Slot | Claim) -> Expression:
        if isinstance(source, Claim):
            return self.binds.text(source)
        pattern = self.binds.text(source, constant=True)
        if not self.dialect.casts:
            return pattern
        self._read(source, operator.value, PATTERNS[operator](pattern))
        return pattern

    def _list(self, compare: Compare, type_name: str) -> Expression:
        operand = compare.right
        if isinstance(operand, Literal):
            return sa.cast(literal(operand), Named(f"{type_name}[]"))
        if not isinstance(operand, Slot | Claim):
            raise TypeError(f"{operand} is not a list")
        if type_name.endswith("[]"):
            return self._arrays(operand, type_name)
        items = sa.cast(self.binds.text(operand), Named(f"{type_name}[]"))
        if isinstance(operand, Slot):
            self._read(operand, f"{type_name}[]", items)
        if isinstance(operand, Slot) and compare.operator in PATTERNS:
            self._read(operand, compare.operator.value, self._each(items, PATTERNS[compare.operator]))
        return items

    def _arrays(self, operand: Slot | Claim, type_name: str) -> Expression:
        """A list of arrays: as one it would be an array of two dimensions, whose items are no arrays."""
        texts = sa.cast(self.binds.text(operand), Named("text[]"))
        if isinstance(operand, Slot):
            self._read(operand, f"{type_name}[]", self._each(texts, lambda item: cast(item, type_name)))
        items = sa.func.unnest(texts).column_valued(self.alias())
        return sa.select(cast(items, type_name)).scalar_subquery()

    def _search(self, scope: Scope, compare: Compare) -> Expression:
        """Full text search: a column that is not a tsvector becomes one, as in PostgREST."""
        config = [sa.cast(inline(compare.config), Named("regconfig"))] if compare.config else []
        vector = self.operand(scope, compare.left, "text")
        if not self._is_vector(scope, compare.left):
            vector = sa.func.to_tsvector(*config, vector)
        if not isinstance(compare.right, Slot):
            raise TypeError("a text search compares with a request's value")
        function = getattr(sa.func, SEARCHES[compare.operator])
        text = self.binds.text(compare.right, constant=True)
        if compare.quantifier is None:
            query = function(*config, text)
            self._read(compare.right, "query", query)
            return vector.op("@@", is_comparison=True)(query)
        texts = sa.cast(text, Named("text[]"))
        self._read(compare.right, "queries", self._each(texts, lambda word: function(*config, word)))
        words = sa.func.unnest(texts).column_valued("w")
        matches = vector.op("@@", is_comparison=True)(function(*config, words))
        reduce = sa.func.bool_or if compare.quantifier.value == "any" else sa.func.bool_and
        return sa.select(reduce(matches)).correlate(scope.source).scalar_subquery()

    def _each(self, array: Expression, read: Callable[[Any], Any]) -> Expression:
        """How many of the array's items can be read, which takes reading each."""
        items = sa.func.unnest(array).column_valued(self.alias())
        return sa.select(sa.func.count(read(items))).scalar_subquery()

    def _is_vector(self, scope: Scope, left: Measured) -> bool:
        return (
            isinstance(left, Field) and not left.path and scope.table.columns[left.column].type.kind is Kind.TEXT_SEARCH
        )

    def type_name(self, scope: Scope, left: Measured) -> str:
        """The type that the right side is cast to."""
        if isinstance(left, Aggregation):
            return self._aggregation_type(scope, left)
        if isinstance(left, Call):
            return CALL_TYPES.get(left.function) or self._first_type(scope, left)
        if left.cast is not None:
            return left.cast
        scope = scope.around(left.outer)
        column = scope.table.columns[left.column]
        if not left.path:
            return "text" if column.type.kind in TEXTUAL else column.type.name
        if left.path[-1].text:
            return "text"
        return "jsonb" if column.type.kind is not Kind.JSON else column.type.name

    def _first_type(self, scope: Scope, call: Call) -> str:
        for argument in call.arguments:
            if isinstance(argument, Field | Call):
                return self.type_name(scope, argument)
        return "text"

    def _call(self, scope: Scope, call: Call) -> Expression:
        if call.function == "current_date":
            return sa.func.current_date()
        type_name = self._first_type(scope, call)
        arguments = (self.operand(scope, argument, type_name) for argument in call.arguments)
        return getattr(sa.func, call.function)(*arguments)  # type: ignore[no-any-return]

    def aggregation(self, scope: Scope, aggregation: Aggregation) -> Expression:
        """Of a group; or of related rows, of which there are none where the row's own part of the join is hidden."""
        related = aggregation.of
        if related is None:
            value = self._aggregated(scope, aggregation)
            where = aggregation.where
            return value if where == And() else sa.funcfilter(value, self.condition(scope, where))
        if not isinstance(related, Related):
            raise TypeError("a plan holds relations by their index")
        target, source, tie = self.joined(scope.table.relations[related.relation], scope, related.through)
        wheres = [self.condition(target, part) for part in (related.where, aggregation.where) if part != And()]
        if aggregation.guard != And():
            wheres.append(self.condition(scope, aggregation.guard))
        rows_of = sa.select(self._aggregated(target, aggregation)).select_from(source).where(sa.and_(tie, *wheres))
        if aggregation.function is Aggregate.ONLY:  # even where the data hold several of one key
            rows_of = rows_of.limit(sa.literal_column("1"))
        return rows_of.correlate_except(*_froms(source)).scalar_subquery()

    def _aggregated(self, scope: Scope, aggregation: Aggregation) -> Any:
        fields = (*(() if aggregation.field is None else (aggregation.field,)), *aggregation.more)
        values = [self.operand(scope, field, "text") for field in fields]
        return aggregated_all(aggregation.function, values, distinct=aggregation.distinct)

    def _aggregation_type(self, scope: Scope, aggregation: Aggregation) -> str:
        related, field = aggregation.of, aggregation.field
        if field is None:
            return aggregate_type(aggregation.function, "bigint", None)
        target = scope
        if isinstance(related, Related):
            target = self.scope(scope.table.relations[related.relation].target)
        plain = isinstance(field, Field) and not field.path and field.cast is None
        type_ = target.table.columns[field.column].type if isinstance(field, Field) and plain else None
        return aggregate_type(aggregation.function, self.type_name(target, field), type_)

    def _related(self, scope: Scope, related: Related) -> Expression:
        relation = scope.table.relations[related.relation]
        target, source, tie = self.joined(relation, scope, related.through)
        where = tie if related.where == And() else sa.and_(tie, self.condition(target, related.where))
        return sa.exists(
            sa.select(sa.literal_column("1")).select_from(source).where(where).correlate_except(*_froms(source))
        )

    def _exists(self, scope: Scope, there: Exists) -> Expression:
        target = self.within(scope, there.table)
        rows: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(target.source)
        return sa.exists(rows.where(self.condition(target, there.where)).correlate_except(*_froms(target.source)))


def _compared(left: Expression, compare: Compare, right: Expression) -> Expression:
    said = left.op(_symbol(compare), is_comparison=True)(right)
    match compare.operator:
        case Operator.LIKE:
            return Spoken(said, sqlite=lambda: left.like(right, escape="\\"))
        case Operator.ILIKE:
            return Spoken(said, sqlite=lambda: sa.func.mainstay_ilike(left, right))
        case _:
            return said


def _among(left: Expression, compare: Compare, binds: Typed, type_name: str) -> Expression:
    """The comparison with each of a list, of which none is NULL. A NULL on the left leaves it unknown."""
    if not isinstance(compare.right, Slot | Claim | Literal):
        raise TypeError(f"{compare.right} is not a list")
    items = binds.each(compare.right, type_name)
    if compare.operator is Operator.IN:
        return left.in_(items)
    item = items.selected_columns[0]
    holds = _compared(left, compare, item)
    if compare.quantifier is Quantifier.ALL:
        found = sa.not_(sa.exists(items.where(sa.not_(holds))))
    else:
        found = sa.exists(items.where(holds))
    known = sa.or_(left.is_not(sa.null()), sa.not_(sa.exists(items)))
    return sa.case((known, found), else_=sa.null())


def _symbol(compare: Compare) -> str:
    return "=" if compare.operator is Operator.IN else SYMBOLS[compare.operator]


def _every(compare: Compare) -> Callable[[Any], Expression]:
    return sa.all_ if compare.quantifier is Quantifier.ALL else sa.any_


def _froms(source: sa.FromClause) -> Iterator[sa.FromClause]:
    if isinstance(source, sa.Join):
        yield from _froms(source.left)
        yield from _froms(source.right)
    yield source


def row_type(table: Table) -> str:
    """The name of the table's row type."""
    return str(DIALECT.identifier_preparer.format_table(plain_table(table)))


def plain_table(table: Table, *more: str, dialect: Dialect = POSTGRESQL) -> sa.TableClause:
    """The table as SQLAlchemy names it; hybrids are not columns of it. `more` are columns beside its own."""
    columns: list[sa.ColumnClause[Any]] = [
        sa.column(name, Named(column.type.name)) for name, column in table.columns.items() if not column.computed
    ]
    columns += [sa.column(name) for name in more]
    return sa.table(table.key.name, *columns, schema=table.key.schema if dialect.schemas else None)
