"""The schema of one role, as types that are made when they are asked for: nothing of it is kept.

A type is found by its name: a root, a table, or a table's name with what is made of it behind. `tables`, `inputs` and
`writes` of this folder (`schema_…`) make them of the same vocabulary that documents are read with.
"""

from collections import deque
from collections.abc import Iterator
from functools import cached_property

from mainstay.wires.graphql.compare import BOOLEAN, INTEGER, NUMERIC
from mainstay.wires.graphql.naming import HASURA
from mainstay.wires.graphql.schema_inputs import (
    ANY_BOOL_EXP,
    EXISTS,
    INPUTS,
    TABLE_NAME,
    cast_types,
    comparison,
    distances,
    further,
)
from mainstay.wires.graphql.schema_roots import (
    MUTATION,
    QUERY,
    SUBSCRIPTION,
    TELLING,
    function_arguments,
    mutation_root,
    query_root,
    read_member,
    subscription_member,
    subscription_root,
    write_member,
)
from mainstay.wires.graphql.schema_tables import OBJECTS, PAGE_INFO, Builder, passed_inputs, row
from mainstay.wires.graphql.schema_writes import WRITES
from mainstay.wires.graphql.types import COLUMN_NAME, META, SCALARS, Member, Type, TypeKind, Value, bare, enum, scalar
from mainstay.wires.graphql.vocabulary import Vocabulary, comparison_name, item_name, scalar_name

OF_TABLES: dict[str, Builder] = {**OBJECTS, **INPUTS, **WRITES}
CURSORS = ("ASC", "DESC")
ORDERINGS = ("asc", "asc_nulls_first", "asc_nulls_last", "desc", "desc_nulls_first", "desc_nulls_last")


