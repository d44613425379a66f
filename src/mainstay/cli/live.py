"""`mainstay live`: whether a database announces what changes in it, and the triggers by which it does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from mainstay.app import Mainstay


def live(
    deed: Literal["install", "remove", "status"],
    app: str = "app.py",
    /,
    *,
    database: str | None = None,
    data: Path = Path(".mainstay"),
    sql: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Install, replace or remove the triggers by which tables announce changes to live queries, or say which do.

    Parameters
    ----------
    deed
        What to do: install, remove or status.
    app
        Where the app is: a file, or module:attribute.
    database
        The database's URL; else the app's own, else the one that mainstay dev runs.
    data
        Where mainstay dev keeps its database.
    sql
        Print what would be done, as SQL, and do nothing.
    """
    import asyncio

    from mainstay.app import announcing
    from mainstay.app.running import dialect_of
    from mainstay.cli.asking import database_of
    from mainstay.cli.failure import Failure
    from mainstay.cli.loading import find_target, load_app, load_catalog
    from mainstay.sql.dialect import SQLITE

    served = load_app(find_target(app))
    url = database_of(served, database, data)
    if dialect_of(url) is SQLITE:
        raise Failure("SQLite does not tell of changes; its live queries are asked for at an interval")
    served.configure(served.settings.replace(database_url=url))
    load_catalog(served)
    if deed != "status":
        wanted = announcing.installation(served, url) if deed == "install" else announcing.removal(url)
        statements = asyncio.run(wanted)
        if sql:
            print("".join(f"{statement};\n" for statement in statements), end="")
            return
        asyncio.run(announcing.carry_out(url, statements))
    print(_status(served, url))


def _status(app: "Mainstay", url: str) -> str:
    """A line for each table: the columns whose values are told of, or why nothing is."""
    import asyncio

    from mainstay.app import announcing
    from mainstay.cli.pretty import table

    coverage = asyncio.run(announcing.announced(app, url))
    lines: list[tuple[str, ...]] = []
    for key in app.catalog.named:
        origins = [origin.table for origin in coverage.origins.get(key, ())]
        untold = [str(origin) for origin in origins if origin not in coverage.announced]
        if not origins or untold:
            lines.append((str(key), f"asked for at an interval: {', '.join(untold) or 'not found'} does not announce"))
        elif origins == [key]:
            lines.append((str(key), f"announces, by {', '.join(sorted(coverage.announced[key])) or 'no column'}"))
        else:
            lines.append((str(key), f"announced by {', '.join(map(str, origins))}"))
    return table(lines)
