"""Reads what a value is compared with: `{_gt: 1, _lt: 9}`, of a column or of anything else that has a type.

A comparison with null is refused: it would hold for no row, or where it is left out, for all of them.
"""

from collections.abc import Iterator

import msgspec

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.comparisons import TEXT, Comparison, comparison, plain_name
from mainstay.core.condition import Compare, Condition, Field, Is, Literal, Measured, Not, Operator, Slot, Truth, both
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.spelling import check, listed, spelling
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import comparison_name, scalar_name

DISTANCES = {
    "_st_d_within": frozenset({"distance", "from", "use_spheroid"}),
    "_st_3d_d_within": frozenset({"distance", "from"}),
}
FLOAT = ColumnType(Kind.FLOAT, "float8")
INTEGER = ColumnType(Kind.INTEGER, "integer")
NUMERIC = ColumnType(Kind.NUMERIC, "numeric")
BOOLEAN = ColumnType(Kind.BOOLEAN, "boolean")
SHAPES = {
    "geometry": ColumnType(Kind.OTHER, "geography"),
    "geography": ColumnType(Kind.OTHER, "geometry"),
}


def casts(type_: ColumnType) -> dict[str, ColumnType]:
    """What `_cast` makes of a column of the type, by the names that it takes."""
    plain = plain_name(type_)
    found = TEXT if plain == "jsonb" else SHAPES.get(plain)
    return {} if found is None else {scalar_name(found): found}


def required(given: Given, type_name: str, place: str) -> Given:
    if given.value is None:
        raise invalid(f"unexpected null value for type '{type_name}'", place)
    return given


def read_comparisons(
    translation: Translation, type_: ColumnType, left: Measured, given: Given, place: str
) -> Condition:
    """All of them hold."""
    type_name = comparison_name(type_)
    members = translation.members(required(given, type_name, place), type_name, place)

    def conditions() -> Iterator[Condition]:
        for name, each in members.items():
            translation.count_term(f"{place}.{name}")
            yield read_comparison(translation, type_, left, name, each, f"{place}.{name}")

    return both(*conditions())


def read_comparison(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, type_: ColumnType, left: Measured, name: str, given: Given, place: str
) -> Condition:
    if name == "_is_null":
        return _null_test(translation, left, given, place)
    if name == "_cast" and isinstance(left, Field) and left.cast is None and casts(type_):
        return _cast(translation, type_, left, given, place)
    meant = comparison(name, type_)
    if meant is None:
        raise unknown(name, comparison_name(type_), place)
    condition = (
        _near(translation, type_, Compare(left, meant.operator, Literal(None)), name, given, place)
        if name in DISTANCES
        else Compare(left, meant.operator, _right(translation, meant, type_, given, place), meant.quantifier)
    )
    return Not(condition) if meant.negated else condition


def _right(translation: Translation, meant: Comparison, type_: ColumnType, given: Given, place: str) -> Slot:
    type_ = meant.right or type_
    if not meant.many:
        return _value(translation, type_, given, place)
    required(given, scalar_name(type_), place)
    for each in items_of(given):
        check(type_, each, place)
    spell = listed(spelling(type_), translation.limits.list_max, place)
    return translation.slot(given, spell, many=True)


def _value(translation: Translation, type_: ColumnType, given: Given, place: str) -> Slot:
    check(type_, given, place)
    return translation.slot(given, spelling(type_))


def _cast(translation: Translation, type_: ColumnType, left: Field, given: Given, place: str) -> Condition:
    """`{_cast: {String: {_like: "a%"}}}`"""
    type_name, known = cast_name(type_), casts(type_)
    members = translation.members(required(given, type_name, place), type_name, place)

    def conditions() -> Iterator[Condition]:
        for name, each in members.items():
            if name not in known:
                raise unknown(name, type_name, f"{place}.{name}")
            cast = msgspec.structs.replace(left, cast=plain_name(known[name]))
            yield read_comparisons(translation, known[name], cast, each, f"{place}.{name}")

    return both(*conditions())


def cast_name(type_: ColumnType) -> str:
    return f"{scalar_name(type_)}_cast_exp"


def _near(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, type_: ColumnType, compare: Compare, name: str, given: Given, place: str
) -> Compare:
    """`{distance: 5, from: {…}}`"""
    type_name = distance_name(name, type_)
    members = translation.members(required(given, type_name, place), type_name, place)
    for each in members:
        if each not in known_distances(name, type_):
            raise unknown(each, type_name, f"{place}.{each}")
    for each in ("distance", "from"):
        if each not in members:
            raise invalid(f"missing required field '{each}'", place)
    return msgspec.structs.replace(
        compare,
        right=_value(translation, type_, members["from"], f"{place}.from"),
        distance=_value(translation, FLOAT, members["distance"], f"{place}.distance"),
        spheroid=_value(translation, BOOLEAN, members["use_spheroid"], f"{place}.use_spheroid")
        if "use_spheroid" in members
        else None,
    )


def distance_name(name: str, type_: ColumnType) -> str:
    return f"{name[1:]}_{scalar_name(type_)}_input"


def known_distances(name: str, type_: ColumnType) -> frozenset[str]:
    """The members of what a comparison by distance takes."""
    return DISTANCES[name] - (frozenset() if plain_name(type_) == "geography" else {"use_spheroid"})


def _null_test(translation: Translation, left: Measured, given: Given, place: str) -> Condition:
    """As a comparison, which a plan never takes for a test of the related rows that are called like the column."""
    wanted = translation.variables.pin(given)
    if not isinstance(wanted, bool):
        raise invalid("expected a boolean for type 'Boolean'", place)
    if not isinstance(left, Field):
        return Is(left, Truth.NULL if wanted else Truth.NOT_NULL)
    there = Compare(left, Operator.IS_DISTINCT, Literal(None))
    return Not(there) if wanted else there
