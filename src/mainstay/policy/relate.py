"""EXISTS over related rows → the catalog's relation that it walks.

`relationship.has(...)` and `.any(...)` are EXISTS in SQLAlchemy. An EXISTS is taken apart into join terms,
which must be exactly one relation's pairs, and terms about the related row. What is not exactly a relation is refused.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import msgspec
from sqlalchemy import Alias, BindParameter, ColumnClause, Exists, FromClause, Select, TableClause
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, ExpressionClauseList, TextClause

from mainstay.core.catalog import Relation
from mainstay.policy.scope import Scope, is_equality_of_columns, refuse, ungroup

# What makes a SELECT more than FROM and WHERE: EXISTS over any of these may mean something else.
EXTRAS = (
    "_having_criteria",
    "_group_by_clauses",
    "_setup_joins",
    "_memoized_select_entities",
    "_limit_clause",
    "_offset_clause",
    "_fetch_clause",
    "_for_update_arg",
    "_prefixes",
    "_suffixes",
    "_independent_ctes",
)
Pair = tuple[str, str]


class Walk(msgspec.Struct, frozen=True, eq=False):
    """An EXISTS as a relation: its index, and the terms about the related row and about the junction's."""

    relation: int
    target: Scope
    terms: tuple[Any, ...]
    middle: Scope | None = None
    middle_terms: tuple[Any, ...] = ()


class Parts(msgspec.Struct, frozen=True, eq=False):
    """An EXISTS taken apart: the scopes that it selects from, its join terms, and its other terms."""

    inner: tuple[Scope, ...]
    joins: tuple[Any, ...]
    terms: tuple[Any, ...]


def walk(exists: Exists, scope: Scope) -> Walk:
    """Raises DeclarationError where no relation of the scope's table is exactly this."""
    select = _select_of(exists, scope)
    inner = tuple(_inner_scopes(exists, select, scope))
    terms = tuple(_terms(select))
    joins = tuple(term for term in terms if _is_join(term, (scope, *inner)))
    parts = Parts(inner, joins, tuple(term for term in terms if not any(term is join for join in joins)))
    found = _direct(parts, scope) if len(inner) == 1 else _through(parts, scope)
    if found is None:
        joined = " and ".join(" ".join(str(join).split()) for join in joins) or "nothing"
        refuse(
            exists,
            scope,
            f"{scope.table.key} has no relation that joins by {joined}",
            f"its relations are {_relations(scope)}; declare a relationship and use its has() or any()",
        )
    return found


def _select_of(exists: Exists, scope: Scope) -> Select[Any]:
    select: Any = exists.element
    while not isinstance(select, Select) and hasattr(select, "element"):
        select = select.element
    if not isinstance(select, Select):
        refuse(exists, scope, "only EXISTS over one plain SELECT is a relation", "use a relationship's has() or any()")
    extra = any(_is_said(getattr(select, name, None)) for name in EXTRAS)
    if extra or select._distinct or any(map(_computes, select._raw_columns)):
        refuse(exists, scope, "its SELECT is more than FROM and WHERE", "use a relationship's has() or any()")
    return select


def _is_said(part: Any) -> bool:
    return part is not None and not (isinstance(part, tuple | list) and not part)


def _computes(column: Any) -> bool:
    """True where a SELECT's column might be an aggregate: then EXISTS holds without any row."""
    return not isinstance(column, TableClause | Alias | ColumnClause | TextClause | BindParameter)


def _inner_scopes(exists: Exists, select: Select[Any], scope: Scope) -> Iterator[Scope]:
    """The scopes of the tables that the EXISTS brings in; what remains must be the scope's own row."""
    froms = [source for source in select.get_final_froms() if not scope.holds(source)]
    if not _correlates(select, scope, froms):
        refuse(exists, scope, "it is not about the row of the table around it", "use a relationship's has() or any()")
    if not 1 <= len(froms) <= 2:
        refuse(exists, scope, "it selects from other than one related table", "use a relationship's has() or any()")
    for source in froms:
        inner = scope.inside(source)
        if inner is None:
            refuse(exists, scope, f"{source} is no table of the catalog", "use a relationship's has() or any()")
        yield inner


