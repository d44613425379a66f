"""The sides of a comparison: columns, places in JSON, casts, function calls, claims and constants → `Operand`."""

from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Cast, ColumnClause, Null
from sqlalchemy import types as sqltypes
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseElement, False_, True_
from sqlalchemy.sql.functions import Function, FunctionElement
from sqlalchemy.types import TypeEngine

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.condition import Call, Claim, Field, Literal, Operand, Step
from mainstay.policy.claims import ClaimElement
from mainstay.policy.constants import DIALECT, constant_text, stored, type_name
from mainstay.policy.scope import Scope, column_of, hybrid_of, refuse, ungroup

# What a policy may cast to: SQLAlchemy's spelling → PostgreSQL's name, and the family it belongs to. No type with a
# modifier: VARCHAR(3) truncates and NUMERIC(10, 2) rounds, and another store may do neither.
CASTS = {
    "SMALLINT": ColumnType(Kind.INTEGER, "smallint"),
    "INTEGER": ColumnType(Kind.INTEGER, "integer"),
    "BIGINT": ColumnType(Kind.INTEGER, "bigint"),
    "NUMERIC": ColumnType(Kind.NUMERIC, "numeric"),
    "FLOAT": ColumnType(Kind.FLOAT, "double precision"),
    "DOUBLE PRECISION": ColumnType(Kind.FLOAT, "double precision"),
    "TEXT": ColumnType(Kind.TEXT, "text"),
    "VARCHAR": ColumnType(Kind.TEXT, "text"),
    "BOOLEAN": ColumnType(Kind.BOOLEAN, "boolean"),
    "DATE": ColumnType(Kind.DATE, "date"),
    "TIMESTAMP WITH TIME ZONE": ColumnType(Kind.TIMESTAMP, "timestamp with time zone"),
    "TIMESTAMP WITHOUT TIME ZONE": ColumnType(Kind.TIMESTAMP, "timestamp"),
    "UUID": ColumnType(Kind.UUID, "uuid"),
}
CAST_NAMES = {type.name: type for type in CASTS.values()}

# function: (name in core, fewest arguments, most arguments, what it returns; None: what its arguments are of)
FUNCTIONS: dict[str, tuple[str, int, int, ColumnType | None]] = {
    "lower": ("lower", 1, 1, CASTS["TEXT"]),
    "upper": ("upper", 1, 1, CASTS["TEXT"]),
    "length": ("length", 1, 1, CASTS["INTEGER"]),
    "coalesce": ("coalesce", 1, 100, None),
    "now": ("now", 0, 0, CASTS["TIMESTAMP WITH TIME ZONE"]),
    "current_timestamp": ("now", 0, 0, CASTS["TIMESTAMP WITH TIME ZONE"]),
    "current_date": ("current_date", 0, 0, CASTS["DATE"]),
}
ARROWS = {"->": False, "#>": False, "->>": True, "#>>": True}
VALUES = (ClaimElement, BindParameter, Null, True_, False_)


def is_value(element: object) -> bool:
    """True for what does not depend on the row: it belongs on the right."""
    return isinstance(ungroup(element), VALUES)


def lower_operand(element: Any, scope: Scope, beside: ColumnType | None = None) -> Operand:
    """`beside` is the type of the other side: what a constant must be readable as. Raises DeclarationError."""
    element = ungroup(element)
    if hybrid := hybrid_of(element, scope):
        return Field(hybrid)
    match element:
        case ClaimElement():
            return _claim(element, scope, beside)
        case True_() | False_():
            return Literal("true" if isinstance(element, True_) else "false")
        case BindParameter():
            return Literal(lower_constant(element, constant_of(element, scope), scope, beside))
        case ColumnClause():
            return Field(_column(element, scope))
        case BinaryExpression():
            return _json_field(element, scope)
        case Cast():
            return _cast(element, scope)
        case FunctionElement():
            return _call(element, scope, beside)
    refuse(element, scope, f"a rule compares no {type_name(element)}", "compare columns, claims and constants")


def lower_left(element: Any, scope: Scope, whole: Any) -> Field | Call:
    """The side of a comparison that depends on the row. Raises DeclarationError where it doesn't."""
    operand = None if is_value(element) else lower_operand(element, scope)
    if isinstance(operand, Field | Call):
        return operand
    refuse(
        whole,
        scope,
        "a comparison needs a column on one side",
        "what depends on the caller alone is a matter of roles: declare one for those callers",
    )


def constant_of(element: BindParameter[Any], scope: Scope) -> Any:
    if element.callable is not None or element.required:
        refuse(element, scope, "its value isn't known at start-up", "write a constant or a claim")
    return element.value


def lower_constant(element: BindParameter[Any], value: Any, scope: Scope, type: ColumnType | None) -> str:
    """The constant's text. Raises DeclarationError where the type on the other side can't read it."""
    if value is None:
        refuse(element, scope, "a comparison with None holds for no row", "write column.is_(None)")
    declared: TypeEngine[Any] = element.type
    if type is not None and type.kind is Kind.JSON and not isinstance(declared, sqltypes.JSON):
        refuse(element, scope, "it is no JSON document", "compare a place's text: column['key'].astext == 'x'")
    try:
        return constant_text(stored(value, declared), type)
    except (ValueError, TypeError) as error:
        refuse(element, scope, str(error), "write a constant of the column's type")


