"""PocketBase with the flights in its SQLite file, and relation fields that its `expand` follows.

Its API makes the collections; the rows go straight into the file, as its API would take half an hour for them.
PocketBase has no nulls: an unknown number is 0 there and an unknown text empty. Its log of requests is switched off.
"""

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import msgspec
from asyncpg import Connection, Record
from sqlalchemy import Table
from sqlalchemy.types import DateTime, Double, Integer, TypeEngine

from bench.cases import EMBED_ROWS, NEW_YEAR, PAGE_ROWS, USERS, Case, Content, Key, User, normal, without_key
from bench.database import Database
from bench.load import Request
from bench.process import DIRECTORY, Process, free_port
from examples.flights.models import Airline, Airport, Flight, Plane

TABLES = [cast("Table", model.__table__) for model in (Airline, Airport, Plane, Flight)]
"""Those that a case asks for, parents first."""

KEYS = {"airlines": "carrier", "airports": "faa", "planes": "tailnum", "flights": "id"}
"""The column that becomes a record's id."""

RELATIONS = {"carrier": "airlines", "tailnum": "planes", "origin": "airports", "dest": "airports"}
"""The columns of `flights` that lead to other collections."""

ID = {"name": "id", "type": "text", "primaryKey": True, "required": True, "system": True}
ID |= {"autogeneratePattern": "[a-z0-9]{15}", "min": 15, "max": 15, "pattern": "^[a-z0-9]+$"}
"""PocketBase's own default. Where capitals may be in an id, each insert searches the table for it in any case."""

CODE = ID | {"min": 1, "max": 15, "pattern": "^[A-Za-z0-9]+$"}
"""For the collections that nobody inserts into: the data's own codes."""

EMAIL, PASSWORD = "bench@example.com", "nobody needs to keep it"
TOKEN_SECONDS = 12 * 3600
JSON = ("Content-Type", "application/json")
RECORDS = "/api/collections/flights/records"


class PocketBase:
    name = "pocketbase"
    cases: Sequence[Case] = tuple(Case)

    def __init__(self, database: Database) -> None:
        self.database = database
        self.directory = DIRECTORY / "pocketbase"
        self.file = self.directory / "data.db"
        self.port = free_port()
        self.process: Process | None = None
        self.tokens: dict[User, str] = {}

    def start(self) -> None:
        filled = self.directory / "filled"
        if not filled.exists():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.command("superuser", "upsert", EMAIL, PASSWORD)
        self.process = Process(self.name, [*self.pocketbase(), "serve", f"--http=127.0.0.1:{self.port}"], {})
        self.process.wait(self.port, "/api/health")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as api:
            login = {"identity": EMAIL, "password": PASSWORD}
            api.headers["Authorization"] = post(api, "collections/_superusers/auth-with-password", login)["token"]
            if not filled.exists():
                create_collections(api)
                self.copy_rows()
                create_users(api)
                filled.touch()
            self.tokens = {user: read_token(api, user) for user in USERS}
        self.remove_inserted()

    def pocketbase(self) -> list[str]:
        binary = Path(sysconfig.get_path("scripts"), "pocketbase")
        return [str(binary), f"--dir={self.directory}", "--automigrate=false"]

    def command(self, *arguments: str) -> None:
        subprocess.run([*self.pocketbase(), *arguments], check=True, stdout=subprocess.DEVNULL)

    def copy_rows(self) -> None:
        for table in TABLES:
            rows = self.database.ask(partial(fetch_all, table=table))
            names = ["id" if column.name == KEYS[table.name] else column.name for column in table.columns]
            insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
            with self.sqlite() as connection:
                connection.executemany(insert, (stored(table, row) for row in rows))
        with self.sqlite() as connection:
            connection.execute("ANALYZE")

    @contextlib.contextmanager
    def sqlite(self) -> Iterator[sqlite3.Connection]:
        """The server's file, in a transaction."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            yield connection

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def request(self, case: Case, key: Key) -> Request:
        match case:
            case Case.KEY:
                return Request("GET", f"{RECORDS}/{padded(key.flight)}")
            case Case.PAGE:
                after = quote(f"id > '{padded(key.flight)}'")
                return Request("GET", f"{RECORDS}?filter={after}&sort=id&perPage={PAGE_ROWS}&skipTotal=1")
            case Case.EMBED:
                # From the flights' side, as the plane's own `expand` fetches all of its flights and can't sort them.
                own = quote(f"tailnum = '{key.tailnum}'")
                latest = f"filter={own}&sort=-time_hour,-id&perPage={EMBED_ROWS}&skipTotal=1"
                return Request("GET", f"{RECORDS}?{latest}&expand=tailnum,carrier,dest")
            case Case.CLAIM:
                path = f"/api/collections/own_flights/records/{padded(key.flight)}"
                return Request("GET", path, (("Authorization", self.tokens[cast("User", key.user)]),))
            case Case.INSERT:
                headers = (JSON, ("Authorization", self.tokens[cast("User", key.user)]))
                return Request("POST", f"{RECORDS}?fields=id", headers, json.dumps(without_key(key.row)))

    def expanded(self, key: Key) -> Request:
        """The embed from the plane's side: all of its flights, as `expand` neither sorts nor limits."""
        latest = "flights_via_tailnum.carrier,flights_via_tailnum.dest"
        return Request("GET", f"/api/collections/planes/records/{key.tailnum}?expand={latest}")

    def content(self, case: Case, body: bytes) -> Content:
        answer = msgspec.json.decode(body)
        match case:
            case Case.PAGE:
                return [row(record) for record in answer["items"]]
            case Case.EMBED:
                records = answer["items"]
                return row(records[0]["expand"]["tailnum"]) | {"flights": [with_parents(record) for record in records]}
            case _:
                return row(answer)

    def can_hold(self, content: Content) -> Content:
        """The same with what stands for null."""
        match content:
            case dict():
                return {
                    name: self.can_hold(BLANK.get(name) if value is None else value) for name, value in content.items()
                }
            case list():
                return [self.can_hold(value) for value in content]
            case _:
                return content

    def inserted(self) -> Sequence[Content]:
        with self.sqlite() as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute("SELECT * FROM flights WHERE year = ?", [NEW_YEAR])
            return [without_key(normal(dict(record))) for record in rows]

    def remove_inserted(self) -> None:
        with self.sqlite() as connection:
            connection.execute("DELETE FROM flights WHERE year = ?", [NEW_YEAR])
        with self.sqlite() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def fetch_all(connection: Connection, table: Table) -> list[Record]:
    rows: list[Record] = await connection.fetch(f"SELECT * FROM {table.name}")
    return rows


