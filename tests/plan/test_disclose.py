"""What PostgreSQL says of a refused write, for those who see all of the table and for those who see a part."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import ForeignKey, true
from sqlalchemy.dialects.postgresql import INT4RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mainstay import Mainstay, claim
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from mainstay.evolve.sync import create_missing

SECRET = "a secret that only these tests share"
ROWS = """
INSERT INTO rooms VALUES ('red', 'ann'), ('blue', 'zoe');
INSERT INTO bookings VALUES (1, 'ann', 'red', 10, '[1,3)'), (2, 'zoe', 'blue', 77, '[70,78)');
"""


class Base(DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "rooms"
    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]


class Booking(Base):
    __tablename__ = "bookings"
    __table_args__ = (ExcludeConstraint(("hours", "&&"), name="bookings_overlap"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    guest: Mapped[str]
    room: Mapped[str] = mapped_column(ForeignKey("rooms.name", name="bookings_room"))
    price: Mapped[int] = mapped_column(unique=True)
    hours: Mapped[Range[int]] = mapped_column(INT4RANGE)


@pytest.fixture
def app(database: str) -> Mainstay:
    async def fill() -> None:
        connection: Any = await asyncpg.connect(database)
        await create_missing(connection, (Base.metadata,))
        await connection.execute(ROWS)
        await connection.close()

    asyncio.run(fill())
    app = Mainstay(Base, database_url=database, jwt_secret=SECRET)
    own = Booking.guest == claim.sub
    everyone = app.role("everyone")  # reads every row
    for model in (Booking, Room):
        everyone.may("all", model, columns="*", unfiltered=True)
    guest = app.role("guest")  # reads every column of the rows of its own
    guest.may("read", Booking, columns="*", rows=own)
    guest.may("read", Room, columns="*", rows=Room.owner == claim.sub)
    guest.may(["create", "update", "delete"], Booking, columns="*", rows=true(), check=true(), unfiltered=True)
    guest.may("delete", Room, unfiltered=True)
    clerk = app.role("clerk")  # reads a part of the columns
    clerk.may("read", Booking, columns=["id", "hours"])
    clerk.may("create", Booking, columns="*")
    return app


def refusal(app: Mainstay, role: str, method: str, target: str, body: str = "") -> tuple[str, str, str | None]:
    """Code, message and details."""

    async def ask() -> Any:
        await app.start()
        try:
            token = issue_token(SECRET, {"role": role, "sub": "ann"})
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            path, _, query = target.partition("?")
            return await app.handle(Request(method, f"/rest/v1/{path}", query, headers, body.encode()))
        finally:
            await app.stop()

    said = asyncio.run(ask())
    problem: dict[str, Any] = msgspec.json.decode(said.body)
    return problem["code"], problem["message"], problem["details"]


NEW = '{"id": %d, "guest": "ann", "room": "%s", "price": %d, "hours": "%s"}'
UNIQUE = ("POST", "bookings", NEW % (2, "red", 1, "[5,6)"))
EXCLUDED = ("POST", "bookings", NEW % (9, "red", 1, "[72,74)"))
REFERRING = ("POST", "bookings", NEW % (9, "green", 1, "[5,6)"))
REFERRED = ("DELETE", "rooms?name=eq.red", "")


@pytest.mark.parametrize(
    ("request_", "details"),
    [
        (UNIQUE, "Key (id)=(2) already exists."),
        (EXCLUDED, "Key (hours)=([72,74)) conflicts with existing key (hours)=([70,78))."),
        (REFERRING, 'Key (room)=(green) is not present in table "rooms".'),
        (REFERRED, 'Key (name)=(red) is still referenced from table "bookings".'),
    ],
)
def test_who_reads_every_row_is_told_what_postgresql_says(
    request_: tuple[str, str, str], details: str, app: Mainstay
) -> None:
    assert refusal(app, "everyone", *request_)[2] == details


@pytest.mark.parametrize(
    ("request_", "constraint"),
    [
        (UNIQUE, "bookings_pkey"),
        (EXCLUDED, "bookings_overlap"),
        (REFERRING, "bookings_room"),
        (REFERRED, "bookings_room"),
    ],
)
def test_who_reads_some_rows_is_told_the_constraint_and_no_value(
    request_: tuple[str, str, str], constraint: str, app: Mainstay
) -> None:
    _, message, details = refusal(app, "guest", *request_)
    assert constraint in message
    assert details is None


def test_an_update_of_hidden_rows_quotes_none_of_them(app: Mainstay) -> None:
    for body in ('{"price": 5}', '{"hours": "[1,3)"}', '{"room": null}'):
        code, message, details = refusal(app, "guest", "PATCH", "bookings", body)
        assert code[:2] == "23"
        assert "77" not in message
        assert details is None


@pytest.mark.parametrize("request_", [UNIQUE, EXCLUDED, REFERRING])
def test_who_reads_some_columns_is_told_the_code_alone(request_: tuple[str, str, str], app: Mainstay) -> None:
    _, message, details = refusal(app, "clerk", *request_)
    assert "bookings" not in message
    assert details is None
