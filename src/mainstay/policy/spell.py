"""Conditions in words, for the person who wrote the policy: `owner = claim.sub and not (state = 'closed')`.

For reading alone; nothing ever reads it back.
"""

from typing import Any

from mainstay.core.catalog import Table
from mainstay.core.condition import (
    And,
    Call,
    Claim,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Literal,
    Not,
    Operator,
    Or,
    Present,
    Related,
    Slot,
    Truth,
)

_SYMBOLS = {
    Operator.EQ: "=",
    Operator.NEQ: "!=",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.IN: "in",
}


def spell(condition: Condition, table: Table) -> str:
    """The condition on a row of the table."""
    match condition:
        case And(()):
            return "every row"
        case Or(()):
            return "no row"
        case And(of):
            return " and ".join(_part(part, table) for part in of)
        case Or(of):
            return " or ".join(_part(part, table) for part in of)
        case Not(of):
            return f"not ({spell(of, table)})"
        case Compare(left, operator, right, quantifier):
            symbol = _SYMBOLS.get(operator, operator.value)
            many = "" if quantifier is None else f" {quantifier.value} of"
            return f"{spell_operand(left)} {symbol}{many} {spell_operand(right)}"
        case Is(left, truth):
            return f"{spell_operand(left)} {_truth(truth)}"
        case Present(claim):
            return f"{spell_operand(claim)} is there"
        case Related(index, where):
            relation = table.relations[index]
            return f"there is one of {relation.target.name} that has {_inner(where)}"
        case Exists(key, where):
            return f"there is one of {key.name} that has {_inner(where)}"
        case _:
            return "a condition of the request"


def spell_operand(operand: Any) -> str:
    match operand:
        case Field(column, path):
            return column + "".join(f"->{'>' if step.text else ''}{step.key}" for step in path)
        case Claim(path):
            return f"claim.{'.'.join(path)}"
        case Literal(value):
            return repr(value)
        case Call(function, arguments):
            return f"{function}({', '.join(map(spell_operand, arguments))})"
        case Slot():
            return "a value of the request"
        case _:
            return "something"


def claims_of(node: Any) -> list[tuple[str, ...]]:
    """The paths of the claims that a condition names, each once, in order."""
    if isinstance(node, Claim):
        return [node.path]
    names = getattr(node, "__struct_fields__", ())
    parts = node if isinstance(node, tuple) else [getattr(node, name) for name in names]
    return list(dict.fromkeys(path for part in parts for path in claims_of(part)))


def _part(part: Condition, table: Table) -> str:
    text = spell(part, table)
    return f"({text})" if isinstance(part, And | Or) and len(part.of) > 1 else text


def _truth(truth: Truth) -> str:
    return {Truth.NULL: "is null", Truth.NOT_NULL: "is not null"}.get(truth, f"is {truth.value}")


def _inner(where: Condition) -> str:
    """Of another table, whose relations are not looked up: names are enough to read it."""
    match where:
        case And(()):
            return "anything"
        case And(of):
            return " and ".join(_inner(part) for part in of)
        case Or(of):
            return " or ".join(_inner(part) for part in of)
        case Not(of):
            return f"not ({_inner(of)})"
        case Compare(left, operator, right):
            return f"{spell_operand(left)} {_SYMBOLS.get(operator, operator.value)} {spell_operand(right)}"
        case Is(left, truth):
            return f"{spell_operand(left)} {_truth(truth)}"
        case Present(claim):
            return f"{spell_operand(claim)} there"
        case _:
            return "a related row"
