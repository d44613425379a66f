"""Whether a condition holds of a row, by SQL's three values, in plain Python: True, False, or None for unknown.

It reads conditions as they were declared or asked, knows nothing of plans and SQL, and is slow and obvious on purpose.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mainstay.core.catalog import Catalog, ColumnType, Kind, Relation, Table, TableKey
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
    Measured,
    Not,
    Operand,
    Operator,
    Or,
    Present,
    Quantifier,
    Related,
    Slot,
    Through,
    Truth,
)
from mainstay.core.operation import Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.testing.values import (
    JSON_NULL,
    canonical,
    json_value,
    read_text,
    write_text,
)

Row = Mapping[str, Any]
Database = Mapping[TableKey, Sequence[Row]]

TEXT = ColumnType(Kind.TEXT, "text")
TEXTS = ColumnType(Kind.ARRAY, "text[]", TEXT)
KINDS_OF_CASTS = {
    "smallint": Kind.INTEGER,
    "int2": Kind.INTEGER,
    "integer": Kind.INTEGER,
    "int": Kind.INTEGER,
    "int4": Kind.INTEGER,
    "bigint": Kind.INTEGER,
    "int8": Kind.INTEGER,
    "numeric": Kind.NUMERIC,
    "double precision": Kind.FLOAT,
    "float8": Kind.FLOAT,
    "text": Kind.TEXT,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "uuid": Kind.UUID,
    "jsonb": Kind.JSON,
}


SIMILAR = {"%": ".*", "_": ".", ".": r"\.", "^": r"\^", "$": r"\$"}


class Asking(msgspec.Struct, frozen=True, eq=False):
    """Who asks with which values, over which data."""

    database: Database
    principal: Principal
    values: Sequence[Value]
    catalog: Catalog
    outer: tuple[tuple[Row, Table], ...] = ()
    """The rows around the one that a condition is about, the innermost last."""

    def around(self, row: Row, table: Table) -> "Asking":
        """For conditions on other rows."""
        return msgspec.structs.replace(self, outer=(*self.outer, (row, table)))


def holds(  # noqa: PLR0913, PLR0917 - all that a condition may depend on
    condition: Condition,
    row: Row,
    database: Database,
    principal: Principal,
    values: Sequence[Value],
    table: Table,
    catalog: Catalog,
) -> bool | None:
    """The condition's truth for a row of the table. Raises Problem 22P02 for a value that its column can't read."""
    return holds_for(condition, row, table, Asking(database, principal, values, catalog))


def holds_for(condition: Condition, row: Row, table: Table, asking: Asking) -> bool | None:
    match condition:
        case And(of):
            return every(holds_for(part, row, table, asking) for part in of)
        case Or(of):
            return some(holds_for(part, row, table, asking) for part in of)
        case Not(of):
            return opposite(holds_for(of, row, table, asking))
        case Is(left, truth):
            return _is(value_of(left, row, table, asking), truth)
        case Compare():
            return _compare(condition, row, table, asking)
        case Related():
            return _related(condition, row, table, asking)
        case Exists(key, where):
            inner, others = asking.around(row, table), asking.database.get(key, ())
            return any(holds_for(where, other, asking.catalog.tables[key], inner) is True for other in others)
        case Through():
            raise TypeError("only a selection knows what a relation's name means")
        case Present(claim):
            return asking.principal.claim(claim.path) is not None


def every(truths: Iterable[bool | None]) -> bool | None:
    known = list(truths)
    if False in known:
        return False
    return None if None in known else True


def some(truths: Iterable[bool | None]) -> bool | None:
    known = list(truths)
    if True in known:
        return True
    return None if None in known else False


def opposite(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def related_rows(relation: Relation, row: Row, database: Database) -> Iterator[tuple[Row, Row | None]]:
    """Each row at the relation's other end, with the junction's row that leads there."""
    for target in database.get(relation.target, ()):
        junction = relation.junction
        if junction is None:
            if joins(relation.pairs, row, target):
                yield target, None
        else:
            for middle in database.get(junction.table, ()):
                if joins(junction.source_pairs, row, middle) and joins(junction.target_pairs, target, middle):
                    yield target, middle


def joins(pairs: Iterable[tuple[str, str]], left: Row, right: Row) -> bool:
    """NULL joins nothing, not even NULL."""
    return all(left[one] is not None and left[one] == right[other] for one, other in pairs)


def value_of(operand: Operand, row: Row, table: Table, asking: Asking, type: ColumnType = TEXT) -> Any:
    """The operand's value; `type` is what a slot's, a claim's or a constant's text is read as."""
    match operand:
        case Field():
            if operand.outer:
                row, table = asking.outer[-operand.outer]
            return field_value(operand, row, table)
        case Call():
            return _call(operand, row, table, asking, type)
        case Aggregation():
            raise TypeError("only a selection knows what is related")
        case Literal(value):
            text = value
        case Slot(index):
            text = asking.values[index]
        case Claim():
            return _claim(operand, type, asking.principal)
    if isinstance(text, tuple):
        return [read_text(item, type) for item in text]
    return None if text is None else read_text(text, type)


def type_of(operand: Measured, table: Table) -> ColumnType:
    """What the operand's values are, and so what text on the other side is read as."""
    if isinstance(operand, Call):
        return _type_of_call(operand, table)
    if isinstance(operand, Aggregation):
        raise TypeError("only a selection knows what is related")
    if operand.cast is not None:
        return cast_type(operand.cast)
    if operand.path:
        return TEXT if operand.path[-1].text else ColumnType(Kind.JSON, "jsonb")
    return table.columns[operand.column].type


