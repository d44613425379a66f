"""Random questions that both wires can ask: one read, as a GraphQL document, as a URL, and as the corridor has it."""

import json
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import msgspec

from mainstay.core.catalog import Kind, Relation, Table
from mainstay.core.condition import TRUE, And, Compare, Condition, Field, Is, Not, Operator, Or, Slot, Through, Truth
from mainstay.core.operation import Embed, Item, Order, Pick, Read, TableRef, Value
from mainstay.policy.select import Policy
from property.market import CATALOG
from property.operations import Asker
from property.worlds import COMMON, DATES, NUMBERS, TEXTS

DEPTH_MAX = 2
KINDS = (Kind.INTEGER, Kind.TEXT, Kind.NUMERIC, Kind.BOOLEAN, Kind.DATE)
OPERATORS = {
    "_eq": ("eq", Operator.EQ),
    "_neq": ("neq", Operator.NEQ),
    "_gt": ("gt", Operator.GT),
    "_gte": ("gte", Operator.GTE),
    "_lt": ("lt", Operator.LT),
    "_lte": ("lte", Operator.LTE),
}
PATTERNS = {"_like": ("like", Operator.LIKE), "_ilike": ("ilike", Operator.ILIKE), "_regex": ("match", Operator.MATCH)}
DIRECTIONS = ("asc", "desc")


class Question(NamedTuple):
    """One question in three languages. `hidden`: it names something that is not there for the role."""

    read: Read
    values: tuple[Value, ...]
    graph: str
    rest: str
    ordered: bool
    hidden: bool


class Term(NamedTuple):
    condition: Condition
    graph: str
    rest: str


class Level(NamedTuple):
    """One level of a read; `parameters` are those of its URL, by their names."""

    items: tuple[Item, ...]
    where: Condition
    order: tuple[Order, ...]
    limit: int | None
    graph: str
    select: str
    parameters: list[tuple[str, str]]
    arguments: str