class Schema:
    """What introspection tells. Nothing is in it that the role may not use."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.names = vocabulary.names
        self._made: dict[str, Type] = {}

    @property
    def roots(self) -> tuple[str, str | None, str | None]:
        """Of queries, mutations and subscriptions; None where the role has none."""
        return QUERY, MUTATION if self.vocabulary.mutable else None, SUBSCRIPTION if self.vocabulary.readable else None

    def type(self, name: str) -> Type | None:
        """The type of that name, were there a use for it."""
        return self._found(name) or self.scalars.get(name)

    def tells(self, name: str) -> bool:
        """Whether the type is there for the role."""
        return self.type(name) is not None and any(each.name == name for each in self.types())

    def member(self, type_name: str, name: str) -> Member | None:
        """One field of an object type. Of a root no other is made."""
        found = self._root_member(type_name, self.names.read(name))
        if found is not None:
            return self._written(found)
        return next((each for each in self._members(type_name) if each.name == name), None)

    def _members(self, type_name: str) -> tuple[Member, ...]:
        return () if type_name in (QUERY, MUTATION, SUBSCRIPTION) else self.require(type_name).members

    def _root_member(self, type_name: str, name: str) -> Member | None:
        if type_name == QUERY:
            return TELLING.get(name) or read_member(self.vocabulary, name)
        if type_name == SUBSCRIPTION:
            return subscription_member(self.vocabulary, name)
        if type_name == MUTATION:
            return write_member(self.vocabulary, name)
        return None

    def input(self, member: Member) -> Type | None:
        """The type of an argument's value, or of an input object's member; None for a scalar."""
        if member.of is not None:
            return self._said(comparison(member.of))
        return self._known(bare(member.type))

    def is_object(self, name: str) -> bool:
        found = self._known(name)
        return found is not None and found.kind is TypeKind.OBJECT

    def _known(self, name: str) -> Type | None:
        """The type, made once; None for a scalar."""
        found = self._made.get(name)
        if found is None and (found := self._found(name)) is not None:
            self._made[name] = found
        return found

    def require(self, name: str) -> Type:
        """The type of a name that the schema itself says."""
        found = self._made.get(name)
        if found is None:
            found = self.type(name)
            if found is None:
                raise TypeError(f"no type is called {name}")
            self._made[name] = found
        return found

    def _found(self, name: str) -> Type | None:
        if name in META:
            return META[name]
        found = self._built(name)
        return None if found is None else self._said(found)

    def _said(self, type_: Type) -> Type:
        """The type with all names as documents have them."""
        if self.names is HASURA:
            return type_
        members = tuple(self._written(member) for member in type_.members)
        values = type_.values
        if type_.name == "order_by":
            values = tuple(Value(self.names.ordered(each.name), each.comment) for each in values)
        return type_._replace(name=self.names.shared(type_.name), members=members, values=values)

    def _written(self, member: Member) -> Member:
        if self.names is HASURA:
            return member
        return member._replace(
            name=self.names.written(member.name),
            type=self.names.shared(member.type),
            arguments=tuple(self._written(argument) for argument in member.arguments),
        )

    def _built(self, name: str) -> Type | None:
        if name == QUERY:
            return query_root(self.vocabulary)
        if name == MUTATION:
            return mutation_root(self.vocabulary) if self.vocabulary.mutable else None
        if name == SUBSCRIPTION:
            return subscription_root(self.vocabulary) if self.vocabulary.readable else None
        if name == self.names.shared("order_by"):
            return Type(TypeKind.ENUM, "order_by", values=tuple(map(Value, ORDERINGS)))
        if name == self.names.shared("cursor_ordering"):
            return Type(TypeKind.ENUM, "cursor_ordering", values=tuple(map(Value, CURSORS)))
        if (table := self._of_table(name)) is not None:
            return table
        if name == PAGE_INFO.name:
            return PAGE_INFO
        if name.lower().endswith("enum"):
            return self._choices.get(name)
        if name.lower().endswith("args"):
            return function_arguments(self.vocabulary, name) or self._passed.get(name)
        return None

    @cached_property
    def _choices(self) -> dict[str, Type]:
        """The enums that tables' rows are the values of."""
        columns = (
            column
            for table in self.vocabulary.types.values()
            for kind in (table.columns, table.created, table.updated)
            for column in kind.values()
        )
        choices = {column.choices.name: column.choices for column in columns if column.choices is not None}
        return {name: enum(name, (Value(*value) for value in each.values)) for name, each in choices.items()}

    @cached_property
    def _passed(self) -> dict[str, Type]:
        """What functions of rows are passed."""
        return {each.name: each for table in self.vocabulary.types.values() for each in passed_inputs(table)}

    def _of_table(self, name: str) -> Type | None:
        named = self.vocabulary.named
        if (table := named(name)) is not None and table.columns:
            return row(self.vocabulary, table)
        for end, suffix, build in self._ends:
            if name.endswith(end) and (table := named(name[: -len(end)])) is not None:
                return build(self.vocabulary, table) if table.type(suffix) == name else None
        return None

    @cached_property
    def _ends(self) -> list[tuple[str, str, Builder]]:
        """How the names of types end that are made of tables."""
        return [(self.names.type(f"x_{suffix}")[1:], suffix, build) for suffix, build in OF_TABLES.items()]

    @cached_property
    def scalars(self) -> dict[str, Type]:
        """Scalars, and the comparisons with them, of all columns and arguments that the role has."""
        vocabulary = self.vocabulary
        found = {name: scalar(name) for name in (*SCALARS, COLUMN_NAME, TABLE_NAME, ANY_BOOL_EXP)}
        found[EXISTS.name] = EXISTS
        for type_ in (INTEGER, NUMERIC, BOOLEAN):  # aggregates are compared as these
            found.setdefault(scalar_name(type_), scalar(scalar_name(type_)))
            found[comparison_name(type_)] = comparison(type_)
        columns = [
            column
            for table in vocabulary.types.values()
            for kind in (table.columns, table.called, table.created, table.updated)
            for column in kind.values()
        ]
        passed = [
            argument
            for table in vocabulary.types.values()
            for _, passing in table.passings()
            for argument in passing.arguments
        ]
        functions = (*vocabulary.functions.values(), *vocabulary.calls.values())
        arguments = [argument for function in functions for argument in function.arguments.values()]
        for type_ in dict.fromkeys([c.type for c in columns] + [a.type for a in (*arguments, *passed)]):
            name = item_name(type_)
            found.setdefault(name, scalar(name))
            found.setdefault(comparison_name(type_), comparison(type_))
            for right in further(type_):
                found.setdefault(item_name(right), scalar(item_name(right)))
            for each in (*distances(type_), *cast_types(type_)):
                found.setdefault(each.name, each)
        return {each.name: each for each in map(self._said, found.values())}

    def types(self) -> Iterator[Type]:
        """All that the roots lead to, each once, and introspection's own."""
        waiting = deque(root for root in self.roots if root is not None)
        waiting.extend(META)
        seen = set(waiting)
        while waiting:
            name = waiting.popleft()
            found = self.require(name)
            for each in found.mentioned():
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
            yield found