def cast_type(name: str) -> ColumnType:
    return ColumnType(KINDS_OF_CASTS[name.lower()], name)


def _type_of_call(call: Call, table: Table) -> ColumnType:
    match call.function:
        case "length":
            return ColumnType(Kind.INTEGER, "integer")
        case "now":
            return ColumnType(Kind.TIMESTAMP, "timestamptz")
        case "current_date":
            return ColumnType(Kind.DATE, "date")
        case "coalesce":
            return next((type_of(each, table) for each in call.arguments if isinstance(each, Field | Call)), TEXT)
    return TEXT


def field_value(field: Field, row: Row, table: Table) -> Any:
    value = row[field.column]
    for step in field.path:
        value = _step(value, step.key)
        if step.text and value is not None:
            value = None if value is JSON_NULL else write_text(value)
    if field.cast is None or value is None:
        return value
    return read_text(write_text(value), cast_type(field.cast))


def _step(value: Any, key: str | int) -> Any:
    """One arrow into JSON: NULL where there is nothing."""
    if isinstance(value, dict) and isinstance(key, str) and key in value:
        return json_value(value[key])
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return json_value(value[key])
    return None


def _claim(claim: Claim, type: ColumnType, principal: Principal) -> Any:
    """A claim's text read as the type; a single value stands for a list of one, and null is in no list."""
    value = principal.claim(claim.path)
    if value is None:
        return None
    if not claim.many:
        return read_text(write_text(value), type)
    items = value if isinstance(value, list) else [value]
    element = type.element if type.kind is Kind.ARRAY and type.element else type
    return [read_text(write_text(item), element) for item in items if item is not None]


def _call(call: Call, row: Row, table: Table, asking: Asking, type: ColumnType) -> Any:
    if call.function == "coalesce":
        type = _type_of_call(call, table) if any(isinstance(each, Field | Call) for each in call.arguments) else type
    else:
        type = TEXT
    arguments = [value_of(each, row, table, asking, type) for each in call.arguments]
    match call.function, arguments:
        case "coalesce", _:
            return next((argument for argument in arguments if argument is not None), None)
        case "now", _:
            return datetime.now(UTC)
        case "current_date", _:
            return datetime.now(UTC).date()
        case _, [None]:
            return None
        case "lower", [str(text)]:
            return text.lower()
        case "upper", [str(text)]:
            return text.upper()
        case "length", [str(text)]:
            return len(text)
    raise NotImplementedError(f"{call.function} of {arguments}")


def _is(value: Any, truth: Truth) -> bool:
    match truth:
        case Truth.NULL | Truth.UNKNOWN:
            return value is None
        case Truth.NOT_NULL:
            return value is not None
        case Truth.TRUE:
            return value is True
        case Truth.FALSE:
            return value is False


def require_value(compare: Compare, table: Table, asking: Asking) -> None:
    """Raises Problem 22P02, 2201B or 22025 where the request's value is none that the left side compares with."""
    if not isinstance(compare.right, Slot):
        return
    value = value_of(compare.right, {}, table, asking, right_type(compare, type_of(compare.left, table)))
    for pattern in value if compare.right.many else [value]:
        match compare.operator:
            case Operator.LIKE | Operator.ILIKE:
                like("", pattern)
            case Operator.MATCH | Operator.IMATCH:
                _require_expression(pattern)
            case Operator.SIMILAR:
                _require_expression(similar_expression(pattern))


