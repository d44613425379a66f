"""What is gathered while one document becomes an operation: its values, its terms, and whose names it may say."""

from collections.abc import Callable
from typing import Any

from mainstay.core.condition import Slot
from mainstay.core.limits import Limits
from mainstay.core.operation import Value
from mainstay.core.problem import Problem
from mainstay.wires.graphql.document import Document
from mainstay.wires.graphql.given import Given, Source, Variables
from mainstay.wires.graphql.problems import invalid
from mainstay.wires.graphql.vocabulary import Vocabulary


class Translation:
    def __init__(  # noqa: PLR0913 - all that a document's meaning depends on
        self,
        document: Document,
        variables: Variables,
        vocabulary: Vocabulary,
        limits: Limits,
        *,
        introspection: bool = False,
        number_texts: bool = False,
    ) -> None:
        self.document = document
        self.variables = variables
        self.vocabulary = vocabulary
        self.names = vocabulary.names
        self.limits = limits
        self.introspection = introspection
        self.number_texts = number_texts
        self.sources: list[Source] = []
        self.terms = 0

    def slot(self, given: Given, spell: Callable[[Any], Value], *, many: bool = False) -> Slot:
        self.sources.append(self.variables.source(given, spell))
        return Slot(len(self.sources) - 1, many)

    def members(self, given: Given, type_name: str, place: str) -> dict[str, Given]:
        """The members of an input object, by their names as the wire has them."""
        return {self.names.read(name): each for name, each in members_of(given, type_name, place).items()}

    def count_term(self, place: str) -> None:
        """Raises MS441 past `terms_max`."""
        self.terms += 1
        if self.terms > self.limits.terms_max:
            message = f"The document filters by too many terms: at most {self.limits.terms_max} are allowed"
            raise Problem("MS441", message, where=place)

    def require_depth(self, depth: int, place: str) -> None:
        """Raises MS403 past `depth_max`."""
        if depth > self.limits.depth_max:
            message = f"The document is nested too deep: at most {self.limits.depth_max} levels are allowed"
            raise Problem("MS403", message, where=place)


def members_of(given: Given, type_name: str, place: str) -> dict[str, Given]:
    """The members of an input object."""
    if not isinstance(given.value, dict):
        raise invalid(f"expected an object for type '{type_name}'", place)
    return given.value


def items_of(given: Given) -> list[Given]:
    """The items of a list; a value that is none is a list of one (GraphQL, 3.11)."""
    return given.value if isinstance(given.value, list) else [given]
