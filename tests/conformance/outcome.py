"""What a suite's run comes to, whichever suite it is."""

import socket
import tomllib
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SHARED = REPOSITORY.parent / "shared" / "conformance"


class Case(NamedTuple):
    """One case's outcome. `why` is empty where it passed."""

    id: str
    title: str
    why: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.why


class Outcome(NamedTuple):
    """`counted` make the figure; `apart` are run and told beside it."""

    counted: tuple[Case, ...]
    apart: tuple[Case, ...] = ()

    @property
    def rate(self) -> float:
        return sum(case.passed for case in self.counted) / max(1, len(self.counted))


def find_corpus(named: Path | None, own: Path) -> Path | None:
    """The corpus's folder; None where there is none. Raises FileNotFoundError for a named one that is not there."""
    folder = named or own
    if (folder / "cases.json").exists():
        return folder
    if named is not None:
        raise FileNotFoundError(f"{named} holds no cases.json")
    return None


def find_runner(name: str, corpus: Path) -> Path:
    """The corpus's own runner, which asks and compares."""
    for folder in (corpus.resolve().parent, corpus, SHARED):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{name} is neither beside {corpus} nor in {SHARED}")


def known_failures(file: Path) -> dict[str, str]:
    """The reason for each case that is known to fail, by its id."""
    reasons: dict[str, str] = tomllib.loads(file.read_text())
    return reasons


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
