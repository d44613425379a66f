"""A SQLAlchemy expression over a table → a `Condition` that means exactly the same, or a DeclarationError.

Nothing is lowered approximately: three-valued logic is kept, and a form that is not known here is refused, with the
rule that it stands in, its own text and a hint. This room runs no SQL.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, ColumnElement, Exists, Null, UnaryExpression
from sqlalchemy import types as sqltypes
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import coercions, operators, roles
from sqlalchemy.sql.elements import AsBoolean, BooleanClauseList, ExpressionClauseList, False_, True_

from mainstay.core.catalog import Kind
from mainstay.core.condition import (
    FALSE,
    TRUE,
    Claim,
    Compare,
    Condition,
    Field,
    Is,
    Literal,
    Not,
    Operator,
    Related,
    Truth,
    both,
    either,
)
from mainstay.policy.claims import ClaimElement, ClaimSlot
from mainstay.policy.operands import (
    constant_of,
    is_value,
    kind_of,
    lower_constant,
    lower_left,
    lower_operand,
    type_of,
)
from mainstay.policy.patterns import like_pattern
from mainstay.policy.relate import walk
from mainstay.policy.scope import Scope, hybrid_of, refuse, ungroup

Lowering = Callable[[BinaryExpression[Any], Scope], Condition]

COMPARISONS: dict[Any, Operator] = {
    operators.eq: Operator.EQ,
    operators.ne: Operator.NEQ,
    operators.lt: Operator.LT,
    operators.le: Operator.LTE,
    operators.gt: Operator.GT,
    operators.ge: Operator.GTE,
}
FLIPPED = {
    Operator.EQ: Operator.EQ,
    Operator.NEQ: Operator.NEQ,
    Operator.LT: Operator.GT,
    Operator.LTE: Operator.GTE,
    Operator.GT: Operator.LT,
    Operator.GTE: Operator.LTE,
    Operator.IS_DISTINCT: Operator.IS_DISTINCT,
}
# operator: (how it matches, what stands before the text, what after)
PATTERNS: dict[Any, tuple[Operator, str, str]] = {
    operators.like_op: (Operator.LIKE, "", ""),
    operators.ilike_op: (Operator.ILIKE, "", ""),
    operators.startswith_op: (Operator.LIKE, "", "%"),
    operators.endswith_op: (Operator.LIKE, "%", ""),
    operators.contains_op: (Operator.LIKE, "%", "%"),
    operators.istartswith_op: (Operator.ILIKE, "", "%"),
    operators.iendswith_op: (Operator.ILIKE, "%", ""),
    operators.icontains_op: (Operator.ILIKE, "%", "%"),
}
NEGATIONS: dict[Any, Any] = {
    operators.not_in_op: operators.in_op,
    operators.not_between_op: operators.between_op,
    operators.is_not_distinct_from: operators.is_distinct_from,
    operators.not_like_op: operators.like_op,
    operators.not_ilike_op: operators.ilike_op,
    operators.not_startswith_op: operators.startswith_op,
    operators.not_endswith_op: operators.endswith_op,
    operators.not_contains_op: operators.contains_op,
    operators.not_istartswith_op: operators.istartswith_op,
    operators.not_iendswith_op: operators.iendswith_op,
    operators.not_icontains_op: operators.icontains_op,
    operators.not_regexp_match_op: operators.regexp_match_op,
}
CONTAINMENTS = {"@>": Operator.CS, "<@": Operator.CD, "&&": Operator.OV}


def lower(expression: object, scope: Scope) -> Condition:
    """The condition for rows of the scope's table. Raises DeclarationError for what has no exact counterpart."""
    if isinstance(expression, ClaimSlot):
        expression = expression.__clause_element__()
    try:
        element = coercions.expect(roles.WhereHavingRole, expression)
    except SQLAlchemyError:
        refuse(expression, scope, f"{kind_of(expression)} is no condition", "write it with the model's columns")
    return _condition(element, scope)


