"""Reads filters: `column=operator.value`, and the trees of `and=(…)` and `or=(…)`.

Operators and names become conditions; each value becomes a slot, in the order in which they come. Never looks a name
up, and never reads a value: what a text means is for its column's type to say.
"""

import re
from collections.abc import Callable

import msgspec

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Measured,
    Not,
    Operator,
    Or,
    Quantifier,
    Slot,
    Through,
    Truth,
)
from mainstay.core.limits import Limits
from mainstay.core.operation import Value
from mainstay.core.problem import Problem
from mainstay.wires.rest.scan import (
    IDENTIFIER,
    NAME,
    QUOTED,
    Scanner,
    read_cast,
    read_field,
    read_name,
    too_deep,
    unescape,
)

OPERATION = re.compile(r"(not\.)?([a-z][a-z0-9_]*+)(?:\(([^()]*+)\))?\.")
GROUP = re.compile(r"[ \t]*+(not\.)?(and|or)[ \t]*+\(")
TRUTH = re.compile(r"not_null|null|true|false|unknown", re.IGNORECASE)
LIST_OPEN = re.compile(r"[ \t]*+\([ \t]*+")
BARE_ITEM = re.compile(r"[^,)]*+")
BRACED = re.compile(r"\{[^{}]*+\}")
STEP = re.compile(rf"[ \t]*+(?:{QUOTED.pattern}|{NAME.pattern})(?:(?:->|!)[^.,()]*+)?\.", re.DOTALL)
NAMED = rf"[ \t]*+(?:{QUOTED.pattern}|{NAME.pattern})(?:->[^.,()]*+)?(?:::[\w $]++)?"
AGGREGATES = "|".join(each.value for each in Aggregate if each is not Aggregate.ONLY)
RELATED_AGGREGATE = re.compile(rf"count\(\)|{NAMED}\.(?!count\b)(?:{AGGREGATES})\(\)", re.DOTALL)
AGGREGATE = re.compile(rf"({AGGREGATES})\(\)")
ARRAY_ITEM = re.compile(r'[^{},"\\]*+')

OPERATOR_EXPECTED = '"not" or operator (eq, gt, ...)'
TRUTH_EXPECTED = "isVal: (null, not_null, true, false, unknown)"

