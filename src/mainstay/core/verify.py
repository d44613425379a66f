"""What must be true of a result before it is committed and answered, the same for every store."""

from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement


def verify(statement: Statement, result: Result) -> None:
    """Raises 42501, PGRST115, PGRST116 or PGRST124; a store calls it before it commits."""
    guard = statement.guard
    affected = result.rows if result.affected is None else result.affected
    if result.violations:
        raise Problem("42501", f'new row violates row-level security policy for table "{guard.table}"', where="body")
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
