"""Random reads for a role: what it may ask for, mostly, and now and then a name that does not exist for it."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import msgspec

from mainstay.core.catalog import Column, Kind, Relation, Table, TableKey
from mainstay.core.condition import (
    STATISTICS,
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Quantifier,
    Slot,
    Step,
    Through,
    Truth,
)
from mainstay.core.operation import (
    Count,
    Embed,
    Format,
    Item,
    Join,
    Nulls,
    Order,
    Pick,
    Read,
    Star,
    TableRef,
    Value,
)
from mainstay.policy.select import Policy
from property.market import CATALOG
from property.worlds import COMMON, DATES, NUMBERS, TEXTS

DEPTH_MAX = 3
SORTABLE = {Kind.INTEGER, Kind.TEXT, Kind.NUMERIC, Kind.BOOLEAN, Kind.DATE}
AGGREGATED = {Kind.INTEGER, Kind.NUMERIC, Kind.DATE}
OF_NUMBERS = [Aggregate.COUNT, Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX]
OF_NUMBERS += [each for each in Aggregate if each in STATISTICS]
PATTERNS = ["a%", "%b%", "_n_", "%", "A__", "%\\%", "back\\\\%", "it's"]
EXPRESSIONS = ["^a", "n+", "[bc]", "^$", "x|y"]
ARRAYS = ["{}", "{ann}", '{"a,b"}', "{bob,ann}", "{x,y}"]
JSON_TEXTS = ["1", '"ann"', "null", "[]", "true", '{"k": true}']
BAD = {Kind.INTEGER: "1x", Kind.NUMERIC: "one", Kind.BOOLEAN: "maybe", Kind.DATE: "soon", Kind.JSON: "{"}
PATHS: list[tuple[Step, ...]] = [
    (Step("s", text=True),),
    (Step("n", text=True),),
    (Step("in"), Step("k", text=True)),
    (Step("list"), Step(0, text=True)),
    (Step("list"), Step(-1), Step("k", text=True)),
    (Step(1, text=True),),
]
DOCUMENT_PATHS: list[tuple[Step, ...]] = [(Step("n"),), (Step("in"),), (Step("list"),), (Step("list"), Step(1))]

Maker = Callable[[Random], Value]


class Asked(NamedTuple):
    """A read and how its values are made. `ordered`: every list in its answer has one right order."""

    read: Read
    makers: tuple[Maker, ...]
    ordered: bool


class Level(NamedTuple):
    """One level of a read. `whole`: its order is total, so that it may be cut into pages."""

    items: tuple[Item, ...]
    where: Condition
    order: tuple[Order, ...]
    whole: bool
    grouped: bool = False
    having: Condition = TRUE


def random_read(random: Random, policy: Policy, role: str) -> Asked:
    asker = Asker(random, policy, role)
    readable = [key for key in CATALOG.tables if asker.names(key)]
    table = CATALOG.tables[random.choice(readable)]
    level = asker.level(table, 0)
    read = Read(
        table=TableRef(table.name, random.choice([None, "public"])),
        select=level.items,
        where=level.where,
        order=level.order,
        limit=random.randint(0, 5) if level.whole and random.random() < 0.35 else None,
        offset=asker.offset() if level.whole and random.random() < 0.2 else None,
        count=Count.EXACT if random.random() < 0.25 else Count.NONE,
        strip_nulls=random.random() < 0.05,
        having=level.having,
        distinct=asker.distinct(table, level),
    )
    return Asked(asker.formatted(asker.spoilt(read)), tuple(asker.makers), asker.ordered)


class Asker:
    def __init__(self, random: Random, policy: Policy, role: str) -> None:
        self.random = random
        self.policy = policy
        self.role = role
        self.makers: list[Maker] = []
        self.ordered = True
        self.names_given = 0
        self.around: list[Table] = []
        """Whose rows are around the one that a condition is about."""

    def names(self, key: TableKey) -> list[str]:
        """The columns that the role may read."""
        reading = self.policy.reading(self.role, key)
        return list(reading.masks) if reading is not None else []

    def offset(self) -> int:
        return self._slot(lambda random: str(random.randint(0, 3))).index

    def distinct(self, table: Table, level: Level) -> tuple[Field, ...] | None:
        """Of rows that are alike in something the first; of rows that are alike in all that is selected, one."""
        columns = [name for name in self.names(table.key) if table.columns[name].type.kind in SORTABLE]
        plain = all(isinstance(item, Pick) and not item.aggregate and not item.field.path for item in level.items)
        if level.grouped or not columns or not level.whole or self.random.random() > 0.1:
            return None
        if plain and not level.order and self.random.random() < 0.5:
            return ()
        return tuple(Field(name) for name in self.random.sample(columns, min(len(columns), self.random.randint(1, 2))))

    def fresh(self, letter: str) -> str:
        """A name that nothing else in the answer has."""
        self.names_given += 1
        return f"{letter}{self.names_given}"

    def level(self, table: Table, depth: int, *, spread: bool = False) -> Level:
        """`spread`: its members will be the outer level's, so each needs a name of its own."""
        reading = self.policy.reading(self.role, table.key)
        assert reading is not None
        whole = all(reading.masks.get(name, TRUE) is None for name in table.primary_key)
        bounded = reading.rows_max is not None
        before = len(self.makers)
        if self.random.random() < (0.12 if depth == 0 else 0.08) and not bounded:
            return self._grouped(table)
        items = self._items(table, depth, spread=spread)
        embeds = [item for item in items if isinstance(item, Embed)]
        where = self._where(table, embeds)
        order = self._order(table, embeds)
        if whole:
            order = (*order, *(Order(Field(name)) for name in table.primary_key))
        elif bounded:  # which rows are in the page is then anyone's guess, but whether there is any is not
            del self.makers[before:]
            items = (Pick(None, self.fresh("n"), Aggregate.COUNT),)
            return Level(items, self._where(table, ()), (), whole=False, grouped=True)
        self.ordered &= whole
        return Level(items, where, order, whole)

    def formatted(self, read: Read) -> Read:
        chance = self.random.random()
        if chance < 0.05:
            return _with(read, format=Format.OBJECT, limit=read.limit if not _pages(read) else 1)
        return _with(read, format=Format.NONE) if chance < 0.09 else read

    def spoilt(self, read: Read) -> Read:
        """Now and then, one name in it means nothing to the role."""
        chance = self.random.random()
        if chance > 0.05:
            return read
        known = CATALOG.find("public", read.table.name)
        assert known is not None
        hidden = [name for name in known.columns if name not in self.names(known.key)]
        field = Field(self.random.choice([*hidden, "nothing"]))
        match int(chance * 100):
            case 0:
                return _with(read, select=(*read.select, Pick(field, "spoilt")))
            case 1:
                return _with(read, where=And((read.where, Or((read.where, Is(field, Truth.NULL))))))
            case 2:
                return _with(read, order=(*read.order, Order(field)))
            case 3:
                unreadable = [key.name for key in CATALOG.tables if not self.names(key)]
                return _with(read, table=TableRef(self.random.choice([*unreadable, "nowhere"])))
        gone = [each for each in known.relations if each.name and not self._reachable(each)]
        target = self.random.choice([each.name for each in gone] or ["nobody"])
        return _with(read, select=(*read.select, Embed(str(target), select=(Star(),))))

    def _items(self, table: Table, depth: int, *, spread: bool) -> tuple[Item, ...]:
        names = self.names(table.key)
        items: list[Item] = []
        used: set[str] = set()
        if self.random.random() < 0.25 and not spread:
            items.append(Star())
            used.update(table.columns)
        for name in self.random.sample(names, self.random.randint(0 if items else 1, len(names))):
            alias = self.fresh("c") if spread or name in used or self.random.random() < 0.15 else None
            items.append(self._pick(table.columns[name], alias))
            used.add(alias or name)
        relations = [relation for relation in table.relations if self._reachable(relation)]
        while relations and depth < DEPTH_MAX and self.random.random() < 0.5 - 0.1 * depth:
            items.append(self._embed(self.random.choice(relations), depth, used, spread=spread))
        self.random.shuffle(items)
        return tuple(items)

    def _pick(self, column: Column, alias: str | None) -> Pick:
        if column.type.kind is Kind.JSON and self.random.random() < 0.5:
            return Pick(Field(column.name, self.random.choice(PATHS + DOCUMENT_PATHS)), alias or self.fresh("c"))
        if column.type.kind is Kind.INTEGER and self.random.random() < 0.1:
            return Pick(Field(column.name, cast=self.random.choice(["text", "numeric"])), alias)
        return Pick(Field(column.name), alias)

    def _reachable(self, relation: Relation) -> bool:
        pairs = [(relation.source, left, relation.target, right) for left, right in relation.pairs]
        if relation.junction is not None:
            middle = relation.junction.table
            pairs += [(relation.source, left, middle, right) for left, right in relation.junction.source_pairs]
            pairs += [(relation.target, left, middle, right) for left, right in relation.junction.target_pairs]
        return all(left in self.names(one) and right in self.names(other) for one, left, other, right in pairs)

    def _embed(self, relation: Relation, depth: int, used: set[str], *, spread: bool) -> Embed:
        table = CATALOG.tables[relation.target]
        target = relation.name or table.name
        named = spread or target in used or self.random.random() < 0.3
        alias = self.fresh("e") if named else None
        used.add(alias or target)
        spreads = self.random.random() < 0.25 and self._may_spread(relation)
        hidden = not spreads and self.random.random() < 0.1
        level = self.level(table, DEPTH_MAX if hidden else depth + 1, spread=spreads)
        spreads = spreads and not level.grouped
        shown = () if hidden else level.items
        # What is neither shown nor needed is not looked at, and so a bad value in it is none.
        inner = self.random.random() < 0.25 or not shown
        return Embed(
            target=target,
            alias=alias,
            hint=None if relation.name is not None else relation.constraint,
            join=Join.INNER if inner else Join.LEFT,
            spread=spreads,
            select=shown,
            where=level.where,
            order=level.order if shown or not level.grouped else (),
            having=TRUE if not shown else level.having,
            limit=self.random.randint(0, 3) if level.whole and self.random.random() < 0.25 else None,
            offset=self.random.randint(1, 2) if level.whole and self.random.random() < 0.1 else 0,
        )

    def _may_spread(self, relation: Relation) -> bool:
        """A list of each member has no order of its own, so that it has to be a total one."""
        reading = self.policy.reading(self.role, relation.target)
        key = CATALOG.tables[relation.target].primary_key
        return relation.to_one or (reading is not None and all(reading.masks.get(name, TRUE) is None for name in key))

    def _grouped(self, table: Table) -> Level:
        columns = [table.columns[name] for name in self.names(table.key)]
        items: list[Item] = []
        for column in self.random.sample(columns, min(len(columns), self.random.randint(0, 2))):
            if column.type.kind is not Kind.JSON:
                items.append(Pick(Field(column.name), self.fresh("g")))
        for _ in range(self.random.randint(1, 2)):
            pick = self._aggregate(self.random.choice(columns), self.fresh("x"))
            filtered = self._condition(table, [], 1) if self.random.random() < 0.3 else TRUE
            items.append(msgspec.structs.replace(pick, where=filtered))
        keys = [item for item in items if isinstance(item, Pick) and not item.aggregate]
        having = self._having(table, columns) if self.random.random() < 0.4 else TRUE
        order: tuple[Order, ...] = ()
        sortable = all(table.columns[key.field.column].type.kind in SORTABLE for key in keys if key.field)
        if sortable and self.random.random() < 0.6:
            total = (self._sort(self._total(table, columns), None),) if self.random.random() < 0.6 else ()
            order = (*total, *(self._sort(key.field, None) for key in keys if key.field))
        else:
            self.ordered &= not keys
        return Level(tuple(items), self._where(table, ()), order, whole=False, grouped=True, having=having)

    def _total(self, table: Table, columns: list[Column]) -> Aggregation:
        pick = self._aggregate(self.random.choice(columns), "")
        assert pick.aggregate is not None
        where = self._condition(table, [], 1) if self.random.random() < 0.2 else TRUE
        return Aggregation(pick.aggregate, pick.field, where)

    def _having(self, table: Table, columns: list[Column]) -> Condition:
        terms: list[Condition] = []
        for _ in range(self.random.randint(1, 2)):
            total = self._total(table, columns)
            kind = Kind.INTEGER if total.field is None else table.columns[total.field.column].type.kind
            kind = Kind.INTEGER if total.function is Aggregate.COUNT else kind
            if self.random.random() < 0.15:
                terms.append(Is(total, self.random.choice([Truth.NULL, Truth.NOT_NULL])))
            else:
                terms.append(Compare(total, self.random.choice([Operator.GT, Operator.LTE]), self._slot(_maker(kind))))
        joined: Condition = self.random.choice([And, Or])(tuple(terms))
        return Not(joined) if self.random.random() < 0.2 else joined

    def _aggregate(self, column: Column, alias: str) -> Pick:
        functions = {Aggregate.COUNT}
        if column.type.kind in (Kind.INTEGER, Kind.NUMERIC):
            functions = set(OF_NUMBERS)
        elif column.type.kind in (Kind.TEXT, Kind.DATE):
            functions = {Aggregate.COUNT, Aggregate.MIN, Aggregate.MAX}
        function = self.random.choice([each for each in Aggregate if each in functions])
        if function is Aggregate.COUNT and self.random.random() < 0.5:
            return Pick(None, alias, function)
        return Pick(Field(column.name), alias, function)

    def _order(self, table: Table, embeds: list[Embed]) -> tuple[Order, ...]:
        keys: list[Order] = []
        columns = [name for name in self.names(table.key) if table.columns[name].type.kind in SORTABLE]
        for name in self.random.sample(columns, min(len(columns), self.random.choice([0, 0, 1, 2]))):
            keys.append(self._sort(Field(name), None))
        for embed in embeds:
            relation = self._relation(table, embed)
            if relation.to_one and not embed.offset and self.random.random() < 0.3:
                target = CATALOG.tables[relation.target]
                sortable = [name for name in self.names(relation.target) if target.columns[name].type.kind in SORTABLE]
                if sortable:
                    keys.append(self._sort(Field(self.random.choice(sortable)), embed.name))
        if self.random.random() < 0.1 and (aggregation := self._aggregation(table, embeds, 1)) is not None:
            keys.append(self._sort(aggregation, None))
        if not embeds and self.random.random() < 0.1 and (only := self._only(table, 2)) is not None:
            keys.append(self._sort(only, None))
        return tuple(keys)

    def _relation(self, table: Table, embed: Embed) -> Relation:
        named = [each for each in table.relations if each.name == embed.target and embed.hint is None]
        return (named or [each for each in table.relations if each.constraint == embed.hint])[0]

    def _sort(self, field: Field | Aggregation, relation: str | None) -> Order:
        return Order(field, self.random.random() < 0.5, self.random.choice(list(Nulls)), relation)

    def _where(self, table: Table, embeds: Any) -> Condition:
        if self.random.random() < 0.5:
            return TRUE
        return self._condition(table, list(embeds), 2)

    def _condition(self, table: Table, embeds: list[Embed], depth: int) -> Condition:
        chance = self.random.random()
        if depth and chance < 0.35:
            parts = tuple(self._condition(table, embeds, depth - 1) for _ in range(self.random.randint(0, 3)))
            return And(parts) if self.random.random() < 0.5 else Or(parts)
        if depth and chance < 0.45:
            return Not(self._condition(table, embeds, depth - 1))
        if depth and chance < 0.53:
            return self._through(table, embeds, depth)
        if depth and chance < 0.55:
            return self._exists(table, depth)
        if depth and chance < 0.57 and (aggregation := self._aggregation(table, embeds, depth)) is not None:
            return self._measured(table, embeds, aggregation)
        if embeds and chance < 0.7:
            return Is(Field(self.random.choice(embeds).name), self.random.choice([Truth.NULL, Truth.NOT_NULL]))
        if self.around and chance > 0.85 and (compared := self._with_outer(table)) is not None:
            return compared
        column = table.columns[self.random.choice(self.names(table.key))]
        if self.random.random() < 0.12:
            return Is(Field(column.name), self.random.choice([Truth.NULL, Truth.NOT_NULL]))
        return self._comparison(column)

    def _through(self, table: Table, embeds: list[Embed], depth: int) -> Condition:
        """A condition on related rows: those of an embed, by its name, or of any relation."""
        related = self._related(table, embeds)
        if related is None:
            return TRUE
        name, hint, target, inner = related
        return Through(name, self._inside(table, target, inner, depth), hint)

    def _inside(self, table: Table, target: Table, embeds: list[Embed], depth: int) -> Condition:
        """A condition on other rows, which may name those of the table."""
        self.around.append(table)
        condition = self._condition(target, embeds, depth - 1)
        self.around.pop()
        return condition

    def _exists(self, table: Table, depth: int) -> Condition:
        target = CATALOG.tables[self.random.choice([key for key in CATALOG.tables if self.names(key)])]
        return Exists(target.key, self._inside(table, target, [], depth))

    def _with_outer(self, table: Table) -> Condition | None:
        """A comparison with a column of a row around."""
        outer = self.random.randint(1, len(self.around))
        theirs = self.around[-outer]
        kinds = (Kind.INTEGER, Kind.TEXT, Kind.DATE)
        pairs = [
            (left, right)
            for left in self.names(table.key)
            for right in self.names(theirs.key)
            if table.columns[left].type.kind is theirs.columns[right].type.kind
            and table.columns[left].type.kind in kinds
        ]
        if not pairs:
            return None
        left, right = self.random.choice(pairs)
        operator = self.random.choice([Operator.EQ, Operator.NEQ, Operator.LTE, Operator.GT])
        return Compare(Field(left), operator, Field(right, outer=outer))

    def _aggregation(self, table: Table, embeds: list[Embed], depth: int) -> Aggregation | None:
        """An aggregate over related rows, perhaps over some of them."""
        related = self._related(table, embeds)
        if related is None:
            return None
        name, hint, target, inner = related
        where = TRUE if self.random.random() < 0.6 else self._inside(table, target, inner, depth)
        function, field = Aggregate.COUNT, None
        columns = [name for name in self.names(target.key) if target.columns[name].type.kind in AGGREGATED]
        if columns and self.random.random() < 0.6:
            field = Field(self.random.choice(columns))
            numbers = target.columns[field.column].type.kind is not Kind.DATE
            function = self.random.choice(OF_NUMBERS if numbers else [Aggregate.MIN, Aggregate.MAX])
        more = ()
        if function is Aggregate.COUNT and field is not None and self.random.random() < 0.3:
            more = (Field(self.random.choice(columns)),)
        distinct = field is not None and self.random.random() < 0.2
        return Aggregation(function, field, where, Through(name, TRUE, hint), more=more, distinct=distinct)

    def _only(self, table: Table, depth: int) -> Aggregation | None:
        """What is there, or further on, where a to-one relation leads."""
        relations = [each for each in table.relations if each.to_one and self._reachable(each)]
        if not relations:
            return None
        relation = self.random.choice(relations)
        target = CATALOG.tables[relation.target]
        hint = None if relation.name is not None else relation.constraint
        through = Through(relation.name or target.name, TRUE, hint)
        further = self._only(target, depth - 1) if depth and self.random.random() < 0.5 else None
        columns = [name for name in self.names(target.key) if target.columns[name].type.kind in SORTABLE]
        if further is None and not columns:
            return None
        return Aggregation(Aggregate.ONLY, further or Field(self.random.choice(columns)), of=through)

    def _measured(self, table: Table, embeds: list[Embed], aggregation: Aggregation) -> Condition:
        """A condition on an aggregate."""
        if self.random.random() < 0.15:
            return Is(aggregation, self.random.choice([Truth.NULL, Truth.NOT_NULL]))
        operators = [Operator.EQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE, Operator.NEQ]
        operator = self.random.choice(operators)
        dated = aggregation.field is not None and aggregation.field.column == "day"
        if aggregation.function is not Aggregate.COUNT and dated:
            return Compare(aggregation, operator, self._slot(_maker(Kind.DATE)))
        if self.random.random() < 0.2:
            return Compare(aggregation, Operator.IN, self._list(_maker(Kind.INTEGER)))
        return Compare(aggregation, operator, self._slot(_maker(Kind.INTEGER)))

    def _related(self, table: Table, embeds: list[Embed]) -> tuple[str, str | None, Table, list[Embed]] | None:
        """What names the rows, whose they are, and the embeds that are inside."""
        relations = [relation for relation in table.relations if self._reachable(relation)]
        if embeds and self.random.random() < 0.5:
            embed = self.random.choice(embeds)
            target = CATALOG.tables[self._relation(table, embed).target]
            return embed.name, None, target, [item for item in embed.select if isinstance(item, Embed)]
        if not relations:
            return None
        relation = self.random.choice(relations)
        hint = None if relation.name is not None else relation.constraint
        # An embed may be called as the relation is, and is then what is meant; its target may be another one.
        if any(embed.name == (relation.name or relation.target.name) for embed in embeds) and hint is None:
            return None
        return relation.name or relation.target.name, hint, CATALOG.tables[relation.target], []

    def _comparison(self, column: Column) -> Condition:
        match column.type.kind:
            case Kind.BOOLEAN if self.random.random() < 0.5:
                return Is(Field(column.name), self.random.choice(list(Truth)))
            case Kind.TEXT if self.random.random() < 0.3:
                return self._matched(Field(column.name))
            case Kind.ARRAY:
                return self._contained(column)
            case Kind.JSON:
                return self._in_document(column)
            case Kind.INTEGER if self.random.random() < 0.1:
                return Compare(Field(column.name, cast="text"), Operator.EQ, self._slot(_maker(Kind.INTEGER)))
        return self._compared(Field(column.name), _maker(column.type.kind))

    def _compared(self, field: Field, make: Maker) -> Condition:
        chance = self.random.random()
        if chance < 0.2:
            return Compare(field, Operator.IN, self._list(make))
        ordering = [Operator.EQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]
        if chance < 0.35:
            quantifier = self.random.choice(list(Quantifier))
            return Compare(field, self.random.choice(ordering), self._list(make), quantifier)
        operator = self.random.choice([*ordering, Operator.EQ, Operator.NEQ, Operator.IS_DISTINCT])
        return Compare(field, operator, self._slot(make))

    def _matched(self, field: Field) -> Condition:
        if self.random.random() < 0.3:
            operator = self.random.choice([Operator.MATCH, Operator.IMATCH])
            return Compare(field, operator, self._slot(lambda random: random.choice(EXPRESSIONS)))
        operator = self.random.choice([Operator.LIKE, Operator.ILIKE])
        if self.random.random() < 0.2:
            patterns = self._list(lambda random: random.choice(PATTERNS))
            return Compare(field, operator, patterns, self.random.choice(list(Quantifier)))
        return Compare(field, operator, self._slot(lambda random: random.choice(PATTERNS)))

    def _contained(self, column: Column) -> Condition:
        if self.random.random() < 0.2:
            return self._compared(Field(column.name, (Step(0, text=True),)), _maker(Kind.TEXT))
        operator = self.random.choice([Operator.CS, Operator.CD, Operator.OV, Operator.EQ])
        return Compare(Field(column.name), operator, self._slot(lambda random: random.choice(ARRAYS)))

    def _in_document(self, column: Column) -> Condition:
        chance = self.random.random()
        if chance < 0.2:
            return Is(Field(column.name, self.random.choice(PATHS)), Truth.NULL)
        if chance < 0.4:
            field = Field(column.name, self.random.choice(DOCUMENT_PATHS))
            operator = self.random.choice([Operator.EQ, Operator.NEQ])
            return Compare(field, operator, self._slot(lambda random: random.choice(JSON_TEXTS)))
        if chance < 0.55:
            field = Field(column.name, (Step("n", text=True),), "integer")
            return self._compared(field, _maker(Kind.INTEGER))
        return self._compared(Field(column.name, self.random.choice(PATHS)), _maker(Kind.TEXT))

    def _slot(self, make: Maker) -> Slot:
        self.makers.append(make)
        return Slot(len(self.makers) - 1)

    def _list(self, make: Maker) -> Slot:
        def many(random: Random) -> Value:
            return tuple(str(make(random)) for _ in range(random.choice([0, 1, 1, 2, 3])))

        self.makers.append(many)
        return Slot(len(self.makers) - 1, many=True)


def _maker(kind: Kind) -> Maker:
    def make(random: Random) -> Value:
        if kind in BAD and random.random() < 0.004:
            return BAD[kind]
        match kind:
            case Kind.INTEGER:
                return str(random.randint(0, 5))
            case Kind.NUMERIC:
                return str(random.choice(NUMBERS))
            case Kind.BOOLEAN:
                return random.choice(["true", "false", "t", "no"])
            case Kind.DATE:
                return random.choice(DATES).isoformat()
        return random.choice(COMMON if random.random() < 0.6 else TEXTS)

    return make


def _pages(read: Read) -> bool:
    return read.limit is not None


def _with(read: Read, **changes: Any) -> Read:
    fields = {name: getattr(read, name) for name in read.__struct_fields__}
    return Read(**(fields | changes))
