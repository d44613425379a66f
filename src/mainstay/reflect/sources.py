"""What the team handed over → the tables and mappers in it, each once, in an order that every process agrees on.

Takes a declarative base, a registry, a MetaData, a SQLModel class, mapped classes, tables, or a list of any of these.
Configures the mappers, so that relationships are resolved from here on; changes nothing else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, registry

from mainstay.core.problem import DeclarationError


class Declared(msgspec.Struct, frozen=True):
    """Tables in order of declaration, and the mappers of classes that are mapped to one of them."""

    tables: tuple[Table, ...]
    mappers: tuple[Mapper[Any], ...]

    def mappers_of(self, table: Table) -> list[Mapper[Any]]:
        return [mapper for mapper in self.mappers if mapper.local_table is table]


def gather(models: object) -> Declared:
    """Raises DeclarationError for what is none of the above, and for models that SQLAlchemy can't configure."""
    tables: dict[Table, None] = {}
    mappers: dict[Mapper[Any], None] = {}
    for part in models if isinstance(models, Sequence) and not isinstance(models, str) else [models]:
        for found in _members(part):
            if isinstance(found, Table):
                tables[found] = None
            else:
                mappers |= dict.fromkeys(reversed([*found.iterate_to_root()]))
    for mapper in mappers:
        tables |= dict.fromkeys(_tables(mapper))
    order = {table: position for position, table in enumerate(tables)}
    kept = [mapper for mapper in mappers if mapper.local_table in order]
    kept.sort(key=lambda mapper: order[mapper.local_table])  # type: ignore[index]
    return Declared(tuple(tables), tuple(kept))


def _members(part: object) -> Iterator[Table | Mapper[Any]]:
    found = inspect(part, raiseerr=False) if isinstance(part, type) else None
    if isinstance(part, Table):
        yield part
    elif isinstance(part, MetaData):
        yield from part.tables.values()
    elif isinstance(part, registry):
        yield from part.metadata.tables.values()
        yield from _mappers(part)
    elif isinstance(found, Mapper):
        _configured(found.registry)
        yield _mapped_to_a_table(found)
    elif isinstance(part, type) and isinstance(base := _registry(part), registry):
        metadata: MetaData = getattr(part, "metadata", base.metadata)
        yield from metadata.tables.values()
        own = set(metadata.tables.values())
        for mapper in _mappers(base):
            if issubclass(mapper.class_, part) or mapper.local_table in own:
                yield mapper
    else:
        raise DeclarationError(
            f"{part!r} is no model",
            where="models",
            hint="hand over a declarative base, a registry, a MetaData, SQLModel, mapped classes, or a list of these",
        )


def _registry(base: type) -> object:
    return getattr(base, "registry", None) or getattr(base, "_sa_registry", None)  # SQLModel has only the second


def _mappers(declared: registry) -> list[Mapper[Any]]:
    """By name: a registry keeps them in no order."""
    found = _configured(declared).mappers
    return sorted(found, key=lambda mapper: (mapper.class_.__module__, mapper.class_.__qualname__))


def _configured(declared: registry) -> registry:
    try:
        declared.configure(cascade=True)
    except SQLAlchemyError as error:
        raise DeclarationError(
            f"SQLAlchemy can't configure them: {error}",
            where="models",
            hint="import every module that declares models before this, and see the relationship that it names",
        ) from error
    return declared


def _mapped_to_a_table(mapper: Mapper[Any]) -> Mapper[Any]:
    if not isinstance(mapper.local_table, Table):
        raise DeclarationError(
            "the class is mapped to a query, not to a table",
            where=mapper.class_.__name__,
            hint="make the query a view of the database, and map that",
        )
    return mapper


def _tables(mapper: Mapper[Any]) -> Iterator[Table]:
    """The class's own table, and the junctions of its relationships."""
    if isinstance(mapper.local_table, Table):
        yield mapper.local_table
    for relationship in mapper.relationships:
        if isinstance(relationship.secondary, Table):
            yield relationship.secondary
