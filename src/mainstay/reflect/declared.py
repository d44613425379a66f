"""What a team says of tables that no model describes, checked against the catalog: relations, computed fields, names.

Made when the catalog is, so that whatever is said wrongly is told before anything is served.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mainstay.core.catalog import (
    Argument,
    Catalog,
    Choices,
    Column,
    Function,
    FunctionKey,
    Kind,
    Passing,
    Relation,
    Table,
    TableForm,
    TableKey,
)
from mainstay.core.exposure import ROOTS, Naming
from mainstay.core.problem import DeclarationError

CHOICES_MAX = 1_000
"""Values of one enum."""
VALUE = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
Pairs = tuple[tuple[str, str], ...]


class Relating(msgspec.Struct, frozen=True):
    """A relation as it was said. `by`: the columns of a foreign key, `on`: pairs of columns that are equal.

    `incoming`: the other table's columns refer to this one's, as they do where there are `many`.
    """

    table: str
    name: str
    to: str | None = None
    by: tuple[str, ...] = ()
    on: Pairs = ()
    many: bool = False
    incoming: bool = False


class Computing(msgspec.Struct, frozen=True):
    """A function of a table's row as a field of that name. `row` and `session` are arguments of the function's."""

    table: str
    name: str
    function: str
    row: str | None = None
    session: str | None = None
    comment: str | None = None


class Said:
    """All that was said, in order."""

    def __init__(self) -> None:
        self.relations: list[Relating] = []
        self.computed: list[Computing] = []
        self.names: dict[str, Naming] = {}


def listing(said: Said, schemas: Sequence[str]) -> list[TableKey]:
    """The tables whose rows are the values of enums."""
    names = [name for name, naming in said.names.items() if naming.enum]
    return [TableKey(*name.split(".", 1)) if "." in name else TableKey(schemas[0], name) for name in names]


def with_choices(catalog: Catalog, said: Said, rows: Mapping[TableKey, Sequence[Mapping[str, object]]]) -> Catalog:
    """The catalog in which columns that refer to such tables know their values. Raises DeclarationError."""
    for name, naming in said.names.items():
        if naming.enum:
            table = _table(name, catalog, f"name {name!r}")
            choices = _choices(table, naming, rows.get(table.key), f"name {name!r}")
            catalog = _referring(catalog, table, choices)
    return catalog


def _choices(table: Table, naming: Naming, rows: Sequence[Mapping[str, object]] | None, where: str) -> Choices:
    if rows is None:
        hint = "Say reflect=, so that the database is read when the app starts."
        raise DeclarationError(f"the rows of {table.key} are not known", where=where, hint=hint)
    if len(rows) > CHOICES_MAX:
        hint = "Refer to it as to any other table."
        raise DeclarationError(f"{table.key} has more than {CHOICES_MAX} rows", where=where, hint=hint)
    others = [name for name in table.columns if name not in table.primary_key]
    if len(table.primary_key) != 1 or table.columns[table.primary_key[0]].type.kind is not Kind.TEXT or len(others) > 1:
        hint = "It has a primary key of one column of text, and besides at most one column, that says more of each."
        raise DeclarationError(f"{table.key} is no table of values", where=where, hint=hint)
    values = tuple((str(row[table.primary_key[0]]), _comment(row, others)) for row in rows)
    unsayable = [value for value, _ in values if not VALUE.fullmatch(value) or value in ("true", "false", "null")]
    if unsayable or not values:
        hint = "Each key is a name as GraphQL has them: letters, digits and underscores."
        what = f"{unsayable[0]!r} of {table.key} is no value of an enum" if unsayable else f"{table.key} has no rows"
        raise DeclarationError(what, where=where, hint=hint)
    return Choices(f"{naming.name or table.name}_enum", tuple(sorted(values)))


def _comment(row: Mapping[str, object], others: Sequence[str]) -> str | None:
    said = row[others[0]] if others else None
    return None if said is None else str(said)


def _referring(catalog: Catalog, table: Table, choices: Choices) -> Catalog:
    """With the choices at each column that is a foreign key to the table."""
    [key] = table.primary_key
    relations = (*(each for other in catalog.tables.values() for each in other.relations), *catalog.apart)
    for each in relations:
        if each.target == table.key and each.outgoing and len(each.pairs) == 1 and each.pairs[0][1] == key:
            source = catalog.tables[each.source]
            column = msgspec.structs.replace(source.columns[each.pairs[0][0]], choices=choices)
            columns = {**source.columns, column.name: column}
            catalog = _with(catalog, msgspec.structs.replace(source, columns=columns))
    return catalog


def with_said(catalog: Catalog, said: Said) -> Catalog:
    """The catalog with the relations and computed fields. Raises DeclarationError for what does not fit it."""
    for relating in said.relations:
        catalog = _related(catalog, relating)
    for computing in said.computed:
        catalog = _computed(catalog, computing)
    return catalog


def names_of(said: Said, catalog: Catalog) -> dict[TableKey, Naming]:
    """Raises DeclarationError for a name of a table, a column or a kind of root that is not there."""
    found: dict[TableKey, Naming] = {}
    for name, naming in said.names.items():
        where = f"name {name!r}"
        table = _table(name, catalog, where)
        for column in (*naming.columns, *naming.comments):
            _require(column, table.columns, where, f"{table.key} has no column")
        for root in naming.roots:
            _require(root, ROOTS, where, "no kind of root field is called")
        found[table.key] = naming
    return found


def _related(catalog: Catalog, said: Relating) -> Catalog:
    where = f"relate {said.table!r}, {said.name!r}"
    source = _table(said.table, catalog, where)
    if said.name in source.columns:
        hint = "Call the relation otherwise."
        raise DeclarationError(f"{source.key} has a column {said.name!r}", where=where, hint=hint)
    target = None if said.to is None else _table(said.to, catalog, where)
    relation = _joined(source, target, said, where) if said.on else _keyed(catalog, source, target, said, where)
    relation = msgspec.structs.replace(relation, name=said.name, to_one=not said.many, declared=True)
    others = tuple(each for each in source.relations if not _is_same(each, relation) or each.declared)
    return _with(catalog, msgspec.structs.replace(source, relations=(*others, relation)))


def _joined(source: Table, target: Table | None, said: Relating, where: str) -> Relation:
    if target is None:
        raise DeclarationError("it joins no table", where=where, hint="Say to=, the table that on= leads to.")
    for left, right in said.on:
        _require(left, source.columns, where, f"{source.key} has no column")
        _require(right, target.columns, where, f"{target.key} has no column")
    same = [each for each in source.relations if each.target == target.key and each.pairs == said.on]
    outgoing = not (said.many or said.incoming)
    keyed = next((each for each in same if each.outgoing is outgoing and each.constraint), None)
    constraint = None if keyed is None else keyed.constraint
    return Relation(None, source.key, target.key, not said.many, said.on, constraint=constraint, outgoing=outgoing)


def _keyed(catalog: Catalog, source: Table, target: Table | None, said: Relating, where: str) -> Relation:
    """By a foreign key: the table's own, or where `to` has none that it means, that of the other table to this one."""
    apart = [each for each in catalog.apart if each.source == source.key]
    own = target is None
    ways = {
        tuple(pair[0 if own else 1] for pair in each.pairs): each
        for each in reversed((*source.relations, *apart))
        if each.pairs and each.constraint and each.outgoing is own and (target is None or each.target == target.key)
    }
    found = next((each for columns, each in ways.items() if set(columns) == set(said.by)), None)
    if found is not None:
        return found
    keys = "; ".join(f"({', '.join(columns)})" for columns in ways)
    raise DeclarationError(
        f"no foreign key of {source.key if target is None else target.key} is of ({', '.join(said.by)})",
        where=where,
        hint=f"its keys are {keys or 'none'}; or say on={{'column': 'column of the other table'}}",
    )


