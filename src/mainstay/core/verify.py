"""What must be true before a write is sent, and of its result before it is committed: the same for every store."""

from mainstay.core.principal import Principal
from mainstay.core.problem import Problem, Violation
from mainstay.core.result import Result
from mainstay.core.statement import Statement


def require_claims(statement: Statement, principal: Principal) -> None:
    """Raises 42501 where a claim that a preset writes is missing or null: then the rule grants nothing."""
    for claim in statement.guard.claims:
        if principal.claim(claim.path) is None:
            raise _violation(statement) if not statement.guard.function else _denied(statement)


def verify(statement: Statement, result: Result) -> None:
    """Raises 42501, PGRST115, PGRST116, PGRST124 or MS458; a store calls it before it commits."""
    guard = statement.guard
    affected = result.rows if result.affected is None else result.affected
    if guard.alone and affected != 1:
        raise Problem(
            "MS458",
            "A change with nested rows is of one row",
            details=f"The filter selects {affected} rows that may be changed",
            hint="Filter by the primary key, which the body may repeat and not change.",
            where="filter",
        )
    if result.violations:
        raise _violation(statement)
    if guard.keyed and affected == 0:
        raise Problem("PGRST115", "Payload values do not match URL in primary key column(s)", where="body")
    if guard.affected_max is not None and affected > guard.affected_max:
        raise Problem(
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {affected} rows",
            where="prefer",
        )
    if statement.single and result.rows != 1:
        raise Problem(
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            details=f"The result contains {result.rows} rows",
            where="accept",
        )


def _denied(statement: Statement) -> Problem:
    return Problem("42501", f"permission denied for function {statement.guard.function}", where="path")


def _violation(statement: Statement) -> Problem:
    guard = statement.guard
    details = f"Or for one of the tables nested in it: {', '.join(guard.nested)}" if guard.nested else None
    return Violation(guard.table, details)
