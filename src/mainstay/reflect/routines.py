"""Functions that a request may call, and aggregates that write rows as a media type.

Which are callable, and what counts as a row, is PostgREST's: https://docs.postgrest.org/en/v14/references/api/functions.html
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

import msgspec

from mainstay.core.catalog import (
    Argument,
    Column,
    Function,
    FunctionKey,
    MediaHandler,
    Table,
    TableForm,
    TableKey,
    Volatility,
    rows_key,
)
from mainstay.core.found import Found, FoundFunction
from mainstay.reflect.found_types import Types

HOISTED = ("statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation")
"""Settings of a function that must be in place before its transaction's first statement."""

MEDIA = re.compile(r"[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+|\*/\*")
BODIES = frozenset({"bytea", "json", "jsonb", "text", "xml"})
VOLATILITIES = {"i": Volatility.IMMUTABLE, "s": Volatility.STABLE, "v": Volatility.VOLATILE}
INPUTS = frozenset("ibv")
OUTPUTS = frozenset("obt")


class Routines(msgspec.Struct, frozen=True):
    """`rows` are the tables of form ROWS that the functions' own columns make."""

    functions: dict[FunctionKey, tuple[Function, ...]]
    rows: dict[TableKey, Table]
    handlers: tuple[MediaHandler, ...]


class _Slot(msgspec.Struct, frozen=True):
    name: str
    type: int
    mode: str


class _Output(msgspec.Struct, frozen=True):
    name: str
    type: int
    declared: str = ""


def routines_of(found: Found, types: Types, exposed: Collection[str], tables: Collection[TableKey]) -> Routines:
    """Those in the exposed schemas; overloads in the order of their number of arguments."""
    functions: dict[FunctionKey, list[Function]] = defaultdict(list)
    rows: dict[TableKey, Table] = {}
    for each in found.functions:
        if each.kind != "f" or each.schema not in exposed or not _is_callable(each, types):
            continue
        function = _function(each, types)
        overloads = functions[function.key]
        table = types.table(each.returns)
        returned = None if table is None else TableKey(table.schema, table.name)
        if returned is not None and returned in tables:
            function = msgspec.structs.replace(function, rows=returned)
        elif outputs := _outputs(each, types):
            made = _rows_table(_overload_key(function.key, len(overloads)), outputs, types)
            rows[made.key] = made
            function = msgspec.structs.replace(function, rows=made.key)
        overloads.append(function)
    ordered = {key: tuple(sorted(each, key=lambda one: len(one.arguments))) for key, each in functions.items()}
    return Routines(ordered, rows, tuple(_handlers(found, types, exposed, tables)))


def _function(found: FoundFunction, types: Types) -> Function:
    inputs = [slot for slot in _slots(found) if slot.mode in INPUTS]
    required = len(inputs) - found.defaults
    return Function(
        FunctionKey(found.schema, found.name),
        tuple(
            Argument(slot.name, types.named(slot.type), required=place < required, variadic=slot.mode == "v")
            for place, slot in enumerate(inputs)
        ),
        types.named(found.returns),
        many=found.many,
        volatility=VOLATILITIES[found.volatility],
        settings=_hoisted(found),
        comment=found.comment,
        media=_media(found, types),
    )


def _media(found: FoundFunction, types: Types) -> str | None:
    """The media type that the return type is called after."""
    returned = types.found(found.returns)
    is_media = returned is not None and returned.form == "d" and MEDIA.fullmatch(returned.name)
    return returned.name.lower() if returned is not None and is_media else None


def _slots(found: FoundFunction) -> list[_Slot]:
    names = found.names or ("",) * len(found.types)
    modes = found.modes or "i" * len(found.types)
    return [_Slot(*each) for each in zip(names, found.types, modes, strict=True)]


def _is_callable(found: FoundFunction, types: Types) -> bool:
    """Arguments are passed by name; a single one without a name takes the whole body."""
    inputs = [slot for slot in _slots(found) if slot.mode in INPUTS]
    unnamed = [slot for slot in inputs if not slot.name]
    if not unnamed:
        return True
    body = types.found(unnamed[0].type)
    return len(inputs) == 1 and body is not None and body.schema == "pg_catalog" and body.name in BODIES


def _outputs(found: FoundFunction, types: Types) -> list[_Output]:
    """The columns that it declares, or those of the row type that it returns; none of a scalar."""
    table = types.table(found.returns)
    if table is not None:
        return [_Output(column.name, column.type, column.declared) for column in types.columns(table)]
    outputs = (slot for slot in _slots(found) if slot.mode in OUTPUTS)
    return [_Output(slot.name or f"column{place}", slot.type) for place, slot in enumerate(outputs, 1)]


def _rows_table(key: TableKey, columns: list[_Output], types: Types) -> Table:
    return Table(
        key,
        {each.name: Column(each.name, types.named(each.type, each.declared)) for each in columns},
        writable=False,
        form=TableForm.ROWS,
    )


def _overload_key(function: FunctionKey, number: int) -> TableKey:
    """Overloads may differ in their columns, so each after the first has a key of its own."""
    key = rows_key(function)
    return key if number == 0 else TableKey(key.schema, f"{key.name} {number + 1}")


def _hoisted(found: FoundFunction) -> tuple[tuple[str, str], ...]:
    pairs = (setting.partition("=") for setting in found.settings)
    return tuple((name, value) for name, _, value in pairs if name in HOISTED)


def _handlers(
    found: Found, types: Types, exposed: Collection[str], tables: Collection[TableKey]
) -> Iterator[MediaHandler]:
    for each in found.functions:
        media = _media(each, types)
        if media is None or each.kind != "a" or each.schema not in exposed or len(each.types) != 1:
            continue
        row = types.found(each.types[0])
        table = types.table(each.types[0])
        of = TableKey(table.schema, table.name) if table is not None else None
        anything = row is not None and row.name == "anyelement"
        if anything or of in tables:
            yield MediaHandler(media, FunctionKey(each.schema, each.name), None if anything else of)
