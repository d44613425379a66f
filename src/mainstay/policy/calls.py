"""Which functions of the database a role may call, and what the policy passes them; checked when the app starts."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.core.catalog import Argument, Catalog, FunctionKey, Kind, Volatility
from mainstay.core.condition import Claim, Literal, Operand
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Presets
from mainstay.core.tracking import FieldKind, Tracked
from mainstay.policy.check import suggest
from mainstay.policy.claims import ClaimSlot, claim
from mainstay.policy.constants import constant_text
from mainstay.policy.declare import Role

Calls = dict[FunctionKey, Presets]


def calls_of(role: Role, catalog: Catalog) -> Calls:
    """The functions that the role itself may call, by its first grant of each. Raises DeclarationError."""
    where = f"role {role.name!r}, may_call"
    calls: Calls = {}
    for grant in role.calls:
        key = _function(grant.function, catalog, where)
        if grant.unchanging and _changes(key, catalog):
            continue
        calls.setdefault(key, _presets(key, grant.presets, catalog, f"{where} {key}"))
    return calls


def tracked_of(tracked: Mapping[str, Tracked], catalog: Catalog) -> dict[FunctionKey, Tracked]:
    """The functions that are fields. Raises DeclarationError for one that is not there."""
    found: dict[FunctionKey, Tracked] = {}
    for name, each in tracked.items():
        key = _function(name, catalog, "track")
        kind = each.kind or (FieldKind.MUTATION if _changes(key, catalog) else FieldKind.QUERY)
        found[key] = Tracked(kind, each.name)
    return found


def _changes(key: FunctionKey, catalog: Catalog) -> bool:
    """Whether some form of the function may change the database."""
    return any(each.volatility is Volatility.VOLATILE for each in catalog.functions.get(key, ()))


def _function(name: str, catalog: Catalog, where: str) -> FunctionKey:
    """One that a request may call, that relates tables, or that writes rows as a media type."""
    relations = (relation for table in catalog.tables.values() for relation in table.relations)
    related = (each.function for each in relations if each.function is not None)
    known = dict.fromkeys([*catalog.functions, *related, *(each.function for each in catalog.handlers)])
    whole = FunctionKey(catalog.schemas[0], name)
    schema, dot, function = name.partition(".")
    key = FunctionKey(schema, function) if dot and whole not in known else whole
    if key in known:
        return key
    names = [said for each in known for said in (each.name, str(each))]
    held = ", ".join(map(str, known)) or "none"
    raise DeclarationError(
        f"there is no function {name!r}", where=where, hint=suggest(name, names, f"the database's functions: {held}")
    )


def _presets(key: FunctionKey, said: Sequence[tuple[str, Any]], catalog: Catalog, where: str) -> Presets:
    if not said:
        return ()
    names = [name for name, _ in said]
    overloads = [each.arguments for each in catalog.functions.get(key, ())]
    named = [{argument.name: argument for argument in each} for each in overloads]
    fitting = next((each for each in named if all(name in each for name in names)), None)
    if fitting is None:
        known = list(dict.fromkeys(name for each in named for name in each))
        missing = next((name for name in names if name not in known), names[0])
        hint = suggest(missing, known, f"its arguments: {', '.join(known) or 'none'}")
        raise DeclarationError(f"{key} has no argument {missing!r}", where=where, hint=hint)
    return tuple((name, _operand(fitting[name], value, where)) for name, value in said)


def _operand(argument: Argument, value: Any, where: str) -> Operand:
    if value is claim:  # all of them, as one object
        return Claim(())
    if isinstance(value, ClaimSlot):
        return Claim(value.__clause_element__().path, many=argument.type.kind is Kind.ARRAY)
    if value is None:
        return Literal(None)
    try:
        return Literal(constant_text(value, argument.type))
    except ValueError as error:
        raise DeclarationError(
            f"argument {argument.name!r} can't be {value!r}: {error}", where=where, hint="a claim or a constant"
        ) from error