def _condition(element: Any, scope: Scope) -> Condition:
    element = ungroup(element)
    if hybrid := hybrid_of(element, scope):
        return Compare(Field(hybrid), Operator.EQ, Literal("true"))
    match element:
        case True_():
            return TRUE
        case False_():
            return FALSE
        case BooleanClauseList() | ExpressionClauseList() if element.operator is operators.and_:
            return both(*(_condition(part, scope) for part in element.clauses))
        case BooleanClauseList() | ExpressionClauseList() if element.operator is operators.or_:
            return either(*(_condition(part, scope) for part in element.clauses))
        case AsBoolean():
            held = _condition(element.element, scope)
            return held if element.operator is operators.is_true else Not(held)
        case Exists():
            return _related(element, scope)
        case UnaryExpression() if element.operator is operators.inv:
            return Not(_condition(element.element, scope))
        case BinaryExpression() if element.operator in LOWERINGS or element.operator in NEGATIONS:
            return _binary(element, scope)
        case BinaryExpression() if getattr(element.operator, "opstring", None) in CONTAINMENTS:
            return _containment(element, scope)
        case BindParameter() if isinstance(element.value, bool):
            return TRUE if element.value else FALSE
        case ColumnElement():
            return _bare(element, scope)
    refuse(element, scope, f"{kind_of(element)} has no counterpart", "write it with comparisons, and_, or_, not_")


def _binary(element: BinaryExpression[Any], scope: Scope) -> Condition:
    positive = NEGATIONS.get(element.operator)
    if positive is not None:
        return Not(LOWERINGS[positive](element, scope))
    return LOWERINGS[element.operator](element, scope)


def _bare(element: ColumnElement[Any], scope: Scope) -> Condition:
    """A boolean column standing for itself: NULL is neither true nor false, as it is compared with true."""
    if isinstance(element, ClaimElement):
        refuse(element, scope, "a rule compares columns with claims", "declare a role for callers with this claim")
    if not isinstance(element.type, sqltypes.Boolean):
        refuse(element, scope, f"{kind_of(element)} is no condition", "compare it with something")
    return Compare(lower_left(element, scope, element), Operator.EQ, Literal("true"))


def _comparison(element: BinaryExpression[Any], scope: Scope) -> Condition:
    return _compared(element, element.left, COMPARISONS[element.operator], element.right, scope)


def _compared(whole: Any, left: Any, operator: Operator, right: Any, scope: Scope) -> Condition:
    if is_value(left) and not is_value(right):
        left, operator, right = right, FLIPPED[operator], left
    if isinstance(ungroup(right), Null):
        refuse(whole, scope, "a comparison with NULL holds for no row", "write column.is_(None) or column.is_not(None)")
    field = lower_left(left, scope, whole)
    return Compare(field, operator, lower_operand(right, scope, type_of(field, scope)))


def _is(element: BinaryExpression[Any], scope: Scope) -> Condition:
    return Is(lower_left(element.left, scope, element), _truth(element, scope))


def _is_not(element: BinaryExpression[Any], scope: Scope) -> Condition:
    field, truth = lower_left(element.left, scope, element), _truth(element, scope)
    return Is(field, Truth.NOT_NULL) if truth is Truth.NULL else Not(Is(field, truth))


def _truth(element: BinaryExpression[Any], scope: Scope) -> Truth:
    match ungroup(element.right):
        case Null():
            return Truth.NULL
        case True_():
            return Truth.TRUE
        case False_():
            return Truth.FALSE
    refuse(element, scope, "IS takes None, True or False", "compare with == or is_distinct_from()")


def _distinct(element: BinaryExpression[Any], scope: Scope) -> Condition:
    if isinstance(ungroup(element.right), Null):
        return Is(lower_left(element.left, scope, element), Truth.NOT_NULL)
    return _compared(element, element.left, Operator.IS_DISTINCT, element.right, scope)