def blank(kind: TypeEngine[Any]) -> object:
    return 0 if isinstance(kind, Integer | Double) else ""


BLANK = {column.name: blank(column.type) for table in TABLES for column in table.columns}
"""What PocketBase has in each column where the data have null. Airlines and airports aren't columns, so are missing."""


def padded(number: int) -> str:
    """A flight's number as PocketBase's 15 characters, in the same order."""
    return f"{number:015d}"


def stored(table: Table, record: Record) -> list[object]:
    """A row as PocketBase keeps it."""
    values: list[object] = []
    for column in table.columns:
        value = record[column.name]
        if column.name == "id":
            value = padded(value)
        elif value is None:
            value = BLANK[column.name]
        elif isinstance(column.type, DateTime):
            value = value.strftime("%Y-%m-%d %H:%M:%S.000Z")
        values.append(value)
    return values


def row(record: dict[str, Any]) -> Content:
    """A record as the row that it was: without what PocketBase adds, its id the key again."""
    collection = record["collectionName"].removeprefix("own_")
    key = int(record["id"]) if collection == "flights" else record["id"]
    added = ("collectionId", "collectionName", "expand", "id")
    return normal({name: value for name, value in record.items() if name not in added} | {KEYS[collection]: key})


def with_parents(record: dict[str, Any]) -> Content:
    parents = record["expand"]
    destination = row(parents["dest"]) if "dest" in parents else None
    return row(record) | {"airline": row(parents["carrier"]), "destination": destination}


def create_collections(api: httpx.Client) -> None:
    api.patch("/api/settings", json={"logs": {"maxDays": 0}}).raise_for_status()
    made: dict[str, str] = {}
    for table in TABLES:
        relations = RELATIONS if table.name == "flights" else {}
        fields = [field(column.name, column.type, made.get(relations.get(column.name, ""))) for column in table.columns]
        key = ID if table.name == "flights" else CODE
        fields = [key, *(each for each in fields if each["name"] != KEYS[table.name])]
        collection = {"name": table.name, "type": "base", "fields": fields, "listRule": "", "viewRule": ""}
        if table.name == "flights":
            collection |= {"createRule": "@request.auth.id != ''", "indexes": indexes(table)}
        made[table.name] = post(api, "collections", collection)["id"]
    own = {"name": "own_flights", "type": "view", "viewRule": "carrier = @request.auth.carrier"}
    post(api, "collections", own | {"viewQuery": f"SELECT {', '.join(Flight.__table__.columns.keys())} FROM flights"})
    carrier = field("carrier", Flight.carrier.type, made["airlines"])
    post(api, "collections", {"name": "dispatchers", "type": "auth", "fields": [carrier]})


def create_users(api: httpx.Client) -> None:
    for user in USERS:
        secret = {"password": PASSWORD, "passwordConfirm": PASSWORD}
        dispatcher = {"email": f"{user.name}@example.com", "carrier": user.carrier}
        post(api, "collections/dispatchers/records", dispatcher | secret)


def field(name: str, kind: TypeEngine[Any], related: str | None) -> dict[str, Any]:
    if related:
        return {"name": name, "type": "relation", "collectionId": related, "maxSelect": 1}
    match kind:
        case Integer():
            return {"name": name, "type": "number", "onlyInt": True}
        case Double():
            return {"name": name, "type": "number"}
        case DateTime():
            return {"name": name, "type": "date"}
        case _:
            return {"name": name, "type": "text"}


def indexes(table: Table) -> list[str]:
    """The same as PostgreSQL has."""
    made = []
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        columns = ", ".join(str(expression).replace(f"{table.name}.", "") for expression in index.expressions)
        made.append(f"CREATE INDEX {index.name} ON {table.name} ({columns})")
    return made


def read_token(api: httpx.Client, user: User) -> str:
    found = api.get("/api/collections/dispatchers/records", params={"filter": f"email = '{user.name}@example.com'"})
    number = found.raise_for_status().json()["items"][0]["id"]
    token: str = post(api, f"collections/dispatchers/impersonate/{number}", {"duration": TOKEN_SECONDS})["token"]
    return token


def post(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = api.post(f"/api/{path}", json=body)
    if response.is_error:
        raise RuntimeError(f"PocketBase refused {path}: {response.text}")
    answer: dict[str, Any] = response.json()
    return answer
