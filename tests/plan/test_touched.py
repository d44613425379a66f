"""What a plan reads, and of which rows a change can matter."""

import pytest

from cinema.app import cinema
from mainstay.core.catalog import TableKey
from mainstay.core.condition import (
    Aggregate,
    Claim,
    Compare,
    Condition,
    Exists,
    Field,
    Not,
    Operator,
    Or,
    Slot,
    Through,
)
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Pick, Read, Shape, TableRef, Tally, Together
from mainstay.plan.decide import decide
from mainstay.plan.touched import Touched, touched

CINEMA = cinema()


def equal(column: str, slot: int = 0) -> Condition:
    return Compare(Field(column), Operator.EQ, Slot(slot))


def of(shape: Shape, role: str = "owner") -> Touched:
    return touched(decide(shape, role, CINEMA.catalog, CINEMA.policy, Limits()), CINEMA.catalog)


def told(shape: Shape, role: str = "owner") -> set[str]:
    """`films.id=0`: films, of which rows matter whose id is the value of slot 0."""
    return {_told(touch.table, touch.equal) for touch in of(shape, role).touches}


def _told(table: TableKey | None, columns: tuple[object, ...]) -> str:
    if table is None:
        return "anything"
    parts = [f".{name}={_source(source)}" for name, _, source in columns]  # type: ignore[misc]
    return table.name + "".join(parts)


def _source(source: object) -> str:
    return (
        str(source.index) if isinstance(source, Slot) else ".".join(source.path) if isinstance(source, Claim) else "?"
    )


ID = (Pick(Field("id")),)
CASES: list[tuple[Read | Together, set[str]]] = [
    (Read(TableRef("films"), ID), {"films"}),
    (Read(TableRef("films"), ID, equal("id")), {"films.id=0"}),
    (Read(TableRef("films"), ID, Not(equal("id"))), {"films"}),
    (Read(TableRef("films"), ID, Or((equal("id"), equal("year", 1)))), {"films"}),
    (Read(TableRef("films"), ID, Compare(Field("id"), Operator.GT, Slot(0))), {"films"}),
    (Read(TableRef("films"), ID, equal("rating")), {"films"}),
    (Read(TableRef("films"), ID, Compare(Field("id", cast="text"), Operator.EQ, Slot(0))), {"films"}),
    (
        Read(TableRef("films"), (*ID, Embed("reviews", select=ID), Embed("directors", select=ID)), equal("id")),
        {"films.id=0", "reviews.film_id=0", "directors"},
    ),
    (
        Read(TableRef("films"), (*ID, Embed("tags", select=ID)), equal("id")),
        {"films.id=0", "film_tags.film_id=0", "tags"},
    ),
    (
        Read(TableRef("films"), ID, Through("reviews", equal("author_id"))),
        {"films", "reviews.author_id=0"},
    ),
    (
        Read(TableRef("films"), ID, Exists(TableKey("public", "reviews"), equal("film_id"))),
        {"films", "reviews.film_id=0"},
    ),
    (
        Read(
            TableRef("films"),
            ID,
            Exists(TableKey("public", "tags"), Compare(Field("id"), Operator.EQ, Field("decade", outer=1))),
        ),
        {"films", "tags", "anything"},
    ),
    (
        Read(TableRef("films"), (), equal("id"), summary=(Tally("n", Aggregate.COUNT),)),
        {"films.id=0"},
    ),
    (
        Together((("a", Read(TableRef("films"), ID, equal("id"))), ("b", Read(TableRef("tags"), ID)), ("c", "text"))),
        {"films.id=0", "tags"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "expected"), CASES)
def test_a_read_touches_its_tables_and_the_rows_that_can_matter(shape: Read | Together, expected: set[str]) -> None:
    assert told(shape) == expected


def test_a_rules_tables_and_claims_are_touched_too() -> None:
    assert told(Read(TableRef("films"), ID), "critic") == {"films", "reviews.author_id=sub"}
    assert told(Read(TableRef("reviews"), ID), "member") == {"reviews"}
    assert told(Read(TableRef("reviews"), ID, equal("film_id")), "member") == {"reviews.film_id=0"}


def test_what_is_computed_may_read_anything() -> None:
    computed = next(name for name, column in CINEMA.catalog.tables[FILMS].columns.items() if column.computed)
    assert told(Read(TableRef("films"), (Pick(Field(computed)),))) == {"films", "anything"}


FILMS = TableKey("public", "films")
