"""The family of a type by its name in SQL: what the catalog says of columns, and a cast of values."""

import re

from mainstay.core.catalog import Kind

KINDS = {
    "BOOLEAN": Kind.BOOLEAN,
    "SMALLINT": Kind.INTEGER,
    "INTEGER": Kind.INTEGER,
    "BIGINT": Kind.INTEGER,
    "NUMERIC": Kind.NUMERIC,
    "DECIMAL": Kind.NUMERIC,
    "REAL": Kind.FLOAT,
    "FLOAT": Kind.FLOAT,
    "DOUBLE PRECISION": Kind.FLOAT,
    "TEXT": Kind.TEXT,
    "VARCHAR": Kind.TEXT,
    "CHAR": Kind.TEXT,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "TIMESTAMP": Kind.TIMESTAMP,
    "INTERVAL": Kind.INTERVAL,
    "UUID": Kind.UUID,
    "JSON": Kind.JSON,
    "JSONB": Kind.JSON,
    "BYTEA": Kind.BINARY,
    "VECTOR": Kind.VECTOR,
    "HALFVEC": Kind.VECTOR,
    "SPARSEVEC": Kind.VECTOR,
    "TSVECTOR": Kind.TEXT_SEARCH,
}


def kind_of(spelling: str) -> Kind:
    words = re.sub(r"\(.*?\)", " ", spelling).upper().split()
    return KINDS.get(" ".join(words[:2])) or KINDS.get(words[0], Kind.OTHER)
