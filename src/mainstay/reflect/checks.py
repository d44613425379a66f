"""What must hold of a catalog before anyone is served: names that a URL can say, and one meaning for each."""

from collections import Counter
from collections.abc import Collection

from mainstay.core.catalog import Table
from mainstay.core.problem import DeclarationError

RESERVED = frozenset({"select", "order", "limit", "offset", "and", "or", "not", "columns", "on_conflict"})
"""Words that a URL's query gives a meaning of their own."""

ROUTES = frozenset({"rpc"})
"""Paths beside the tables'."""


def check_table(table: Table, reserved: Collection[str] = RESERVED) -> None:
    """Raises DeclarationError for the first thing that is wrong with the table."""
    where = str(table.key)
    if not table.columns:
        raise DeclarationError("the table has no columns", where=where, hint="give it one, or leave it out")
    if table.name in ROUTES:
        raise DeclarationError(f"'{table.name}' is a path of the API", where=where, hint="rename the table")
    if "/" in table.name:  # other characters can be quoted or percent-encoded
        raise DeclarationError("no path can name a table with a '/'", where=where, hint="rename the table")
    for name in table.columns:
        if name in reserved:
            raise DeclarationError(
                f"a column can't be called '{name}', a word of the URL's own",
                where=f"{where}.{name}",
                hint=f"rename the database's column; the attribute may keep its name: mapped_column('{name}_', ...)",
            )
    _check_relations(table, where, reserved)


def _check_relations(table: Table, where: str, reserved: Collection[str]) -> None:
    names = [relation.name for relation in table.relations if relation.name is not None]
    for name, times in Counter(names).items():
        if times > 1:
            raise DeclarationError(
                f"{times} relations are called '{name}'",
                where=f"{where}.{name}",
                hint="the classes of one table need different relationship names: rename all but one",
            )
        if name in table.columns:
            raise DeclarationError(
                "a relation and a column of the table have the same name",
                where=f"{where}.{name}",
                hint="rename the relationship's attribute, or the column",
            )
        if name in reserved:
            raise DeclarationError(
                f"a relation can't be called '{name}', a word of the URL's own",
                where=f"{where}.{name}",
                hint=(
                    "rename the relationship's attribute, or keep it out with relationship(..., info={'mainstay': "
                    "False}): its foreign key still relates the tables, by the other table's name"
                ),
            )
