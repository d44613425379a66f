"""A grant, as it was written → rules over the catalog, or a DeclarationError that says what, where and what to try.

All of it happens once, when the app starts: what a role may do never depends on a request.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import BindParameter, ColumnClause, TableClause, inspect
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from mainstay.core.catalog import Catalog, Column, Kind, Table, TableKey
from mainstay.core.condition import TRUE, Call, Claim, Condition, Field, Literal, Operand, Present, both
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Action, Rule
from mainstay.policy.constants import constant_text, stored
from mainstay.policy.declare import Excluding, Grant, Role
from mainstay.policy.lower import lower
from mainstay.policy.operands import lower_operand
from mainstay.policy.scope import Scope, column_of, hybrid_of, key_of, refuse
from mainstay.policy.where import lower_where

WRITES = (Action.CREATE, Action.UPDATE)
Presets = tuple[tuple[str, Operand], ...]

# keyword: (the actions that it says something about, what to do about any other)
KEYWORDS: dict[str, tuple[tuple[Action, ...], str]] = {
    "rows": (
        (Action.READ, Action.UPDATE, Action.DELETE),
        "a row to be created isn't there yet: say with check= what must hold of it",
    ),
    "presets": (WRITES, "presets are what a create or update writes; leave them out"),
    "check": (WRITES, "check is about a row once written; say with rows= which rows there are to read or delete"),
    "rows_max": ((Action.READ,), "rows_max bounds a read; leave it out"),
    "aggregates": ((Action.READ,), "only a read has aggregates; leave it out"),
    "unfiltered": ((Action.UPDATE, Action.DELETE), "only an update or delete needs a filter; leave unfiltered out"),
}


class Site(msgspec.Struct, frozen=True, eq=False):
    """One grant for one action on one table; `where` names it in errors."""

    action: Action
    grant: Grant
    scope: Scope

    @property
    def table(self) -> Table:
        return self.scope.table

    @property
    def where(self) -> str:
        return self.scope.where


def rules_of(role: Role, catalog: Catalog) -> list[Rule]:
    """All rules that the role declares itself, in order. Raises DeclarationError."""
    administered = [rule for said in role.administered for rule in _all_of(role, said, catalog)]
    return [rule for grant in role.grants for rule in _rules(role, grant, catalog)] + administered


def _all_of(role: Role, model: Any, catalog: Catalog) -> Iterable[Rule]:
    """Everything that can be done to the table, without a condition."""
    where = f"role {role.name!r}, administers"
    table = _table(model, catalog, where)
    possible = {
        Action.CREATE: table.insertable,
        Action.UPDATE: table.updatable,
        Action.DELETE: table.deletable,
    }
    for action in Action:
        if action is Action.READ or (table.writable and possible[action] is not False):
            grant = Grant((action,), model, "*", unfiltered=action in (Action.UPDATE, Action.DELETE))
            site = Site(action, grant, Scope(table, catalog, f"{where} {table.key}"))
            if action not in WRITES or any(_writable(site, name, listed=False) for name in table.columns):
                yield _rule(site)


def require_hierarchy(roles: Mapping[str, Role]) -> None:
    """Raises DeclarationError for a role that inherits an unknown one, or itself."""
    for role in roles.values():
        for name in role.inherits:
            if name not in roles:
                raise DeclarationError(
                    f"inherits {name!r}, which is not declared",
                    where=f"role {role.name!r}",
                    hint=suggest(name, roles, "declare it with app.role(...)"),
                )
        _require_no_cycle(role, roles, (role.name,))


def lineage(name: str, roles: Mapping[str, Role]) -> tuple[str, ...]:
    """The role and all that it inherits, each once: itself, then in order of declaration, depth first."""
    found = [name]
    for inherited in roles[name].inherits:
        found.extend(each for each in lineage(inherited, roles) if each not in found)
    return tuple(found)


def suggest(name: str, known: Iterable[str], otherwise: str) -> str:
    close = difflib.get_close_matches(name, [str(each) for each in known], n=1)
    return f"Did you mean {close[0]!r}?" if close else otherwise


def _require_no_cycle(role: Role, roles: Mapping[str, Role], path: tuple[str, ...]) -> None:
    for name in role.inherits:
        if name == path[0]:
            raise DeclarationError(
                f"inherits itself: {' → '.join((*path, name))}",
                where=f"role {path[0]!r}",
                hint="take one of these out of inherits=",
            )
        # A cycle that doesn't pass through the first role is found when its own members are the first.
        if name not in path and name in roles:
            _require_no_cycle(roles[name], roles, (*path, name))


def _rules(role: Role, grant: Grant, catalog: Catalog) -> Iterable[Rule]:
    actions = ", ".join(action.value for action in grant.actions)
    table = _table(grant.model, catalog, f"role {role.name!r}, {actions}")
    _require_keywords(grant, f"role {role.name!r}, {actions} on {table.key}")
    for action in grant.actions:
        where = f"role {role.name!r}, {action.value} on {table.key}"
        yield _rule(Site(action, grant, Scope(table, catalog, where)))


def _rule(site: Site) -> Rule:
    grant, action = site.grant, site.action
    if action is not Action.READ and not site.table.writable:
        raise DeclarationError(
            f"{site.table.key} is a view that can't be written", where=site.where, hint='grant "read" alone'
        )
    presets = _presets(site) if action in WRITES else ()
    rows = TRUE if grant.rows is None or action is Action.CREATE else _lowered(grant.rows, site.scope)
    check = _check(site, rows)
    guards = _guards(presets, rows, check)
    return Rule(
        action=action,
        table=site.table.key,
        columns=_columns(site, presets),
        rows=TRUE if action is Action.CREATE else both(*guards, rows),
        presets=presets,
        check=both(*guards, check) if action in WRITES else TRUE,
        rows_max=grant.rows_max if action is Action.READ else None,
        unfiltered=grant.unfiltered and action in (Action.UPDATE, Action.DELETE),
        aggregates=grant.aggregates or action is not Action.READ,
    )


def _check(site: Site, rows: Condition) -> Condition:
    """As PostgreSQL's WITH CHECK: an update that says nothing must leave the row where its own rule finds it."""
    if site.action not in WRITES:
        return TRUE
    if site.grant.check is not None:
        return _lowered(site.grant.check, site.scope)
    return rows if site.action is Action.UPDATE else TRUE


