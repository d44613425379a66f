"""What a plan reads: which tables, and of which of their rows a change can matter to the answer.

A row matters only if it has the value that its table's conditions say a column must equal. Where that can't be told,
any row matters; where even the table can't be told, any change does. Nothing is ever said to matter less than it does.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from mainstay.core.catalog import Catalog, Junction, Kind, Relation, Table, TableForm, TableKey
from mainstay.core.condition import (
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
    Not,
    Operand,
    Operator,
    Or,
    Present,
    Related,
    Slot,
)
from mainstay.core.operation import Bound, Constant, Flag, More, Tally
from mainstay.core.plan import (
    Edged,
    Held,
    InvokePlan,
    Listed,
    Nested,
    Output,
    Plan,
    ReadPlan,
    Select,
    Summed,
    TogetherPlan,
)

Source: TypeAlias = Slot | Claim | Literal
Equal: TypeAlias = Mapping[str, Source]

CLOCKS = frozenset({"now", "current_date"})
COMPARED = {
    Kind.INTEGER: frozenset({"smallint", "integer", "bigint", "int2", "int4", "int8"}),
    Kind.UUID: frozenset({"uuid"}),
    Kind.TEXT: frozenset({"text", "varchar", "character varying"}),
}
"""Types of which two values are equal just where their texts are, once an integer or a UUID is spelt as PostgreSQL
does. (A collation that takes different texts for equal is none that a change tells values of.)"""


class Touch(msgspec.Struct, frozen=True):
    """Rows of a table that matter: those with the sources' values in these columns. Without a table, all there is."""

    table: TableKey | None
    equal: tuple[tuple[str, Kind, Source], ...] = ()


class Touched(msgspec.Struct, frozen=True):
    """All of them. `timed`: the answer also changes as time goes by."""

    touches: tuple[Touch, ...]
    timed: bool = False


ANYTHING = Touch(None)


def touched(plan: Plan, catalog: Catalog) -> Touched:
    """What a read reads. A write is not asked for."""
    walk = _Walk(catalog)
    walk.plan(plan)
    return Touched(tuple(walk.touches), walk.timed)


def equalities(table: Table, condition: Condition) -> dict[str, Source]:
    """The columns that must equal one value each where the condition holds."""
    match condition:
        case And():
            found: dict[str, Source] = {}
            for each in condition.of:
                found |= equalities(table, each)
            return found
        case Compare(left=Field(path=(), cast=None, outer=0) as field, operator=Operator.EQ, quantifier=None):
            right, column = condition.right, table.columns.get(field.column)
            if column is None or column.computed or column.type.name.lower() not in COMPARED.get(column.type.kind, ()):
                return {}
            if isinstance(right, Literal) or (isinstance(right, Slot | Claim) and not right.many):
                return {field.column: right}
            return {}
        case _:
            return {}


