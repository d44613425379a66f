"""Column types: a SQLAlchemy type → its family, and the name that PostgreSQL reads in a CAST.

The name comes from the type as the postgresql dialect spells it, so that decorators, variants and types of other
packages need no special care. This module never asks a database.
"""

import re

import msgspec
from sqlalchemy import ARRAY, Enum
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.dialects.postgresql.ranges import AbstractRange
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeDecorator, TypeEngine

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.kinds import kind_of
from mainstay.core.problem import DeclarationError

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

# Types whose modifier changes a value that is cast explicitly: VARCHAR(3) truncates, NUMERIC(10, 2) rounds, and
# neither says so. Casting to the bare type leaves the check to the assignment, which refuses or rounds as INSERT does.
# CHAR and BIT are special: without a modifier they mean a length of one, under these names any length.
# https://www.postgresql.org/docs/current/datatype-character.html
BARE = {"CHAR": "BPCHAR", "BIT": '"bit"'}
MODIFIED = re.compile(
    r"(VARCHAR|CHAR|BIT VARYING|BIT|NUMERIC|DECIMAL|TIMESTAMP|TIME|INTERVAL)\b.*?(WITH(?:OUT)? TIME ZONE)?"
)


def column_type(declared: TypeEngine[object], *, where: str) -> ColumnType:
    """The type as PostgreSQL knows it. Raises DeclarationError where the type has no name there."""
    plain = unwrap(declared)
    spelling = spell(declared, where=where)
    match plain:
        case ARRAY():
            element = column_type(plain.item_type, where=where)
            return ColumnType(Kind.ARRAY, f"{element.name}[]", element=element, declared=spelling)
        case Enum() if plain.native_enum:
            return ColumnType(Kind.ENUM, spelling, labels=tuple(map(str, plain.enums)), declared=spelling)
        case Enum():
            return ColumnType(Kind.TEXT, bare(spelling), labels=tuple(map(str, plain.enums)), declared=spelling)
        case DOMAIN():
            # Cast to the domain's base, for the same reason; the assignment applies the domain's checks.
            base = column_type(plain.data_type, where=where)
            return msgspec.structs.replace(base, declared=spelling)
        case AbstractRange():
            return ColumnType(Kind.RANGE, spelling, declared=spelling)
        case _:
            return ColumnType(kind_of(spelling), bare(spelling), declared=spelling)


def unwrap(declared: TypeEngine[object]) -> TypeEngine[object]:
    """What PostgreSQL stores: a decorator's impl, a variant's choice for this dialect."""
    plain = declared.dialect_impl(DIALECT)
    while isinstance(plain, TypeDecorator):
        plain = plain.impl_instance.dialect_impl(DIALECT)
    return plain


def spell(declared: TypeEngine[object], *, where: str) -> str:
    try:
        return str(declared.compile(dialect=DIALECT))  # of a named type it is a str subclass, which no codec takes
    except SQLAlchemyError as error:
        raise DeclarationError(
            f"its type has no name in PostgreSQL: {error}",
            where=where,
            hint="give it a type; for an expression, sqlalchemy.type_coerce(expression, Integer) does",
        ) from error


def bare(spelling: str) -> str:
    """The name without a modifier that would truncate or round, and without a collation."""
    parts = MODIFIED.fullmatch(spelling.partition(" COLLATE ")[0])
    if parts is None:
        return spelling.partition(" COLLATE ")[0]
    name, zone = parts.groups()
    return " ".join(filter(None, (BARE.get(name, name), zone)))