def _lowered(said: Any, scope: Scope) -> Condition:
    return lower_where(said, scope) if isinstance(said, Mapping) else lower(said, scope)


def _guards(presets: Presets, *conditions: Condition) -> tuple[Present, ...]:
    """One Present for each claim that the rule names anywhere, so that a missing one denies all of it."""
    claims: dict[Claim, None] = {}
    for value in (*(operand for _, operand in presets), *conditions):
        _collect(value, claims)
    return tuple(Present(claim) for claim in sorted(claims, key=lambda claim: (claim.path, claim.many)))


def _collect(node: object, claims: dict[Claim, None]) -> None:
    if isinstance(node, Claim):
        claims[node] = None
    elif isinstance(node, tuple):
        for part in node:
            _collect(part, claims)
    elif isinstance(node, msgspec.Struct):
        for name in node.__struct_fields__:
            _collect(getattr(node, name), claims)


def _require_keywords(grant: Grant, where: str) -> None:
    """Each keyword must say something about one of the actions, or nobody would notice that it does nothing."""
    said = {
        "rows": grant.rows is not None,
        "presets": bool(grant.presets),
        "check": grant.check is not None,
        "rows_max": grant.rows_max is not None,
        "aggregates": not grant.aggregates,
        "unfiltered": grant.unfiltered,
    }
    for keyword, (actions, hint) in KEYWORDS.items():
        if said[keyword] and not set(actions) & set(grant.actions):
            raise DeclarationError(f"{keyword} says nothing about this", where=where, hint=hint)
    if said["rows"] and not said["check"] and Action.CREATE in grant.actions:
        raise DeclarationError(
            "rows says nothing about rows to be created, so any could be", where=where, hint=KEYWORDS["rows"][1]
        )
    rows_max = grant.rows_max
    if rows_max is not None and (not isinstance(rows_max, int) or isinstance(rows_max, bool) or rows_max < 1):
        raise DeclarationError(
            f"rows_max is {rows_max!r}", where=where, hint="a number of rows of at least 1, or leave it out"
        )


def _table(model: Any, catalog: Catalog, where: str) -> Table:
    key = _text_key(model, catalog) if isinstance(model, str) else _key(model, catalog, where)
    table = catalog.tables.get(key)
    if table is None:
        known = [name for key in catalog.tables for name in (key.name, str(key))]
        said = model if isinstance(model, str) else str(key)
        raise DeclarationError(
            f"there is no table {said!r}",
            where=where,
            hint=suggest(said, known, f"the catalog holds {', '.join(map(str, catalog.tables)) or 'nothing'}"),
        )
    return table


def _text_key(name: str, catalog: Catalog) -> TableKey:
    whole = TableKey(catalog.schemas[0], name)
    schema, dot, table = name.partition(".")
    return TableKey(schema, table) if dot and whole not in catalog.tables else whole


def _key(model: Any, catalog: Catalog, where: str) -> TableKey:
    try:
        table = getattr(inspect(model), "local_table", model)
    except NoInspectionAvailable:
        table = None
    if not isinstance(table, TableClause):
        raise DeclarationError(
            f"{model!r} is no model", where=where, hint='a mapped class, a Table, or text such as "public.orders"'
        )
    return key_of(table, catalog)


