"""What went wrong, for the caller: a code, what, where, and a hint; and for the team, at start-up.

A `Problem` is said once and mapped by each wire to its own form; nothing in it names what the caller may not see.
"""

from typing import Any


class Problem(Exception):
    """A request that can't be answered.

    `code` is PostgREST's (`PGRST116`), PostgreSQL's SQLSTATE (`23505`) or ours (`MS441`), and finds a page in the
    docs; each wire maps it to its own status. `where` is a path into the request; `operation` says which of several
    operations it is about.
    """

    def __init__(  # noqa: PLR0913 - each is a field of the answer
        self,
        code: str,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        where: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.where = where
        self.retry_after_s = retry_after_s
        self.operation: int | None = None


class Refusal(Problem):
    """A database's own error. `table`, `column` and `constraint` are what it is about, for `plan.disclose`."""

    def __init__(  # noqa: PLR0913 - as the database says it
        self,
        code: str,
        message: str,
        *,
        details: str | None = None,
        hint: str | None = None,
        table: str | None = None,
        column: str | None = None,
        constraint: str | None = None,
    ) -> None:
        super().__init__(code, message, details=details, hint=hint)
        self.table = table
        self.column = column
        self.constraint = constraint


class Violation(Problem):
    """A row that was to be written does not hold what the role's policy demands of it, or lacks a claim for it."""

    def __init__(self, table: str, details: str | None = None) -> None:
        message = f'new row violates row-level security policy for table "{table}"'
        super().__init__("42501", message, details=details, where="body")


class DeclarationError(Exception):
    """Something the team declared does not hold together: what, where it was said, and what to try."""

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        super().__init__(f"{where}: {what}\n  hint: {hint}")
        self.what = what
        self.where = where
        self.hint = hint