OPERATORS = {operator.value: operator for operator in Operator}
QUANTIFIERS = {"any": Quantifier.ANY, "all": Quantifier.ALL}
QUANTIFIED = frozenset({"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "lmatch", "cs", "cd"})
TEXT_SEARCHES = frozenset({"fts", "plfts", "phfts", "wfts"})
PATTERNS = frozenset({"like", "ilike"})
DISTANT = frozenset({"st_dwithin", "st_3ddwithin"})
OPPOSITES = {Truth.NULL: Truth.NOT_NULL, Truth.NOT_NULL: Truth.NULL}


class Slots:
    """The request's values, gathered as slots for them are made, and how many terms there were."""

    __slots__ = ("aggregated", "limits", "terms", "values")

    def __init__(self, limits: Limits) -> None:
        self.values: list[Value] = []
        self.limits = limits
        self.terms = 0
        self.aggregated = False

    def add(self, value: str) -> Slot:
        self.values.append(value)
        return Slot(len(self.values) - 1)

    def add_list(self, values: tuple[str, ...]) -> Slot:
        self.values.append(values)
        return Slot(len(self.values) - 1, many=True)

    def count_term(self, where: str) -> None:
        """Raises MS441 past `terms_max`."""
        self.terms += 1
        if self.terms > self.limits.terms_max:
            raise Problem(
                "MS441",
                "The request filters by too many terms",
                details=f"At most {self.limits.terms_max} terms are allowed",
                where=where,
            )


TermReader = Callable[[Scanner, Slots, int], Condition]


def pattern(text: str) -> str:
    """A LIKE pattern: PostgREST lets `*` stand for `%`, which needs no escape in a URL."""
    return text.replace("*", "%")


def parse_filter(left: Measured, text: str, slots: Slots, where: str) -> Condition:
    """The condition of `column=text`. Raises PGRST100, MS441 past `terms_max`, MS442 past `list_max`."""
    scanner = Scanner(text, "filter", where)
    condition = _read_condition(scanner, left, slots, _read_rest)
    return condition if scanner.ended() else scanner.fail("end of input")


def parse_logic(text: str, operator: str, *, negated: bool, slots: Slots, where: str) -> Condition:
    """The condition of `or=(…)` or `and=(…)`; `operator` is which. Raises as `parse_filter`, MS403 past `depth_max`."""
    scanner = Scanner(text, "logic tree", where)
    if scanner.match(LIST_OPEN) is None:
        scanner.fail('"("')
    condition = _read_group(scanner, operator, slots, 1)
    scanner.skip_spaces()
    if not scanner.ended():
        scanner.fail("end of input")
    return Not(condition) if negated else condition


def parse_having(text: str, slots: Slots, where: str) -> Condition:
    """The condition on groups of `having=(sum.sum().gt.1,count().gt.2)`. Raises as `parse_logic`."""
    scanner = Scanner(text, "having", where)
    scanner.match(LIST_OPEN)
    condition = _read_group(scanner, "and", slots, 1, _read_total)
    scanner.skip_spaces()
    return condition if scanner.ended() else scanner.fail("end of input")


def _read_total(scanner: Scanner, slots: Slots, depth: int) -> Condition:
    """`count().operator.value`, `column.sum().operator.value`: of a group."""
    scanner.skip_spaces()
    left = read_filtered(scanner, read_aggregate(scanner, None, slots), slots, depth)
    if not scanner.take("."):
        scanner.fail("delimiter (.)")
    return _read_condition(scanner, left, slots, _read_enclosed)


def _read_group(
    scanner: Scanner, operator: str, slots: Slots, depth: int, read_term: TermReader | None = None
) -> Condition:
    """The conditions up to the closing parenthesis; the opening one has been read."""
    if depth > slots.limits.depth_max:
        raise too_deep(slots.limits.depth_max, scanner.where)
    read = read_term or _read_term
    conditions = [_read_branch(scanner, slots, depth, read)]
    while scanner.take(","):
        conditions.append(_read_branch(scanner, slots, depth, read))
    if not scanner.take(")"):
        scanner.fail('"," or ")"')
    return Or(tuple(conditions)) if operator == "or" else And(tuple(conditions))


def _read_branch(scanner: Scanner, slots: Slots, depth: int, read_term: TermReader) -> Condition:
    group = GROUP.match(scanner.text, scanner.position)
    if group is None:
        condition = read_term(scanner, slots, depth)
    else:
        scanner.position = group.end()
        condition = _read_group(scanner, group.group(2), slots, depth + 1, read_term)
        condition = Not(condition) if group.group(1) else condition
    scanner.skip_spaces()
    return condition


def _read_term(scanner: Scanner, slots: Slots, depth: int) -> Condition:
    """`column.operator.value`; or `relation.` and a branch of its own, which then is about related rows.

    Where both could be meant, `relation.eq.…` say, it is the column's: that is PostgREST's grammar.
    """
    field = read_field(scanner)
    hint = read_name(scanner) if not field.path and scanner.take("!") else None
    if not scanner.take("."):
        scanner.fail("delimiter (.)")
    if field.path or (hint is None and (_is_operation(scanner, scanner.position) or not _leads_on(scanner))):
        return _read_condition(scanner, field, slots, _read_enclosed)
    if depth >= slots.limits.depth_max:
        raise too_deep(slots.limits.depth_max, scanner.where)
    if RELATED_AGGREGATE.match(scanner.text, scanner.position):
        left = read_aggregate(scanner, Through(field.column, TRUE, hint), slots)
        left = read_filtered(scanner, left, slots, depth)
        if not scanner.take("."):
            scanner.fail("delimiter (.)")
        return _read_condition(scanner, left, slots, _read_enclosed)
    return Through(field.column, _read_branch(scanner, slots, depth + 1, _read_term), hint)


def read_aggregate(scanner: Scanner, of: Through | None, slots: Slots) -> Aggregation:
    """`count()` or `column.max()`; of related rows it stands behind the relation's name and its dot."""
    slots.aggregated = True
    field = None
    if not scanner.text.startswith("count()", scanner.position):  # which alone needs no column
        column = read_field(scanner)
        field = Field(column.column, column.path, read_cast(scanner))
        scanner.take(".")
    function = scanner.match(AGGREGATE)
    if function is None:
        scanner.fail("aggregate (count(), sum(), avg(), min(), max())")
    return Aggregation(Aggregate(function[:-2]), field, of=of)


def read_aggregate_path(text: str, slots: Slots) -> tuple[tuple[str, ...], Aggregation]:
    """A parameter's name: the embeds on the way, and the aggregate at its end, such as `actors.films.year.max()`."""
    scanner = Scanner(text, "tree path", text)
    path: list[str] = []
    while True:
        name = read_name(scanner)
        hint = read_name(scanner) if scanner.take("!") else None
        if not scanner.take(".") or (hint is not None and not RELATED_AGGREGATE.match(text, scanner.position)):
            scanner.fail("delimiter (.)")
        if RELATED_AGGREGATE.match(text, scanner.position):
            break
        path.append(name)
    aggregation = read_aggregate(scanner, Through(name, TRUE, hint), slots)
    return (tuple(path), aggregation) if scanner.ended() else scanner.fail("end of input")


def read_where(scanner: Scanner, slots: Slots, depth: int = 0) -> Condition:
    """The conditions of `.filter(a.eq.1,b.eq.2)`; true where none is next."""
    return _read_group(scanner, "and", slots, depth + 1) if scanner.take(".filter(") else TRUE


def read_filtered(scanner: Scanner, aggregation: Aggregation, slots: Slots, depth: int = 0) -> Aggregation:
    """The aggregate of the rows that the filter behind it leaves."""
    where = read_where(scanner, slots, depth)
    return aggregation if where == TRUE else msgspec.structs.replace(aggregation, where=where)


def _is_operation(scanner: Scanner, position: int) -> bool:
    found = OPERATION.match(scanner.text, position)
    return found is not None and found.group(2) in OPERATORS


def _leads_on(scanner: Scanner) -> bool:
    """True where names lead to an operator, a group or an aggregate: else it is a misspelt operator."""
    position = scanner.position
    while not any(each.match(scanner.text, position) for each in (GROUP, RELATED_AGGREGATE)):
        step = STEP.match(scanner.text, position)
        if step is None:
            return False
        position = step.end()
        if _is_operation(scanner, position):
            return True
    return True


def _read_condition(scanner: Scanner, left: Measured, slots: Slots, read_value: Callable[[Scanner], str]) -> Condition:
    slots.count_term(scanner.where)
    found = OPERATION.match(scanner.text, scanner.position)
    if found is None or found.group(2) not in OPERATORS:
        scanner.fail(OPERATOR_EXPECTED)
    name, argument, negated = found.group(2), found.group(3), found.group(1) is not None
    scanner.position = found.end()
    if name == "is" and argument is None:
        return _read_is(scanner, left, negated=negated)
    if name == "in" and argument is None:
        condition = Compare(left, Operator.IN, slots.add_list(_read_list(scanner, slots.limits)))
    elif name in DISTANT and argument is not None:
        distance = slots.add(argument)
        condition = Compare(left, OPERATORS[name], slots.add(read_value(scanner)), distance=distance)
    elif argument is None and name not in DISTANT:
        text = read_value(scanner)
        condition = Compare(left, OPERATORS[name], slots.add(pattern(text) if name in PATTERNS else text))
    elif name in TEXT_SEARCHES and IDENTIFIER.fullmatch(argument) and argument.strip():
        config = argument.strip()
        condition = Compare(left, OPERATORS[name], slots.add(read_value(scanner)), config=config)
    elif name in QUANTIFIED and argument in QUANTIFIERS:
        right = slots.add_list(_array_items(read_value(scanner), name, slots.limits, scanner.where))
        condition = Compare(left, OPERATORS[name], right, quantifier=QUANTIFIERS[argument])
    else:
        scanner.fail(OPERATOR_EXPECTED, at=found.start(2) + len(name))
    return Not(condition) if negated else condition


def _read_is(scanner: Scanner, left: Measured, *, negated: bool) -> Condition:
    """`is` never gives unknown, so that not null can be said without a Not."""
    found = scanner.match(TRUTH)
    if found is None:
        scanner.fail(TRUTH_EXPECTED)
    truth = Truth(found.lower())
    if not negated:
        return Is(left, truth)
    return Is(left, OPPOSITES[truth]) if truth in OPPOSITES else Not(Is(left, truth))


def _read_rest(scanner: Scanner) -> str:
    """A filter's value: everything behind the operator."""
    text = scanner.text[scanner.position :]
    scanner.position = len(scanner.text)
    return text


def _read_enclosed(scanner: Scanner) -> str:
    """A value in a tree: quoted, or in braces (an array), or up to the next comma or parenthesis."""
    for kind in (QUOTED, BRACED):
        found = kind.match(scanner.text, scanner.position)
        if found is not None and _ends_item(scanner.text, found.end()):
            scanner.position = found.end()
            return unescape(found.group(1)) if kind is QUOTED else found.group()
    return scanner.match(BARE_ITEM) or ""


def _ends_item(text: str, position: int) -> bool:
    return position >= len(text) or text[position] in ",)"


def _read_list(scanner: Scanner, limits: Limits) -> tuple[str, ...]:
    """`(a,"b, c")`; `()` is the empty list, and `("")` a list of one empty text."""
    if scanner.match(LIST_OPEN) is None:
        scanner.fail('"("')
    if scanner.take(")"):
        return ()
    items = [_read_enclosed_item(scanner)]
    while scanner.take(","):
        _count_items(len(items) + 1, limits, scanner.where)
        items.append(_read_enclosed_item(scanner))
    if not scanner.take(")"):
        scanner.fail('"," or ")"')
    scanner.skip_spaces()
    _count_items(len(items), limits, scanner.where)
    return tuple(items)


def _read_enclosed_item(scanner: Scanner) -> str:
    found = QUOTED.match(scanner.text, scanner.position)
    if found is not None and _ends_item(scanner.text, found.end()):
        scanner.position = found.end()
        return unescape(found.group(1))
    return scanner.match(BARE_ITEM) or ""


def _count_items(count: int, limits: Limits, where: str) -> None:
    if count > limits.list_max:
        raise Problem(
            "MS442",
            "The request filters by too long a list",
            details=f"At most {limits.list_max} items of one list are allowed",
            where=where,
        )


def _array_items(text: str, operator: str, limits: Limits, where: str) -> tuple[str, ...]:
    """The items of `{a,"b, c"}`, PostgreSQL's array literal of one dimension, for `eq(any)` and its like.

    Raises 22P02 where it is none. NULL as an item is refused: it could only ever make the answer unknown.
    """
    if not (text.startswith("{") and text.endswith("}") and len(text) >= 2):
        raise _malformed(text, 'Array value must start with "{" and end with "}".', where)
    if not text[1:-1].strip():
        return ()
    scanner = Scanner(text, "filter", where)
    scanner.position = 1
    items = [_array_item(scanner)]
    while scanner.take(","):
        _count_items(len(items) + 1, limits, where)
        items.append(_array_item(scanner))
    if scanner.position != len(text) - 1:
        raise _malformed(text, "Unexpected array element.", where)
    _count_items(len(items), limits, where)
    return tuple(pattern(item) for item in items) if operator in PATTERNS else tuple(items)


def _array_item(scanner: Scanner) -> str:
    scanner.skip_spaces()
    found = QUOTED.match(scanner.text, scanner.position)
    if found is not None:
        scanner.position = found.end()
        scanner.skip_spaces()
        return unescape(found.group(1))
    item = (scanner.match(ARRAY_ITEM) or "").strip()
    if not item or item.upper() == "NULL":
        raise _malformed(scanner.text, 'An element is empty or NULL; quote a text such as "NULL".', scanner.where)
    return item


def _malformed(text: str, details: str, where: str) -> Problem:
    return Problem("22P02", f'malformed array literal: "{text}"', details=details, where=where)