def _columns(site: Site, presets: Presets) -> frozenset[str]:
    """The columns that are read, or that a payload may name: never a generated one; a preset one is overruled."""
    said = site.grant.columns
    if site.action is Action.DELETE:
        _require_no_columns(site)
        return frozenset()
    if said is None:
        raise DeclarationError("columns is not said", where=site.where, hint='columns="*", a list, or excluding(...)')
    if isinstance(said, str) and said != "*":
        raise DeclarationError(f"columns is {said!r}", where=site.where, hint=f'columns="*" or columns=[{said!r}]')
    names = site.table.columns if isinstance(said, str) else _named(site, said)
    if site.action in WRITES:
        names = [name for name in names if _writable(site, name, listed=isinstance(said, tuple))]
    if not names and not presets:
        raise DeclarationError("columns is empty", where=site.where, hint="name a column, or leave the rule out")
    return frozenset(names)


def _require_no_columns(site: Site) -> None:
    if site.grant.actions == (Action.DELETE,) and site.grant.columns not in (None, "*"):
        raise DeclarationError(
            "a delete takes whole rows, not columns", where=site.where, hint="leave columns out, or say rows="
        )


def _named(site: Site, said: tuple[Any, ...] | Excluding) -> list[str]:
    if isinstance(said, Excluding):
        taken = {_name(site, each) for each in said.names}
        return [name for name in site.table.columns if name not in taken]
    return [_name(site, each) for each in said]


def _writable(site: Site, name: str, *, listed: bool) -> bool:
    column = site.table.columns[name]
    fixed = column.generated or column.computed
    # A list that serves a read too may well name a generated column; of a write alone it is a mistake.
    if fixed and listed and Action.READ not in site.grant.actions:
        raise DeclarationError(
            f"{name!r} is generated by the database, and can't be written", where=site.where, hint="leave it out"
        )
    return not fixed


def _name(site: Site, said: Any) -> str:
    """The column's name, from its name or the model's attribute."""
    columns = site.table.columns
    if isinstance(said, str):
        name: str | None = said
    else:
        element = said.__clause_element__() if hasattr(said, "__clause_element__") else said
        name = _element_name(element, site.scope)
    if name is None or name not in columns:
        text = str(said)
        raise DeclarationError(
            f"{site.table.key} has no column {text!r}",
            where=site.where,
            hint=suggest(text.rpartition(".")[2], columns, f"its columns are {', '.join(columns)}"),
        )
    return name


def _element_name(element: Any, scope: Scope) -> str | None:
    if isinstance(element, ColumnClause):
        return column_of(element, scope)
    return hybrid_of(element, scope) if isinstance(element, ClauseElement) else None


def _presets(site: Site) -> Presets:
    presets: dict[str, Operand] = {}
    for said, value in site.grant.presets:
        name = _name(site, said)
        if name in presets:
            raise DeclarationError(f"presets name {name!r} twice", where=site.where, hint="keep one of them")
        column = site.table.columns[name]
        if column.generated or column.computed:
            raise DeclarationError(
                f"{name!r} is generated by the database, and can't be preset", where=site.where, hint="leave it out"
            )
        presets[name] = _preset(site, said, column, value)
    return tuple(presets.items())


def _preset(site: Site, said: Any, column: Column, value: Any) -> Operand:
    """A claim, a constant as the column stores it, or a function call such as func.now()."""
    element = value.__clause_element__() if hasattr(value, "__clause_element__") else value
    if isinstance(element, ClauseElement) and not isinstance(element, BindParameter):
        operand = lower_operand(element, site.scope, column.type)
        if _names_a_column(operand):
            refuse(element, site.scope, "a preset knows no row", "a claim, a constant, or func.now()")
        return operand
    try:
        constant = _constant(said, column, element.value if isinstance(element, BindParameter) else element)
    except (ValueError, TypeError) as error:
        raise DeclarationError(
            f"the preset of {column.name!r} is no value of its type: {error}",
            where=site.where,
            hint="a claim, a constant of the column's type, or func.now()",
        ) from error
    return Literal(constant)


def _constant(said: Any, column: Column, value: Any) -> str | None:
    if value is None:
        if not column.nullable:
            raise ValueError("it can't be NULL")
        return None
    declared = getattr(said, "type", None)
    if isinstance(declared, TypeEngine):
        return constant_text(stored(value, declared), column.type)
    # Without the model's type, JSON is what the value is, and text in it a JSON string.
    kept = msgspec.json.encode(value).decode() if column.type.kind is Kind.JSON else value
    return constant_text(kept, column.type)


def _names_a_column(operand: Operand) -> bool:
    if isinstance(operand, Call):
        return any(map(_names_a_column, operand.arguments))
    return isinstance(operand, Field)
