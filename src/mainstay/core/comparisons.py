"""Comparisons by the names that Hasura v2 has for them, and which types of columns have each.

Whoever reads such a grammar, from a request or from a policy written as data, asks here; nothing here reads a value.
"""

from collections.abc import Callable, Mapping

import msgspec

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.condition import Operator, Quantifier

TEXT = ColumnType(Kind.TEXT, "text")
CONTAINERS = frozenset({Kind.JSON, Kind.ARRAY, Kind.RANGE})


def _anything(_: ColumnType) -> bool:
    return True


def _ordered(type_: ColumnType) -> bool:
    return type_.kind is not Kind.CHOICE


def _text(type_: ColumnType) -> bool:
    return type_.kind is Kind.TEXT or (type_.kind is Kind.OTHER and not (_tree(type_) or _shape(type_)))


def _container(type_: ColumnType) -> bool:
    return type_.kind in CONTAINERS and plain_name(type_) != "json"


def _document(type_: ColumnType) -> bool:
    return plain_name(type_) == "jsonb"


def _tree(type_: ColumnType) -> bool:
    return plain_name(type_) == "ltree"


def _geometry(type_: ColumnType) -> bool:
    return plain_name(type_) == "geometry"


def _shape(type_: ColumnType) -> bool:
    return plain_name(type_) in ("geometry", "geography")


class Comparison(msgspec.Struct, frozen=True):
    """What a name stands for. `of` says of a column's type whether it has the comparison.

    The right side is of the column's type, or of `right`; with `many` it is a list of such values.
    """

    operator: Operator
    negated: bool = False
    quantifier: Quantifier | None = None
    many: bool = False
    of: Callable[[ColumnType], bool] = _anything
    right: ColumnType | None = None


def _pattern(operator: Operator, *, negated: bool = False) -> Comparison:
    return Comparison(operator, negated, of=_text, right=TEXT)


PLAIN: Mapping[str, Operator] = {
    "_eq": Operator.EQ,
    "_neq": Operator.NEQ,
    "_gt": Operator.GT,
    "_gte": Operator.GTE,
    "_lt": Operator.LT,
    "_lte": Operator.LTE,
}
SHAPES: Mapping[str, Operator] = {
    "_st_contains": Operator.ST_CONTAINS,
    "_st_crosses": Operator.ST_CROSSES,
    "_st_equals": Operator.ST_EQUALS,
    "_st_3d_intersects": Operator.ST_3DINTERSECTS,
    "_st_overlaps": Operator.ST_OVERLAPS,
    "_st_touches": Operator.ST_TOUCHES,
    "_st_within": Operator.ST_WITHIN,
    "_st_3d_d_within": Operator.ST_3DDWITHIN,
}
LQUERY = ColumnType(Kind.OTHER, "lquery")
LTXTQUERY = ColumnType(Kind.OTHER, "ltxtquery")

COMPARISONS: Mapping[str, Comparison] = {
    "_eq": Comparison(Operator.EQ),
    "_neq": Comparison(Operator.NEQ),
    **{name: Comparison(operator, of=_ordered) for name, operator in PLAIN.items() if name not in ("_eq", "_neq")},
    "_in": Comparison(Operator.IN, many=True),
    "_nin": Comparison(Operator.IN, negated=True, many=True),
    "_like": _pattern(Operator.LIKE),
    "_nlike": _pattern(Operator.LIKE, negated=True),
    "_ilike": _pattern(Operator.ILIKE),
    "_nilike": _pattern(Operator.ILIKE, negated=True),
    "_similar": _pattern(Operator.SIMILAR),
    "_nsimilar": _pattern(Operator.SIMILAR, negated=True),
    "_regex": _pattern(Operator.MATCH),
    "_nregex": _pattern(Operator.MATCH, negated=True),
    "_iregex": _pattern(Operator.IMATCH),
    "_niregex": _pattern(Operator.IMATCH, negated=True),
    "_contains": Comparison(Operator.CS, of=_container),
    "_contained_in": Comparison(Operator.CD, of=_container),
    "_has_key": Comparison(Operator.HAS_KEY, of=_document, right=TEXT),
    "_has_keys_any": Comparison(Operator.HAS_ANY, of=_document, right=TEXT, many=True),
    "_has_keys_all": Comparison(Operator.HAS_ALL, of=_document, right=TEXT, many=True),
    "_ancestor": Comparison(Operator.CS, of=_tree),
    "_ancestor_any": Comparison(Operator.CS, quantifier=Quantifier.ANY, of=_tree, many=True),
    "_descendant": Comparison(Operator.CD, of=_tree),
    "_descendant_any": Comparison(Operator.CD, quantifier=Quantifier.ANY, of=_tree, many=True),
    "_matches": Comparison(Operator.LMATCH, of=_tree, right=LQUERY),
    "_matches_any": Comparison(Operator.LMATCH, quantifier=Quantifier.ANY, of=_tree, right=LQUERY, many=True),
    "_matches_fulltext": Comparison(Operator.LTXTMATCH, of=_tree, right=LTXTQUERY),
    **{name: Comparison(operator, of=_geometry) for name, operator in SHAPES.items()},
    "_st_intersects": Comparison(Operator.ST_INTERSECTS, of=_shape),
    "_st_d_within": Comparison(Operator.ST_DWITHIN, of=_shape),
}
"""All but those with a column, COLUMNS, and `_is_null`, which is no comparison of values."""

COLUMNS: Mapping[str, Operator] = {f"_c{name[1:]}": operator for name, operator in PLAIN.items()} | {
    "_cne": Operator.NEQ
}
"""Those of a column with another one."""


def comparison(name: str, type_: ColumnType) -> Comparison | None:
    """What the name means of a column of the type; None where it has none such."""
    found = COMPARISONS.get(name)
    return found if found is not None and found.of(type_) else None


def plain_name(type_: ColumnType) -> str:
    """The type's own name, without its schema and a modifier."""
    return type_.name.partition("(")[0].rpartition(".")[2].strip('"').lower()
