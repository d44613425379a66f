"""A rule's condition as data, in the words of a GraphQL `where` → a `Condition`, or a DeclarationError.

For teams that have their rules as data, and for tables that no model describes:
`{"_or": [{"owner": {"_eq": claim.sub}}, {"team": {"members": {"person": {"_eq": claim.sub}}}}]}`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from mainstay.core.catalog import Column, ColumnType, Kind
from mainstay.core.comparisons import COLUMNS, COMPARISONS, Comparison, comparison
from mainstay.core.condition import (
    FALSE,
    Claim,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Literal,
    Not,
    Operator,
    Related,
    Truth,
    both,
    either,
)
from mainstay.core.problem import DeclarationError
from mainstay.policy.claims import ClaimSlot
from mainstay.policy.constants import constant_text
from mainstay.policy.scope import Scope

DISTANCES = frozenset({"_st_d_within", "_st_3d_d_within"})
"""Of two values each, which a rule has no form for."""
ROOT = "$"
"""In the place of a relation: the row that the rule is about, from a condition on other rows."""
KNOWN = frozenset({*COMPARISONS, *COLUMNS, "_ne", "_is_null", "_exists"}) - DISTANCES
LOGIC: dict[str, Callable[..., Condition]] = {"_and": both, "_or": either}


def lower_where(said: Any, scope: Scope) -> Condition:
    """The condition of an object: all of its members hold; of an empty one, every row's."""
    if not isinstance(said, Mapping):
        _refuse(scope, f"{said!r} is no condition", 'a mapping such as {"owner": {"_eq": claim.sub}}')
    return both(*(_member(str(name), value, scope) for name, value in said.items()))


def _member(name: str, value: Any, scope: Scope) -> Condition:
    if name.lstrip("_$") in ("and", "or") and name[0] in "_$":
        parts = value if isinstance(value, list | tuple) else [value]
        return LOGIC[f"_{name.lstrip('_$')}"](*(lower_where(part, scope) for part in parts))
    if name in ("_not", "$not"):
        return Not(lower_where(value, scope))
    if name in ("_exists", "$exists"):
        return _exists(value, scope)
    column = scope.table.columns.get(name)
    if column is not None:
        return _compared(column, value, scope)
    for index, relation in enumerate(scope.table.relations):
        if relation.name == name:
            inner = Scope(scope.catalog.tables[relation.target], scope.catalog, scope.where, None, scope)
            return Related(index, lower_where(value, inner))
    relations = [relation.name for relation in scope.table.relations if relation.name]
    _refuse(
        scope,
        f"{scope.table.key} has neither a column nor a relation {name!r}",
        f"its columns are {', '.join(scope.table.columns)}; its named relations are {', '.join(relations) or 'none'}",
    )


def _exists(said: Any, scope: Scope) -> Condition:
    """`{"_table": "schema.name", "_where": {…}}`"""
    if not isinstance(said, Mapping) or not said.keys() <= {"_table", "_where"} or "_table" not in said:
        _refuse(scope, f"{said!r} names no table", '{"_table": "members", "_where": {"person": {"_eq": claim.sub}}}')
    named = said["_table"]
    text = ".".join(map(str, named.values())) if isinstance(named, Mapping) else str(named)
    schema, dot, name = text.rpartition(".")
    table = scope.catalog.find(schema if dot else scope.catalog.schemas[0], name)
    if table is None:
        _refuse(scope, f"there is no table {text!r}", f"the catalog holds {', '.join(map(str, scope.catalog.tables))}")
    inner = Scope(table, scope.catalog, scope.where, None, scope)
    return Exists(table.key, lower_where(said.get("_where", {}), inner))


def _compared(column: Column, said: Any, scope: Scope) -> Condition:
    """What is no mapping is what the column is equal to."""
    if column.passing.required:
        _refuse(scope, f"{column.name!r} is computed of more than the row", "compare a column that takes no arguments")
    comparisons = said if isinstance(said, Mapping) else {"_eq": said}
    return both(*_comparisons(column, comparisons, scope))


def _comparisons(column: Column, said: Mapping[str, Any], scope: Scope) -> Iterator[Condition]:
    field = Field(column.name)
    for word, value in said.items():
        name = f"_{word[1:]}" if word.startswith("$") else word
        if name == "_is_null":
            if not isinstance(value, bool):
                _refuse(scope, f"{column.name!r}: _is_null takes true or false, not {value!r}", '{"_is_null": True}')
            yield Is(field, Truth.NULL if value else Truth.NOT_NULL)
        elif name in COLUMNS:
            yield Compare(field, COLUMNS[name], _other(value, scope))
        else:
            meant = None if name in DISTANCES else comparison("_neq" if name == "_ne" else name, column.type)
            if meant is None:
                known = ", ".join(sorted(each for each in KNOWN if each in COLUMNS or comparison(each, column.type)))
                _refuse(scope, f"{column.name!r} is compared by {word!r}, which is no comparison of its type", known)
            condition = _condition(column, field, meant, value, scope)
            yield Not(condition) if meant.negated else condition


def _condition(column: Column, field: Field, meant: Comparison, value: Any, scope: Scope) -> Condition:
    type_ = meant.right or column.type
    if isinstance(value, ClaimSlot):
        path = value.__clause_element__().path
        return Compare(field, meant.operator, Claim(path, meant.many or type_.kind is Kind.ARRAY), meant.quantifier)
    if not meant.many:
        return Compare(field, meant.operator, Literal(_constant(column, value, type_, scope)), meant.quantifier)
    if not isinstance(value, list | tuple):
        _refuse(scope, f"{column.name!r}: {value!r} is no list", "a list of constants, or a claim that is one")
    if not value and (meant.operator is Operator.IN or meant.quantifier is not None):
        return FALSE
    texts = tuple(_constant(column, each, type_, scope) for each in value)
    return Compare(field, meant.operator, Literal(texts), meant.quantifier)


def _constant(column: Column, value: Any, type_: ColumnType, scope: Scope) -> str:
    if value is None:
        _refuse(scope, f"{column.name!r}: a comparison with null holds for no row", '{"_is_null": True}')
    try:
        if type_.kind is Kind.JSON:
            return msgspec.json.encode(value).decode()
        return constant_text(value, type_)
    except (ValueError, TypeError) as error:
        _refuse(scope, f"{column.name!r}: {error}", "a claim, or a constant of the column's type")


def _other(value: Any, scope: Scope) -> Field:
    parts = list(value) if isinstance(value, list | tuple) else [value]
    outer = 0
    if len(parts) == 2 and parts[0] == ROOT:
        parts = parts[1:]
        while scope.outer is not None:
            scope, outer = scope.outer, outer + 1
    name = parts[0] if len(parts) == 1 else None
    if not isinstance(name, str) or name not in scope.table.columns:
        hint = f"a column of the same row, or of the rule's own by ['$', name]: {', '.join(scope.table.columns)}"
        _refuse(scope, f"{scope.table.key} has no column {name if name is not None else value!r}", hint)
    return Field(name, outer=outer)


def _refuse(scope: Scope, what: str, hint: str) -> NoReturn:
    raise DeclarationError(what, where=scope.where, hint=hint)