class Questioner:
    def __init__(self, random: Random, policy: Policy, role: str) -> None:
        self.random = random
        self.asker = Asker(random, policy, role)
        self.policy = policy
        self.role = role
        self.values: list[Value] = []
        self.ordered = True
        self.hidden = False
        self.names = 0

    def answerable(self) -> bool:
        return any(map(self._usable, CATALOG.tables.values()))

    def question(self) -> Question:
        table = self.random.choice([table for table in CATALOG.tables.values() if self._usable(table)])
        level = self._level(table, "", 0)
        read = Read(TableRef(table.name), level.items, level.where, level.order, level.limit)
        query = "&".join(f"{name}={value}" for name, value in (("select", level.select), *level.parameters))
        graph = f"{{ {table.name}{level.arguments} {level.graph} }}"
        return Question(read, tuple(self.values), graph, f"{table.name}?{query}", self.ordered, self.hidden)

    def _usable(self, table: Table) -> bool:
        """Which rows are on a page that only the policy bounds is anyone's guess, unless their order is whole."""
        reading = self.policy.reading(self.role, table.key)
        return reading is not None and bool(self._columns(table)) and (reading.rows_max is None or self._whole(table))

    def _columns(self, table: Table) -> list[str]:
        return [name for name in self.asker.names(table.key) if table.columns[name].type.kind in KINDS]

    def _whole(self, table: Table) -> bool:
        reading = self.policy.reading(self.role, table.key)
        return reading is not None and all(reading.masks.get(name, TRUE) is None for name in table.primary_key)

    def _level(self, table: Table, path: str, depth: int, *, one: bool = False) -> Level:
        """`one`: there is at most one row, and nothing is said of which."""
        columns = self._columns(table)
        picked = self.random.sample(columns, self.random.randint(1, len(columns)))
        items: list[Item] = [Pick(Field(name)) for name in picked]
        graphs, selects, parameters = list(picked), list(picked), []
        relations = [each for each in table.relations if each.name and self._reachable(each)]
        while relations and depth < DEPTH_MAX and self.random.random() < 0.4:
            relation = self.random.choice(relations)
            self.names += 1
            alias = f"e{self.names}"
            target = CATALOG.tables[relation.target]
            inner = self._level(target, f"{path}{alias}.", depth + 1, one=relation.to_one)
            graphs.append(f"{alias}: {relation.name}{inner.arguments} {inner.graph}")
            selects.append(f"{alias}:{relation.name}({inner.select})")
            parameters += inner.parameters
            paged = Embed(str(relation.name), alias, order=inner.order, limit=inner.limit)
            items.append(msgspec.structs.replace(paged, select=inner.items, where=inner.where))
        term = None if one or (depth and self.random.random() < 0.5) else self._where(table)
        orders = [] if one else self._orders(table)
        limit = self.random.randint(0, 4) if not one and self._whole(table) and self.random.random() < 0.3 else None
        self.ordered &= one or self._whole(table)
        arguments: list[str] = []
        if term is not None:
            arguments.append(f"where: {term.graph}")
            parameters.append((f"{path}and", f"({term.rest})"))
        if orders:
            arguments.append("order_by: [" + ", ".join(f"{{{name}: {way}}}" for name, way in orders) + "]")
            parameters.append((f"{path}order", ",".join(f"{name}.{way}" for name, way in orders)))
        if limit is not None:
            arguments.append(f"limit: {limit}")
            parameters.append((f"{path}limit", str(limit)))
        return Level(
            tuple(items),
            TRUE if term is None else term.condition,
            tuple(Order(Field(name), way == "desc") for name, way in orders),
            limit,
            "{ " + " ".join(graphs) + " }",
            ",".join(selects),
            parameters,
            f"({', '.join(arguments)})" if arguments else "",
        )

    def _reachable(self, relation: Relation) -> bool:
        return self.asker._reachable(relation) and self._usable(CATALOG.tables[relation.target])

    def _orders(self, table: Table) -> list[tuple[str, str]]:
        columns = self._columns(table)
        names = self.random.sample(columns, min(len(columns), self.random.randint(0, 2)))
        if self._whole(table):
            names += [name for name in table.primary_key if name not in names]
        return [(name, self.random.choice(DIRECTIONS)) for name in names]

    def _where(self, table: Table) -> Term | None:
        if self.random.random() < 0.3:
            return None
        return self._term(table, 2)

    def _term(self, table: Table, depth: int) -> Term:
        chance = self.random.random()
        if depth and chance < 0.3:
            return self._joined([self._term(table, depth - 1) for _ in range(self.random.randint(1, 3))])
        if depth and chance < 0.4:
            inner = self._term(table, depth - 1)
            return Term(Not(inner.condition), f"{{_not: {inner.graph}}}", f"not.and({inner.rest})")
        relations = [each for each in table.relations if each.name and self._reachable(each)]
        if depth and chance < 0.55 and relations:
            relation = self.random.choice(relations)
            inner = self._term(CATALOG.tables[relation.target], depth - 1)
            name = str(relation.name)
            return Term(Through(name, inner.condition), f"{{{name}: {inner.graph}}}", f"{name}.and({inner.rest})")
        return self._comparison(table)

    def _joined(self, terms: Sequence[Term]) -> Term:
        word = self.random.choice(["and", "or"])
        conditions = tuple(term.condition for term in terms)
        graph = f"{{_{word}: [{', '.join(term.graph for term in terms)}]}}"
        rest = f"{word}({','.join(term.rest for term in terms)})"
        return Term(And(conditions) if word == "and" else Or(conditions), graph, rest)

    def _comparison(self, table: Table) -> Term:
        column = self.random.choice(self._columns(table))
        if self.random.random() < 0.02:
            gone = [name for name in table.columns if name not in self.asker.names(table.key)]
            column, self.hidden = self.random.choice([*gone, "nothing"]), True
            return self._spelt(column, "_eq", ("eq", Operator.EQ), "1", "1")
        if self.random.random() < 0.15:
            null = self.random.random() < 0.5
            truth = Truth.NULL if null else Truth.NOT_NULL
            graph = f"{{{column}: {{_is_null: {'true' if null else 'false'}}}}}"
            return Term(Is(Field(column), truth), graph, f"{column}.is.{truth.value}")
        kind = table.columns[column].type.kind
        if kind is Kind.TEXT and self.random.random() < 0.3:
            name = self.random.choice(list(PATTERNS))
            pattern = self.random.choice(["^a", "b$"] if name == "_regex" else ["a%", "%n_", "%", "A__"])
            return self._spelt(column, name, PATTERNS[name], json.dumps(pattern), pattern)
        if self.random.random() < 0.15:
            values = [self._value(kind) for _ in range(self.random.randint(0, 3))]
            graph = f"{{{column}: {{_in: [{', '.join(one for one, _ in values)}]}}}}"
            rest = f"{column}.in.({','.join(map(_quoted, (text for _, text in values)))})"
            self.values.append(tuple(text for _, text in values))
            return Term(Compare(Field(column), Operator.IN, Slot(len(self.values) - 1, many=True)), graph, rest)
        name = self.random.choice(list(OPERATORS))
        return self._spelt(column, name, OPERATORS[name], *self._value(kind))

    def _spelt(self, column: str, name: str, operator: tuple[str, Operator], graph: str, text: str) -> Term:
        self.values.append(text)
        condition = Compare(Field(column), operator[1], Slot(len(self.values) - 1))
        return Term(condition, f"{{{column}: {{{name}: {graph}}}}}", f"{column}.{operator[0]}.{_quoted(text)}")

    def _value(self, kind: Kind) -> tuple[str, str]:
        """As GraphQL has it, and as its text; now and then a date is none."""
        match kind:
            case Kind.INTEGER:
                number = str(self.random.randint(0, 4))
                return number, number
            case Kind.NUMERIC:
                number = str(self.random.choice(NUMBERS))
                return number, number
            case Kind.BOOLEAN:
                truth = self.random.choice(["true", "false"])
                return truth, truth
            case Kind.DATE:
                day = "soon" if self.random.random() < 0.03 else self.random.choice(DATES).isoformat()
                return json.dumps(day), day
        text = self.random.choice(TEXTS if self.random.random() < 0.4 else COMMON)
        return json.dumps(text), text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
