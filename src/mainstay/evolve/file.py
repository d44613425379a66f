"""The tables of a database in a file, created where they are missing: what `mainstay dev` does with SQLite."""

from collections.abc import Iterable

import sqlalchemy as sa


def create_tables(url: str, metadata: Iterable[sa.MetaData]) -> list[str]:
    """Gives what was done. Columns that a table lacks are not added."""
    engine = sa.create_engine(url)
    try:
        there = set(sa.inspect(engine).get_table_names())
        for each in metadata:
            each.create_all(engine)
        return [f"created table {name}" for name in sa.inspect(engine).get_table_names() if name not in there]
    finally:
        engine.dispose()
