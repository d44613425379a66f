"""SQLite's errors as problems, in PostgreSQL's codes: https://www.sqlite.org/rescode.html"""

import re
import sqlite3

from mainstay.core.problem import Problem, Refusal

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
GONE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
}
PRIMARY = 0xFF
"""The bits of an extended code that are its primary one."""


CODES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: ("23505", "duplicate key value violates unique constraint"),
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: ("23505", "duplicate key value violates unique constraint"),
    sqlite3.SQLITE_CONSTRAINT_ROWID: ("23505", "duplicate key value violates unique constraint"),
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: ("23502", "null value violates not-null constraint"),
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: ("23503", "the write violates a foreign key constraint"),
    sqlite3.SQLITE_CONSTRAINT_CHECK: ("23514", "new row violates a check constraint"),
}
NAMES = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: (\w+)\.(\w+)")


def late() -> Refusal:
    return Refusal("57014", "canceling statement due to statement timeout")


def _broken(code: int, said: str) -> Refusal:
    """SQLite names the columns, and of a foreign key nothing."""
    state, message = CODES.get(code, ("23000", "the write violates a constraint"))
    names = NAMES.match(said)
    table, column = names.groups() if names else (None, None)
    if table is not None and said.count(",") == 0:
        message = f'{message} of "{table}", column "{column}"'
    return Refusal(state, message, table=table, column=column)


def problem_of(error: Exception) -> Exception:
    """Anything that is no error of SQLite's, or a fault of ours, stays what it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & PRIMARY
    if primary == sqlite3.SQLITE_INTERRUPT:
        return late()
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return _broken(code or 0, str(error))
    if primary in BUSY or primary in GONE:
        return Problem("MS503", "The database can't be had", hint="Try again later.", retry_after_s=1)
    return error