class _Walk:
    """Goes through all of a plan, and notes what it meets."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.touches: dict[Touch, None] = {}
        self.timed = False
        self.around: list[Table] = []
        """Whose rows are around those that a condition is about, the innermost last."""

    def plan(self, plan: Plan) -> None:
        match plan:
            case ReadPlan():
                if plan.handling is not None:
                    self._note(ANYTHING)  # a function of the database's writes the answer
                self._select(plan.select, {})
            case TogetherPlan():
                for _, member in plan.members:
                    if not isinstance(member, str):
                        self.plan(member)
            case InvokePlan():
                self._note(ANYTHING)
                self._select(plan.select, {})
            case _:
                raise TypeError("only reads are asked for")

    def _note(self, touch: Touch) -> None:
        self.touches[touch] = None

    def _table(self, table: Table, equal: Equal) -> None:
        if table.form is TableForm.ROWS:
            return
        columns = ((name, table.columns[name].type.kind, source) for name, source in equal.items())
        keys = {name: index for index, name in enumerate(table.primary_key)}
        self._note(Touch(table.key, tuple(sorted(columns, key=lambda each: (keys.get(each[0], len(keys)), each[0])))))

    def _select(self, select: Select, known: Equal) -> None:
        table = select.table
        equal = {**equalities(table, select.where), **known}
        self._table(table, equal)
        for condition in (select.where, select.after, select.having):
            self._condition(table, condition, equal)
        self._outputs(table, select.outputs, equal)
        self._summary(table, select.summary or (), equal)
        for key in select.order:
            if isinstance(key.field, Field) and key.through is not None:
                self._measured(key.through.target, key.field, {})
            else:
                self._measured(table, key.field, equal)
        for field in select.distinct:
            self._measured(table, field, equal)

    def _outputs(self, table: Table, outputs: Iterable[Output | Nested], equal: Equal) -> None:
        for output in outputs:
            if isinstance(output, Nested):
                self._condition(table, output.guard, equal)
                known = self._way(output.relation, output.through, equal)
                self._select(output.select, known)
                continue
            self._condition(table, output.where, equal)
            for field in () if output.tally is None else output.tally.fields:
                self._measured(table, field, equal)
            if output.field is not None:
                self._measured(table, output.field, equal)

    def _summary(self, table: Table, members: Iterable[Summed], equal: Equal) -> None:
        for member in members:
            match member:
                case Tally():
                    for field in member.fields:
                        self._measured(table, field, equal)
                case Held():
                    self._summary(table, member.members, equal)
                case Listed():
                    self._outputs(table, member.outputs, equal)
                case Edged():
                    listed = (each for each in member.members if isinstance(each, Listed))
                    self._summary(table, listed, equal)
                case Constant() | Bound() | More() | Flag():
                    pass

    def _condition(self, table: Table, condition: Condition, equal: Equal) -> None:
        match condition:
            case Compare():
                self._measured(table, condition.left, equal)
                self._measured(table, condition.right, equal)
            case Is():
                self._measured(table, condition.left, equal)
            case Not():
                self._condition(table, condition.of, equal)
            case And() | Or():
                for each in condition.of:
                    self._condition(table, each, equal)
            case Related():
                self._related(table, condition, equal)
            case Exists():
                target = self.catalog.tables[condition.table]
                inner = equalities(target, condition.where)
                self._table(target, inner)
                self._within(table, target, condition.where, inner)
            case Present():
                pass
            case _:
                self._note(ANYTHING)

    def _within(self, table: Table, target: Table, condition: Condition, equal: Equal) -> None:
        """A condition on other rows than the table's, which it may name."""
        self.around.append(table)
        self._condition(target, condition, equal)
        self.around.pop()

    def _related(self, table: Table, related: Related, equal: Equal) -> None:
        """Related rows that do not hold the inner condition never matter, whatever is said of the others."""
        relation = table.relations[related.relation]
        target = self.catalog.tables[relation.target]
        inner = {**equalities(target, related.where), **self._way(relation, related.through, equal)}
        self._table(target, inner)
        self._within(table, target, related.where, inner)

    def _way(self, relation: Relation, through: Condition, equal: Equal) -> dict[str, Source]:
        """What a relation says of the target's rows, where this is known of the source's; notes what lies between."""
        if relation.function is not None:
            self._note(ANYTHING)
            return {}
        if relation.junction is None:
            return self._carried(self.catalog.tables[relation.target], relation.pairs, equal)
        self._junction(relation.junction, through, equal)
        return {}

    def _junction(self, junction: Junction, through: Condition, equal: Equal) -> None:
        middle = self.catalog.tables[junction.table]
        known = {**equalities(middle, through), **self._carried(middle, junction.source_pairs, equal)}
        self._table(middle, known)
        self._condition(middle, through, known)

    @staticmethod
    def _carried(target: Table, pairs: Iterable[tuple[str, str]], equal: Equal) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for left, right in pairs:
            column = target.columns.get(right)
            if left in equal and column is not None and column.type.name.lower() in COMPARED.get(column.type.kind, ()):
                found[right] = equal[left]
        return found

    def _measured(self, table: Table, measured: Operand, equal: Equal) -> None:
        match measured:
            case Field():
                if measured.outer:
                    table, equal = self.around[-measured.outer], {}
                column = table.columns.get(measured.column)
                if column is not None and column.computed:
                    self._note(ANYTHING)  # its SQL, or its function, may read whatever it likes
                if measured.mask is not None:
                    self._condition(table, measured.mask, equal)
            case Call():
                self.timed = self.timed or measured.function in CLOCKS
                for argument in measured.arguments:
                    self._measured(table, argument, equal)
            case Aggregation():
                self._aggregation(table, measured, equal)
            case _:
                pass

    def _aggregation(self, table: Table, aggregation: Aggregation, equal: Equal) -> None:
        self._condition(table, aggregation.guard, equal)
        inner = table
        if isinstance(aggregation.of, Related):
            self._related(table, aggregation.of, equal)
            inner = self.catalog.tables[table.relations[aggregation.of.relation].target]
            self._within(table, inner, aggregation.where, {})
        else:
            self._condition(inner, aggregation.where, {})
        self.around.append(table)
        for field in (aggregation.field, *aggregation.more):
            if field is not None:
                self._measured(inner, field, {})
        self.around.pop()
