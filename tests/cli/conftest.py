"""A project with an app in it, and the command `mainstay` run in it as a process of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

Done: TypeAlias = "subprocess.CompletedProcess[str]"
Run: TypeAlias = Callable[..., Done]

APP = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay import Mainstay, claim, excluding


class Base(DeclarativeBase):
    pass


class Director(Base):
    __tablename__ = "directors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Film(Base):
    __tablename__ = "films"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner: Mapped[str | None]
    director_id: Mapped[int | None] = mapped_column(ForeignKey("directors.id"))
    director: Mapped[Director | None] = relationship()


app = Mainstay(Base)
anonymous = app.role("anonymous")
anonymous.may("read", Film, columns=excluding("owner"))
editor = app.role("editor", inherits=[anonymous])
editor.may("all", Film, columns="*", rows=Film.owner == claim.sub, check=Film.owner == claim.sub)
"""


def environment(**more: str) -> dict[str, str]:
    """This process's, without settings that a developer may have set."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAINSTAY_")}
    return {**own, "COLUMNS": "200", **more}


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory that PostgreSQL, which never runs as root, can get at: pytest's own are the user's alone."""
    made = Path(tempfile.mkdtemp(prefix="ms-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def project(directory: Path) -> Path:
    (directory / "app.py").write_text(APP)
    return directory


@pytest.fixture
def mainstay(project: Path) -> Run:
    """Run the command in the project."""

    def run(*arguments: str, **variables: str) -> Done:
        command = [sys.executable, "-m", "mainstay", *arguments]
        return subprocess.run(
            command,
            cwd=project,
            env=environment(**variables),
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


def assert_refused(done: Done, *, says: str, code: int = 1, lines: int = 1) -> None:
    """It failed as a command should: with that code, so many lines that say why, and no traceback."""
    assert "Traceback" not in done.stderr
    assert says in done.stderr
    assert done.returncode == code
    assert len(done.stderr.strip().splitlines()) == lines
    assert done.stdout == ""
