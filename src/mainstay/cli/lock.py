"""`mainstay lock`: the GraphQL operations that development and tests used, as the file of those that are allowed."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def lock(
    *,
    output: Path = Path("operations.lock.json"),
    recorded: Path = Path(".mainstay/operations"),
    anew: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Write the GraphQL operations that were used in development and tests to a file, for the allow-list.

    Parameters
    ----------
    output
        The file. What is in it already stays.
    recorded
        Where operations are recorded: by mainstay dev, and by an app whose setting graphql_record says so.
    anew
        Leave out what is in the file and was not recorded.
    """
    from mainstay.app.locking import write_lock
    from mainstay.cli.failure import Failure

    if not recorded.is_dir():
        raise Failure(f"{recorded} is not there: no operation was recorded; mainstay dev, or graphql_record, does that")
    before, now = write_lock(output, recorded, anew=anew)
    print(f"{output}: {now} operations, {before} before")