def type_of(operand: Field | Call, scope: Scope) -> ColumnType | None:
    """What the operand's values are; None where only the database knows."""
    if isinstance(operand, Call):
        returned = next(known for name, _, _, known in FUNCTIONS.values() if name == operand.function)
        arguments = (argument for argument in operand.arguments if isinstance(argument, Field | Call))
        return returned or next((type_of(argument, scope) for argument in arguments), None)
    if operand.cast is not None:
        return CAST_NAMES[operand.cast]
    if operand.path and operand.path[-1].text:
        return CASTS["TEXT"]
    return scope.table.columns[operand.column].type


def kind_of(element: object) -> str:
    name = type_name(element).removeprefix("Annotated")
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _claim(element: ClaimElement, scope: Scope, beside: ColumnType | None) -> Claim:
    if beside is not None and beside.kind is Kind.JSON:
        refuse(element, scope, "a claim is no JSON document", "compare a place's text: column['key'].astext == claim.x")
    return Claim(element.path, many=beside is not None and beside.kind is Kind.ARRAY)


def _column(element: ColumnClause[Any], scope: Scope) -> str:
    name = column_of(element, scope)
    if name is not None:
        return name
    if element.is_literal:
        refuse(element, scope, "it is raw SQL text", "write it with the model's columns")
    if element.table is None or scope.holds(element.table):
        refuse(element, scope, f"{scope.table.key} has no column {element.name!r}", "name a column of the catalog")
    refuse(
        element,
        scope,
        f"it is not a column of {scope.table.key}, whose row is looked at here",
        "reach another table by a relationship: Model.relation.has(...) or .any(...)",
    )


def _json_field(element: BinaryExpression[Any], scope: Scope) -> Field:
    """`doc["a"]["b"].astext`, `doc[("a", 0)].as_string()`, `doc["a"].as_integer()`."""
    arrow = getattr(element.operator, "opstring", None)
    subscript = element.operator in (operators.json_getitem_op, operators.json_path_getitem_op)
    if not subscript and arrow not in ARROWS:
        refuse(
            element,
            scope,
            "a rule computes nothing but lower, upper, length, coalesce, now and current_date",
            "declare a hybrid or computed column for it, or compare the column itself",
        )
    base = lower_operand(element.left, scope)
    if not isinstance(base, Field) or base.cast is not None or _kind(base, scope) is not Kind.JSON:
        refuse(element, scope, "only JSON columns have subscripts", "compare the column itself")
    steps = (*base.path, *_steps(element, scope))
    is_json = isinstance(element.type, sqltypes.JSON)
    if not (ARROWS[str(arrow)] if not subscript else not is_json):
        return Field(base.column, steps)
    path = (*steps[:-1], Step(steps[-1].key, text=True))
    cast = None if not subscript else _cast_name(element, element.type, scope)
    return Field(base.column, path, None if cast == "text" else cast)


def _steps(element: BinaryExpression[Any], scope: Scope) -> tuple[Step, ...]:
    index = ungroup(element.right)
    keys = constant_of(index, scope) if isinstance(index, BindParameter) else None
    if isinstance(keys, str | int):
        keys = (keys,)
    valid = isinstance(keys, tuple | list) and keys and all(isinstance(key, str | int) for key in keys)
    if not valid or any(isinstance(key, bool) for key in keys or ()):
        refuse(element, scope, "a JSON subscript is a constant key or index", "a constant: column['key']")
    return tuple(Step(key) for key in keys or ())


def _cast(element: Cast[Any], scope: Scope) -> Field:
    inner = lower_operand(element.clause, scope)
    if not isinstance(inner, Field) or inner.cast is not None:
        refuse(element, scope, "only a column is cast, and once", "cast(Model.column, Text)")
    return Field(inner.column, inner.path, _cast_name(element, element.type, scope))


def _cast_name(element: ClauseElement, type: TypeEngine[Any], scope: Scope) -> str:
    spelling = type.compile(dialect=DIALECT)
    if spelling not in CASTS:
        refuse(element, scope, f"a rule casts to no {spelling}", f"cast to one of {', '.join(CASTS).lower()}")
    return CASTS[spelling].name


def _call(element: FunctionElement[Any], scope: Scope, beside: ColumnType | None) -> Call:
    name = str(getattr(element, "name", "")).lower()
    packaged = isinstance(element, Function) and element.packagenames
    if name not in FUNCTIONS or packaged:
        known = ", ".join(sorted(set(FUNCTIONS) - {"current_timestamp"}))
        refuse(element, scope, "not every store has this function", f"use one of {known}, or a computed column")
    function, fewest, most, returned = FUNCTIONS[name]
    given = [ungroup(argument) for argument in element.clauses]
    if not fewest <= len(given) <= most:
        refuse(element, scope, f"{name} takes {fewest} argument(s), not {len(given)}", f"func.{name}(Model.column)")
    type = CASTS["TEXT"] if returned is not None else _common_type(given, scope) or beside
    return Call(function, tuple(lower_operand(argument, scope, type) for argument in given))


def _common_type(elements: list[Any], scope: Scope) -> ColumnType | None:
    for element in elements:
        if not is_value(element):
            operand = lower_operand(element, scope)
            return type_of(operand, scope) if isinstance(operand, Field | Call) else None
    return None


def _kind(field: Field, scope: Scope) -> Kind | None:
    type = type_of(field, scope)
    return None if type is None else type.kind
