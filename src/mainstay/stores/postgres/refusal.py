"""asyncpg's exceptions as problems. A code decides; no message is read."""

import asyncio

import asyncpg

from mainstay.core.problem import Problem, Refusal

RETRY_AFTER_S = 1

# The connection is gone, or the server is on its way out: https://www.postgresql.org/docs/current/errcodes-appendix.html
_GONE = ("08", "57P")

GONE = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
    asyncio.TimeoutError,
)


def problem_of(error: Exception) -> Exception:
    """A Refusal for what the database said no to, MS503 for a database that can't be had.

    Anything else is a fault of ours, and stays what it is.
    """
    if is_gone(error):
        return unavailable()
    if isinstance(error, asyncpg.PostgresError):
        return Refusal(
            error.sqlstate or "XX000",
            error.message or "the database refused the statement",
            details=error.detail,
            hint=error.hint,
            table=error.table_name,
            column=error.column_name,
            constraint=error.constraint_name,
        )
    return error


def is_gone(error: BaseException) -> bool:
    """True where the connection can't be used any more."""
    if isinstance(error, asyncpg.PostgresError):
        return bool(error.sqlstate) and str(error.sqlstate).startswith(_GONE)
    return isinstance(error, GONE)


def unusable(error: asyncpg.PostgresError, where: str) -> Problem:
    """For a role, or a setting such as a time zone, that the database does not know."""
    return Problem(
        error.sqlstate or "22023",
        error.message or "the role can't be used",
        details=error.detail,
        hint=error.hint,
        where=where,
    )


def unavailable() -> Problem:
    return Problem(
        "MS503",
        "The database can't be reached",
        hint="Try again in a moment",
        retry_after_s=RETRY_AFTER_S,
    )


def overloaded() -> Problem:
    return Problem(
        "MS504",
        "Too many requests are waiting for the database",
        hint="Try again in a moment",
        retry_after_s=RETRY_AFTER_S,
    )
