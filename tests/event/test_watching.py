"""How a value is spelt, so that two spellings of one are not taken for two."""

import asyncio

import asyncpg
import pytest

from mainstay.core.catalog import Kind, TableKey
from mainstay.core.change import Change
from mainstay.event.watch import spelt
from mainstay.stores.postgres.announce import installation, quoted, read_notice

UUID = "00000000-0000-4000-8000-00000000000a"
SPELT: list[tuple[Kind, str | None, str | None]] = [
    (Kind.INTEGER, "5", "5"),
    (Kind.INTEGER, " 05", "5"),
    (Kind.INTEGER, "+5", "5"),
    (Kind.INTEGER, "0x5", None),
    (Kind.INTEGER, None, None),
    (Kind.UUID, UUID.upper(), UUID),
    (Kind.UUID, f"{{{UUID}}}", UUID),
    (Kind.UUID, "no", None),
    (Kind.TEXT, "Ada ", "Ada "),
    (Kind.NUMERIC, "5", None),
]


@pytest.mark.parametrize(("kind", "value", "expected"), SPELT)
def test_a_value_is_spelt_as_the_database_does_or_not_known(
    kind: Kind, value: str | None, expected: str | None
) -> None:
    assert spelt(kind, value) == expected


NOTICES: list[tuple[str, Change | None]] = [
    ('["public","films"]', Change(TableKey("public", "films"))),
    ('["public","films",{"id":["1","2"]}]', Change(TableKey("public", "films"), {"id": frozenset({"1", "2"})})),
    ("", None),
    ("[]", None),
    ('["public"]', None),
    ("[1, 2]", None),
    ('["public","films",{"id":[1]}]', None),
    ("not JSON", None),
    ("{}", None),
]


@pytest.mark.parametrize(("payload", "change"), NOTICES)
def test_a_notice_of_another_form_means_that_anything_may_have_changed(payload: str, change: Change | None) -> None:
    assert read_notice(payload) == change


@pytest.mark.parametrize("column", ["""k'"\\ {x}""", "number", "notice", "told", "said", "rows", "value0", "values0"])
def test_names_are_quoted_whatever_is_in_them(database: str, column: str) -> None:
    table = """a "b" 'c' \\d {e} %s"""
    heard: list[str] = []

    async def main() -> None:
        connection = await asyncpg.connect(database)
        await connection.execute(f"CREATE SCHEMA mainstay; CREATE TABLE {quoted(table)} ({quoted(column)} int)")
        for statement in installation(TableKey("public", table), [column]):
            await connection.execute(statement)
        await connection.add_listener("mainstay_live", lambda *notice: heard.append(notice[-1]))
        await connection.execute(f"INSERT INTO {quoted(table)} VALUES (7)")
        await connection.close()

    asyncio.run(main())
    expected = Change(TableKey("public", table), {column: frozenset({"7"})})
    assert [read_notice(payload) for payload in heard] == [expected]