def _correlates(select: Select[Any], scope: Scope, inner: list[FromClause]) -> bool:
    """True where SQL would take `inner` from the EXISTS itself and all else from the scope's row."""
    kept_inside = select._correlate_except
    if kept_inside is not None:
        return all(source in kept_inside for source in inner) and not any(map(scope.holds, kept_inside))
    if select._correlate:
        return all(map(scope.holds, select._correlate))
    outer = scope.outer
    while outer is not None:
        if any(map(outer.holds, inner)):
            return False
        outer = outer.outer
    return select._auto_correlate


def _terms(select: Select[Any]) -> Iterator[Any]:
    for criterion in select._where_criteria:
        yield from _conjuncts(criterion)


def _conjuncts(element: Any) -> Iterator[Any]:
    element = ungroup(element)
    if isinstance(element, BooleanClauseList | ExpressionClauseList) and element.operator is operators.and_:
        for part in element.clauses:
            yield from _conjuncts(part)
    else:
        yield element


def _is_join(term: Any, scopes: tuple[Scope, ...]) -> bool:
    if not is_equality_of_columns(term) or term.operator is not operators.eq:
        return False
    left, right = (_owner(side, scopes) for side in (term.left, term.right))
    return left is not None and right is not None and left is not right


def _owner(element: Any, scopes: tuple[Scope, ...]) -> Scope | None:
    source = ungroup(element).table
    return next((scope for scope in scopes if source is not None and scope.holds(source)), None)


def _pairs(joins: tuple[Any, ...], first: Scope, second: Scope) -> frozenset[Pair]:
    """(first's column, second's column) of each join term between the two."""
    found = set()
    for join in joins:
        left, right = ungroup(join.left), ungroup(join.right)
        if first.holds(left.table) and second.holds(right.table):
            found.add((left.name, right.name))
        elif first.holds(right.table) and second.holds(left.table):
            found.add((right.name, left.name))
    return frozenset(found)


def _direct(parts: Parts, scope: Scope) -> Walk | None:
    (target,) = parts.inner
    pairs = _pairs(parts.joins, scope, target)
    for index, relation in enumerate(scope.table.relations):
        if relation.junction is None and relation.target == target.table.key and frozenset(relation.pairs) == pairs:
            return Walk(index, target, parts.terms)
    return None


def _through(parts: Parts, scope: Scope) -> Walk | None:
    for target, middle in permutations(parts.inner):
        if _pairs(parts.joins, scope, target):
            continue
        source_pairs = _pairs(parts.joins, scope, middle)
        target_pairs = _pairs(parts.joins, target, middle)
        for index, relation in enumerate(scope.table.relations):
            if relation.target == target.table.key and _joins_by(relation, middle, source_pairs, target_pairs):
                about_middle = [_is_about(term, middle) for term in parts.terms]
                return Walk(
                    relation=index,
                    target=target,
                    terms=tuple(term for term, yes in zip(parts.terms, about_middle, strict=True) if not yes),
                    middle=middle,
                    middle_terms=tuple(term for term, yes in zip(parts.terms, about_middle, strict=True) if yes),
                )
    return None


def _joins_by(relation: Relation, middle: Scope, source_pairs: frozenset[Pair], target_pairs: frozenset[Pair]) -> bool:
    junction = relation.junction
    return (
        junction is not None
        and junction.table == middle.table.key
        and frozenset(junction.source_pairs) == source_pairs
        and frozenset(junction.target_pairs) == target_pairs
    )


def _is_about(element: Any, scope: Scope) -> bool:
    """True where the term names a column of the scope; what an EXISTS in it selects from is its own."""
    if isinstance(element, ColumnClause):
        return element.table is not None and scope.holds(element.table)
    if isinstance(element, Exists):
        return False
    return any(_is_about(part, scope) for part in element.get_children())


def _relations(scope: Scope) -> str:
    spelled = []
    for relation in scope.table.relations:
        pairs = relation.junction.source_pairs if relation.junction else relation.pairs
        columns = ", ".join(left for left, _ in pairs)
        spelled.append(f"{relation.name or relation.constraint or '?'} ({columns} → {relation.target})")
    return "; ".join(spelled) or "none"