def _require_expression(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise Problem("2201B", f"invalid regular expression: {error}") from error


def _compare(compare: Compare, row: Row, table: Table, asking: Asking) -> bool | None:
    left = value_of(compare.left, row, table, asking)
    type = type_of(compare.left, table)
    right = value_of(compare.right, row, table, asking, right_type(compare, type))
    operator, quantifier = compare.operator, compare.quantifier
    if operator is Operator.IN:
        operator, quantifier = Operator.EQ, Quantifier.ANY
    if quantifier is None:
        return compared(left, operator, right, type)
    if right is None:
        return None
    truths = (compared(left, operator, item, type) for item in right)
    return some(truths) if quantifier is Quantifier.ANY else every(truths)


def compared(left: Any, operator: Operator, right: Any, type: ColumnType) -> bool | None:  # noqa: PLR0912 - one for each operator
    """One comparison of two values; unknown where either is NULL, but for IS DISTINCT FROM."""
    if operator is Operator.IS_DISTINCT:
        return (left is None) != (right is None) or (left is not None and not _equal(left, right, type))
    if left is None or right is None:
        return None
    match operator:
        case Operator.EQ:
            return _equal(left, right, type)
        case Operator.NEQ:
            return not _equal(left, right, type)
        case Operator.LT:
            return bool(rank(left, type) < rank(right, type))
        case Operator.LTE:
            return bool(rank(left, type) <= rank(right, type))
        case Operator.GT:
            return bool(rank(left, type) > rank(right, type))
        case Operator.GTE:
            return bool(rank(left, type) >= rank(right, type))
        case Operator.LIKE:
            return like(left, right)
        case Operator.ILIKE:
            return like(left.lower(), right.lower())
        case Operator.MATCH:
            return re.search(right, left) is not None
        case Operator.IMATCH:
            return re.search(right, left, re.IGNORECASE) is not None
        case Operator.SIMILAR:
            return re.fullmatch(similar_expression(right), left, re.DOTALL) is not None
        case Operator.HAS_KEY:
            return has_key(left, right)
        case Operator.HAS_ANY:
            return any(key is not None and has_key(left, key) for key in right)
        case Operator.HAS_ALL:
            return all(key is None or has_key(left, key) for key in right)
        case Operator.CS if type.kind is Kind.JSON:
            return json_contains(left, right)
        case Operator.CD if type.kind is Kind.JSON:
            return json_contains(right, left)
        case Operator.CS if type.kind is Kind.ARRAY:
            return all(item is not None and item in left for item in right)
        case Operator.CD if type.kind is Kind.ARRAY:
            return all(item is not None and item in right for item in left)
        case Operator.OV if type.kind is Kind.ARRAY:
            return any(item is not None and item in left for item in right)
    raise NotImplementedError(f"the oracle does not compare by {operator.value} on {type.kind.value}")


def rank(value: Any, type: ColumnType) -> Any:
    """What a value sorts by: an enum's label by its place; text by its characters, as under the collation "C"."""
    return type.labels.index(value) if type.kind is Kind.ENUM and value is not None else value


def _equal(left: Any, right: Any, type: ColumnType) -> bool:
    return canonical(left) == canonical(right) if type.kind is Kind.JSON else bool(left == right)


def json_contains(whole: Any, part: Any) -> bool:
    """jsonb's `@>`: https://www.postgresql.org/docs/current/datatype-json.html#JSON-CONTAINMENT"""
    if isinstance(whole, list) and not isinstance(part, list | dict):
        return canonical(part) in [canonical(item) for item in whole]
    return _holds_all(whole, part)


def _holds_all(whole: Any, part: Any) -> bool:
    match whole, part:
        case dict(), dict():
            return all(key in whole and _holds_all(whole[key], value) for key, value in part.items())
        case list(), list():
            return all(any(_holds_all(item, wanted) for item in whole) for wanted in part)
    return canonical(whole) == canonical(part)


def like(text: str, pattern: str) -> bool:
    """`%` is any text, `_` any character, and a backslash takes what follows as it is."""
    expression: list[str] = []
    characters = iter(pattern)
    for character in characters:
        match character:
            case "%":
                expression.append(".*")
            case "_":
                expression.append(".")
            case "\\":
                following = next(characters, None)
                if following is None:
                    raise Problem("22025", "LIKE pattern must not end with escape character")
                expression.append(re.escape(following))
            case _:
                expression.append(re.escape(character))
    return re.fullmatch("".join(expression), text, re.DOTALL) is not None


def similar_expression(pattern: str) -> str:
    """A pattern of SIMILAR TO as a regular expression: it is one but for its `%`, `_` and what it takes as it is.

    https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-SIMILARTO-REGEXP
    """
    expression: list[str] = []
    characters = iter(pattern)
    within = False
    for character in characters:
        if character == "\\":
            expression.append(re.escape(next(characters, "")))
        elif within or character == "[":
            within = character != "]"
            expression.append(character)
        else:
            expression.append(SIMILAR.get(character, character))
    return "".join(expression)


def has_key(value: Any, key: str) -> bool:
    """jsonb's `?`: a member of an object, or a text in an array, or the text itself."""
    return key == value if isinstance(value, str) else isinstance(value, dict | list) and key in value


def right_type(compare: Compare, left: ColumnType) -> ColumnType:
    """What the right side is read as, or each of its items."""
    match compare.operator:
        case Operator.HAS_KEY:
            return TEXT
        case Operator.HAS_ANY | Operator.HAS_ALL:
            return TEXT if isinstance(compare.right, Slot) and compare.right.many else TEXTS
    return left


def _related(related: Related, row: Row, table: Table, asking: Asking) -> bool:
    relation = table.relations[related.relation]
    target_table = asking.catalog.tables[relation.target]
    inner = asking.around(row, table)
    for target, middle in related_rows(relation, row, asking.database):
        if relation.junction is not None and middle is not None:
            middle_table = asking.catalog.tables[relation.junction.table]
            if holds_for(related.through, middle, middle_table, inner) is not True:
                continue
        if holds_for(related.where, target, target_table, inner) is True:
            return True
    return False