def _is_same(one: Relation, other: Relation) -> bool:
    """The same way, so that it is not there twice, under two names."""
    if one.junction is not None or one.target != other.target or one.function is not None:
        return False
    return set(one.pairs) == set(other.pairs) and one.outgoing is other.outgoing


def _computed(catalog: Catalog, said: Computing) -> Catalog:
    where = f"compute {said.table!r}, {said.name!r}"
    table = _table(said.table, catalog, where)
    key = _function_key(said.function, catalog)
    made = _called(catalog, table, key, said, where) or _found(table, key)
    if made is None:
        known = [str(each) for each in _of_row(catalog, table)]
        hint = f"those of its rows are {', '.join(known) or 'none'}; arguments have names, and no other is called so"
        raise DeclarationError(f"{key} is no function of a row of {table.key}", where=where, hint=hint)
    if isinstance(made, Column):
        kept = {name: column for name, column in table.columns.items() if column.function != key}
        comment = said.comment or made.comment or f'A computed field, executes function "{key.name}"'
        columns = {**kept, said.name: msgspec.structs.replace(made, name=said.name, comment=comment)}
        return _with(catalog, msgspec.structs.replace(table, columns=columns))
    renamed = msgspec.structs.replace(made, name=said.name, declared=True)
    others = tuple(each for each in table.relations if each.function != key)
    return _with(catalog, msgspec.structs.replace(table, relations=(*others, renamed)))


