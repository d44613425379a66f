"""What names are called by convention: Hasura's own, or the camelCase of its `graphql-default`.

Inside the wire a word of the grammar is always as Hasura has it, `order_by`, and so is a column of that name; names
are turned where a document is read, where a schema is told, and where a problem says what is wrong.
"""

import re

from mainstay.core.comparisons import COLUMNS, COMPARISONS
from mainstay.core.problem import Problem

NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
"""A name that GraphQL can say (GraphQL, 2.1.9); those with two underscores in front are its own."""
WORDS = frozenset({
    *(name for name in (*COMPARISONS, *COLUMNS) if "_" in name[1:]),
    *("_is_null", "_delete_key", "_delete_elem", "_delete_at_path"),
    *("order_by", "distinct_on", "on_conflict", "pk_columns", "update_columns", "affected_rows", "batch_size"),
    *("initial_value", "use_spheroid", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "bool_and", "bool_or"),
    "no_queries_available",
})  # fmt: skip
"""Those of the grammar that are more than one word."""
SHARED = re.compile(
    r"(order_by|column_name|table_name|any_bool_exp|exists_exp|cursor_ordering)"
    r"|\w+_(comparison|cast)_exp|st_(3d_)?d_within_\w+_input"
)
"""Types that are no table's own."""
QUOTED = re.compile(r"'(\w+)'")
STEP = re.compile(r"\w+\??")


class Names:
    """Hasura's default: everything is called as it is."""

    def field(self, name: str) -> str:
        return name

    def type(self, name: str) -> str:
        return name

    def read(self, name: str) -> str:
        """A name of a document, as the wire has it. One that the grammar writes otherwise is no name."""
        return name

    def written(self, name: str) -> str:
        """The other way: as a document has it."""
        return name

    def shared(self, reference: str) -> str:
        """A reference to a type, as a schema has it."""
        return reference

    def ordering(self, value: str) -> str:
        return value

    def ordered(self, value: str) -> str:
        """An order, as a document has it."""
        return value

    def aggregate_of(self, name: str) -> str | None:
        """What `name` is the aggregate of; None where it is none."""
        return name.removesuffix("_aggregate") if name.endswith("_aggregate") else None

    def tell(self, problem: Problem) -> Problem:
        """The problem, in the names of documents."""
        return problem


class CamelNames(Names):
    """`graphql-default`: fields and arguments in camelCase, types in PascalCase, orders in capitals."""

    def field(self, name: str) -> str:
        return _READ.get(said := camel(name), said)

    def type(self, name: str) -> str:
        said = camel(name)
        return said[:1].upper() + said[1:]

    def read(self, name: str) -> str:
        return f"{name}?" if name in WORDS else _READ.get(name, name)

    def written(self, name: str) -> str:
        return camel(name) if name in WORDS else name

    def shared(self, reference: str) -> str:
        name = reference.strip("[]!")
        return reference.replace(name, self.type(name)) if SHARED.fullmatch(name) else reference

    def ordering(self, value: str) -> str:
        return value.lower() if value.isupper() else f"{value}?"

    def ordered(self, value: str) -> str:
        return value.upper()

    def aggregate_of(self, name: str) -> str | None:
        return name.removesuffix("Aggregate") if name.endswith("Aggregate") else None

    def tell(self, problem: Problem) -> Problem:
        if problem.where is not None and problem.where.startswith("$"):
            problem.where = STEP.sub(self._said, problem.where)
        problem.message = QUOTED.sub(lambda found: f"'{self._quoted(found[1])}'", problem.message).replace("?'", "'")
        return problem

    def _said(self, found: "re.Match[str]") -> str:
        return found[0][:-1] if found[0].endswith("?") else self.written(found[0])

    def _quoted(self, name: str) -> str:
        return self.shared(name) if SHARED.fullmatch(name) and name != "order_by" else self.written(name)


def camel(name: str) -> str:
    """`my_table` is myTable, and `_is_null` _isNull."""
    bare = name.lstrip("_")
    first, *others = bare.split("_")
    return name[: len(name) - len(bare)] + first + "".join(each[:1].upper() + each[1:] for each in others)


_READ = {camel(word): word for word in WORDS}
HASURA = Names()
CONVENTIONS: dict[str, Names] = {"hasura-default": HASURA, "graphql-default": CamelNames()}
