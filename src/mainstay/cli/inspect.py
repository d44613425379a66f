"""`mainstay inspect`: what there is in a database, as it would be served."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from mainstay.cli.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.core.catalog import Catalog, Column, Function, Relation, Table


def inspect(
    database: str,
    /,
    *,
    schema: Schemas = (),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Print what was found in a database: tables and views, their keys and relations, functions. Changes nothing.

    Parameters
    ----------
    database
        The PostgreSQL database's URL.
    schema
        A schema to look at, or several with commas between them. Else those of MAINSTAY_SCHEMAS, else public.
    json
        Print it all, as JSON.
    """
    import asyncio

    from mainstay.app import Mainstay

    chosen: dict[str, Any] = {"schemas": schema} if schema else {}
    app = Mainstay(reflect=database, security="database", **chosen)
    catalog = asyncio.run(app.load()).catalog
    print(as_json(catalog) if json else "\n\n".join(_parts(catalog)))


def as_json(catalog: "Catalog") -> str:
    """The whole catalog: one object, whose tables, functions and handlers are lists."""
    import msgspec

    found = {
        "schemas": catalog.schemas,
        "tables": [*catalog.tables.values()],
        "functions": [function for overloads in catalog.functions.values() for function in overloads],
        "handlers": catalog.handlers,
        "mentioned": None if catalog.mentioned is None else sorted(catalog.mentioned),
    }
    # What is no noun of ours is a default's SQL.
    return msgspec.json.format(msgspec.json.encode(found, enc_hook=str), indent=2).decode()


def _parts(catalog: "Catalog") -> "Iterator[str]":
    from mainstay.cli.pretty import table
    from mainstay.core.catalog import TableForm

    served = [found for found in catalog.tables.values() if found.form is not TableForm.ROWS]
    functions = [function for overloads in catalog.functions.values() for function in overloads]
    yield f"{len(served)} tables and views, {len(functions)} functions in {', '.join(catalog.schemas)}"
    for found in served:
        lines = [_column(column, found) for column in found.columns.values()]
        lines += [_relation(relation) for relation in found.relations]
        yield "\n".join((_title(found), *([table(lines)] if lines else [])))
    if functions:
        yield "\n".join(("functions", table(_function(function, catalog) for function in functions)))
    if catalog.handlers:
        handlers = [(each.media, str(each.function), f"of {each.rows or 'any table'}") for each in catalog.handlers]
        yield "\n".join(("media types", table(handlers)))


def _title(table: "Table") -> str:
    allowed = {"insert": table.insertable, "update": table.updatable, "delete": table.deletable}
    writes = [name for name, able in allowed.items() if able]
    notes = [
        table.form.value,
        f"key {', '.join(table.primary_key)}" if table.primary_key else "no key",
        *(f"unique {', '.join(names)}" for names in table.unique),
        *([] if len(writes) == len(allowed) else [f"only {', '.join(writes)}" if writes else "read only"]),
    ]
    return f"{table.key}  ({'; '.join(notes)})"


def _column(column: "Column", table: "Table") -> tuple[str, ...]:
    if column.function is not None:
        note = f"computed by {column.function}"
    elif column.generated:
        note = "generated"
    elif column.default is not None:
        note = f"default {column.default}"
    else:
        note = "" if column.optional or not table.writable else "required"
    return (column.name, column.type.declared, note)


def _relation(relation: "Relation") -> tuple[str, ...]:
    """The name, how many rows, and what leads there: what a request may say after `!`."""
    many = "one" if relation.to_one else "many"
    if relation.function is not None:
        return (f"-> {relation.name}", f"{many} of {relation.target.name}", f"computed by {relation.function}")
    if relation.junction is not None:
        return (f"-> {relation.target.name}", many, f"through {relation.junction.table}")
    own = ", ".join(column for column, _ in relation.pairs)
    return (f"-> {relation.target.name}", many, f"by {relation.constraint} ({own})")


def _function(function: "Function", catalog: "Catalog") -> tuple[str, ...]:
    arguments = ", ".join(
        " ".join(filter(None, ("variadic" if each.variadic else "", each.name, each.type.declared)))
        + ("" if each.required else " = …")
        for each in function.arguments
    )
    returns = function.returns.declared
    if function.rows is not None and function.rows.schema not in catalog.schemas:
        returns = f"({', '.join(catalog.tables[function.rows].columns)})"
    many = "[]" if function.many else ""
    return (f"{function.key}({arguments})", f"{returns}{many}", function.volatility.value)
