"""Values of Hasura's metadata as Python: constants, session variables as claims, conditions with their words."""

import re
from collections.abc import Mapping
from typing import Any

from mainstay.policy.where import KNOWN

SESSION = re.compile(r"x-hasura-[\w-]+", re.IGNORECASE)
NOW = frozenset({"now()", "now", "current_timestamp"})
LOGIC = frozenset({"_and", "_or", "_not", "$and", "$or", "$not"})


class Left(Exception):
    """What can't be carried over; the text says why."""


def constant(value: Any) -> str:
    """The value as Python, with the quotes that formatters like."""
    match value:
        case str():
            text = repr(value)
            return text if text[0] == '"' or '"' in value else f'"{text[1:-1]}"'.replace("\\'", "'")
        case list():
            return f"[{', '.join(map(constant, value))}]"
        case tuple():
            return f"({', '.join(map(constant, value))}{',' if len(value) == 1 else ''})"
        case dict():
            return f"{{{', '.join(f'{constant(key)}: {constant(each)}' for key, each in value.items())}}}"
    return repr(value)


def spelled(value: Any) -> str:
    """A preset's value: a session variable, the time, or a constant."""
    if isinstance(value, str) and value.strip().lower() in NOW:
        return "func.now()"
    return _operand(value)


def _operand(value: Any) -> str:
    if isinstance(value, str) and SESSION.fullmatch(value):
        return f"claim[{constant(value.lower())}]"
    return constant(value)


def condition(said: Any) -> str:
    """A permission's boolean expression in the same words. Raises Left for a word that no rule knows."""
    if not isinstance(said, Mapping):
        raise Left(f"{said!r} is no condition")
    return f"{{{', '.join(_member(str(name), value) for name, value in said.items())}}}"


def _member(name: str, value: Any) -> str:
    if name in LOGIC:
        parts = value if isinstance(value, list) else [value]
        listed = ", ".join(map(condition, parts))
        return f"{constant(name)}: {listed if name.endswith('not') else f'[{listed}]'}"
    if name == "_exists":
        inner = f'{{"_table": {name_of(value.get("_table"))}, "_where": {condition(value.get("_where") or {})}}}'
        return f'"_exists": {inner}'
    if isinstance(value, Mapping):
        words = [word for word in value if str(word)[:1] in "_$" and word not in LOGIC and word != "_exists"]
        if words and len(words) == len(value):
            return f"{constant(name)}: {_comparisons(value)}"
        return f"{constant(name)}: {condition(value)}"
    return f"{constant(name)}: {_operand(value)}"


def _comparisons(said: Mapping[str, Any]) -> str:
    for word in said:
        if f"_{word[1:]}" not in KNOWN:
            raise Left(f"rules do not know {word!r}")
    return f"{{{', '.join(f'{constant(word)}: {_listed(value)}' for word, value in said.items())}}}"


def _listed(value: Any) -> str:
    """A list may have session variables among its items, which no rule knows."""
    if isinstance(value, list) and any(isinstance(each, str) and SESSION.fullmatch(each) for each in value):
        if len(value) == 1:
            return _operand(value[0])
        raise Left("a list of several session variables; make them one claim that is a list")
    return _operand(value)


def value_of(table: Any) -> tuple[str, str]:
    """(schema, name)"""
    if isinstance(table, Mapping):
        return str(table.get("schema") or "public"), str(table.get("name"))
    return "public", str(table)


def name_of(table: Any) -> str:
    """As `may` takes it."""
    return constant(".".join(value_of(table)))


def named_function(said: Any, schema: str) -> str:
    if isinstance(said, Mapping):
        return f"{said.get('schema') or schema}.{said.get('name')}"
    return f"{schema}.{said}"
