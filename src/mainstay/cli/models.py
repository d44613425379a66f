"""`mainstay models`: typed SQLAlchemy models for a database that exists, written by sqlacodegen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from mainstay.cli.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def models(
    database: str,
    /,
    *,
    schema: Schemas = ("public",),
    output: Annotated[Path | None, Parameter(show_default=False)] = None,
) -> None:
    """Write SQLAlchemy models for the tables and views of a database: a first version, to be read and gone on with.

    Parameters
    ----------
    database
        The PostgreSQL database's URL.
    schema
        A schema whose tables are wanted, or several with commas between them.
    output
        The file to write; else they are printed.
    """
    import asyncio
    import sys
    import warnings

    from mainstay.cli.failure import Failure

    if output is not None and output.exists():
        raise Failure(f"{output} is there already; it may hold changes, and is left alone")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = asyncio.run(_written(database, schema))
    for warning in dict.fromkeys(str(each.message) for each in caught):
        print(f"mainstay: {warning}", file=sys.stderr)
    if output is None:
        print(text, end="")
    else:
        output.write_text(text)


async def _written(database: str, schemas: "Sequence[str]") -> str:
    import asyncpg
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine

    from mainstay.cli.failure import Failure

    # Connected as everything else of ours is, so that a URL means the same here.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_generated, schemas)
    except (OSError, DBAPIError) as error:
        said = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
        raise Failure(f"the database can't be read: {said}") from error
    finally:
        await engine.dispose()


def _generated(connection: "Connection", schemas: "Sequence[str]") -> str:
    """Raises Failure where the generator is not installed."""
    from sqlalchemy import MetaData

    from mainstay.cli.failure import Failure

    try:
        from sqlacodegen.generators import DeclarativeGenerator
    except ImportError:
        raise Failure("models are written by sqlacodegen; pip install 'mainstay[models]'") from None
    metadata = MetaData()
    for schema in schemas:
        metadata.reflect(connection, schema=schema, views=True)
    return f"{DeclarativeGenerator(metadata, connection, []).generate().rstrip()}\n"