def _found(table: Table, key: FunctionKey) -> Column | Relation | None:
    """What reflection made of a function whose arguments have no names."""
    columns = (each for each in table.columns.values() if each.function == key)
    relations = (each for each in table.relations if each.function == key)
    return next(columns, None) or next(relations, None)


def _called(catalog: Catalog, table: Table, key: FunctionKey, said: Computing, where: str) -> Column | Relation | None:
    """The column or the relation that a function of the row, and perhaps of more, makes."""
    overloads = catalog.functions.get(key, ())
    function = overloads[0] if len(overloads) == 1 else None
    row = None if function is None else _row_argument(function, table, said.row)
    if function is None or row is None:
        return None
    if said.session is not None:
        _require(said.session, [each.name for each in function.arguments], where, f"{key} has no argument")
    rest = tuple(each for each in function.arguments if each.name not in (row.name, said.session))
    passing = Passing(row.name, said.session, rest)
    if function.rows is None and not function.many:
        returned, comment = function.returns, function.comment
        return Column(said.name, returned, generated=True, comment=comment, function=key, passing=passing)
    target = None if function.rows is None else catalog.tables[function.rows]
    if target is None or target.form is TableForm.ROWS:
        hint = "Let it return one value, or rows of a table that is served."
        raise DeclarationError(f"{key} returns rows of no table", where=where, hint=hint)
    return Relation(said.name, table.key, target.key, not function.many, outgoing=False, function=key, passing=passing)


def _row_argument(function: Function, table: Table, named: str | None) -> Argument | None:
    """The argument that takes a row of the table: the one of that name, or the first."""
    rows = (each for each in function.arguments if each.type.kind is Kind.COMPOSITE and _is_row(each, table))
    return next((each for each in rows if named in (None, each.name)), None)


def _is_row(argument: Argument, table: Table) -> bool:
    return argument.type.name.rpartition(".")[2].strip('"') == table.name


def _of_row(catalog: Catalog, table: Table) -> list[FunctionKey]:
    found = [each.function for each in table.columns.values()] + [each.function for each in table.relations]
    found += [key for key, (first, *_) in catalog.functions.items() if _row_argument(first, table, None)]
    return list(dict.fromkeys(each for each in found if each is not None))


def _function_key(name: str, catalog: Catalog) -> FunctionKey:
    schema, dot, function = name.partition(".")
    return FunctionKey(schema, function) if dot else FunctionKey(catalog.schemas[0], name)


def _table(name: str, catalog: Catalog, where: str) -> Table:
    whole = catalog.find(catalog.schemas[0], name)
    schema, dot, rest = name.partition(".")
    table = whole or (catalog.find(schema, rest) if dot else None)
    if table is None:
        known = {said: key for key in catalog.tables for said in (key.name, str(key))}
        _require(name, known, where, "there is no table")
        table = catalog.tables[known[name]]
    return table


def _require(name: str, known: Iterable[str], where: str, what: str) -> None:
    known = list(known)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(known) or 'none'}."
        raise DeclarationError(f"{what} {name!r}", where=where, hint=hint)


def _with(catalog: Catalog, table: Table) -> Catalog:
    tables: Mapping[TableKey, Table] = {**catalog.tables, table.key: table}
    return msgspec.structs.replace(catalog, tables=tables)
