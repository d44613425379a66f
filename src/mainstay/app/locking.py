"""The lock file of GraphQL operations: what development and tests used is recorded, written down, and held to.

Each operation is recorded as a file of its own that is called by its hash, so that any number of processes may do it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from mainstay.core.problem import DeclarationError
from mainstay.wires.graphql import Lock, hash_of, lock_of

SUFFIX = ".graphql"


class Recorder:
    """Writes documents into a directory."""

    def __init__(self, directory: Path) -> None:
        """Raises DeclarationError for one that can't be made."""
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message, hint = f"operations can't be recorded: {error}", "Name a directory that can be written."
            raise DeclarationError(message, where="setting graphql_record", hint=hint) from error

    def record(self, text: str) -> None:
        """Once each."""
        path = self.directory / f"{hash_of(text)}{SUFFIX}"
        if not path.exists():
            path.write_text(text)


def read_lock(path: Path) -> Lock:
    """Raises DeclarationError for a file that is not there, or is none."""
    where, hint = f"setting graphql_allow_list, {path}", "`mainstay lock` writes it."
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lock)
    except OSError as error:
        raise DeclarationError("the file of allowed operations can't be read", where=where, hint=hint) from error
    except msgspec.DecodeError as error:
        raise DeclarationError(f"it is no file of allowed operations: {error}", where=where, hint=hint) from error


def write_lock(path: Path, directory: Path, *, anew: bool) -> tuple[int, int]:
    """Write what was recorded, and unless `anew` what is in the file already. (operations before, and now)"""
    before = read_lock(path).operations if path.exists() else ()
    texts = [each.text for each in before if not anew]
    lock = lock_of((*texts, *_recorded(directory)))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(lock), indent=2) + b"\n")
    return len(before), len(lock.operations)


def _recorded(directory: Path) -> Iterator[str]:
    return (path.read_text() for path in sorted(directory.glob(f"*{SUFFIX}")))