def _between(element: BinaryExpression[Any], scope: Scope) -> Condition:
    if element.modifiers.get("symmetric"):
        refuse(element, scope, "not every store has BETWEEN SYMMETRIC", "write and_(column >= low, column <= high)")
    low, high = element.right.clauses
    return both(
        _compared(element, element.left, Operator.GTE, low, scope),
        _compared(element, element.left, Operator.LTE, high, scope),
    )


def _in(element: BinaryExpression[Any], scope: Scope) -> Condition:
    field = lower_left(element.left, scope, element)
    right = ungroup(element.right)
    if isinstance(right, ClaimElement):
        return Compare(field, Operator.IN, Claim(right.path, many=True))
    if not isinstance(right, BindParameter):
        refuse(
            element,
            scope,
            "IN takes a list of constants, or one claim that is a list",
            "join a column's and a claim's own comparisons by or_(); reach other tables by has() or any()",
        )
    values = constant_of(right, scope)
    if not isinstance(values, list | tuple):
        refuse(element, scope, "IN takes a list", "column.in_([...])")
    if None in values:
        refuse(element, scope, "None in a list is equal to nothing", "write or_(column.in_([...]), column.is_(None))")
    if not values:
        return FALSE
    type = type_of(field, scope)
    return Compare(field, Operator.IN, Literal(tuple(lower_constant(right, value, scope, type) for value in values)))


def _like(element: BinaryExpression[Any], scope: Scope) -> Condition:
    operator, before, after = PATTERNS[NEGATIONS.get(element.operator, element.operator)]
    escape = element.modifiers.get("escape")
    field = lower_left(element.left, scope, element)
    right = ungroup(element.right)
    if isinstance(right, BindParameter):
        return Compare(field, operator, Literal(before + _pattern(right, escape, scope) + after))
    if before or after or escape is not None:
        refuse(
            element,
            scope,
            "only a constant can be made a pattern",
            "compare with like(claim.x), where the claim is a whole pattern with % and _, escaped by a backslash",
        )
    return Compare(field, operator, lower_operand(right, scope))


def _pattern(element: BindParameter[Any], escape: str | None, scope: Scope) -> str:
    text = lower_constant(element, constant_of(element, scope), scope, None)
    try:
        return like_pattern(text, escape)
    except ValueError as error:
        refuse(element, scope, str(error), "escape the escape character itself, or let autoescape=True do it")


def _match(element: BinaryExpression[Any], scope: Scope) -> Condition:
    flags = element.modifiers.get("flags")
    if flags not in (None, "", "i"):
        refuse(element, scope, f"only the flag 'i' is known, not {flags!r}", "write flags into the expression: (?n)…")
    operator = Operator.IMATCH if flags else Operator.MATCH
    return Compare(lower_left(element.left, scope, element), operator, lower_operand(element.right, scope))


def _containment(element: BinaryExpression[Any], scope: Scope) -> Condition:
    operator = CONTAINMENTS[element.operator.opstring]  # type: ignore[attr-defined]
    field = lower_left(element.left, scope, element)
    type = type_of(field, scope)
    if not isinstance(field, Field) or type is None or type.kind not in (Kind.ARRAY, Kind.JSON):
        refuse(element, scope, "only arrays and JSON contain", "compare the column otherwise")
    return Compare(field, operator, lower_operand(element.right, scope, type))


def _related(element: Exists, scope: Scope) -> Condition:
    found = walk(element, scope)
    where = both(*(_condition(term, found.target) for term in found.terms))
    middle = found.middle
    through = TRUE if middle is None else both(*(_condition(term, middle) for term in found.middle_terms))
    return Related(found.relation, where, through)


LOWERINGS: dict[Any, Lowering] = {
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(PATTERNS, _like),
    operators.is_: _is,
    operators.is_not: _is_not,
    operators.is_distinct_from: _distinct,
    operators.between_op: _between,
    operators.in_op: _in,
    operators.regexp_match_op: _match,
}
