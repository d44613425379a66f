"""How SQL spells the comparisons, and what fails for a value that none of them can take."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from mainstay.core.catalog import Kind
from mainstay.core.condition import Operator, Truth
from mainstay.sql.binds import Expression

SYMBOLS = {
    Operator.EQ: "=",
    Operator.NEQ: "<>",
    Operator.GT: ">",
    Operator.GTE: ">=",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.LIKE: "LIKE",
    Operator.ILIKE: "ILIKE",
    Operator.MATCH: "~",
    Operator.IMATCH: "~*",
    Operator.IS_DISTINCT: "IS DISTINCT FROM",
    Operator.CS: "@>",
    Operator.CD: "<@",
    Operator.OV: "&&",
    Operator.SL: "<<",
    Operator.SR: ">>",
    Operator.NXR: "&<",
    Operator.NXL: "&>",
    Operator.ADJ: "-|-",
    Operator.SIMILAR: "SIMILAR TO",
    Operator.HAS_KEY: "?",
    Operator.HAS_ANY: "?|",
    Operator.HAS_ALL: "?&",
    Operator.LMATCH: "~",
    Operator.LTXTMATCH: "@",
}
RIGHT_TYPES = {
    Operator.HAS_KEY: "text",
    Operator.HAS_ANY: "text[]",
    Operator.HAS_ALL: "text[]",
    Operator.LMATCH: "lquery",
    Operator.LTXTMATCH: "ltxtquery",
}
"""What the right side is of where it is not of the left one's type."""
# What fails for a pattern that is none: a regular expression by itself, and of a LIKE pattern the lone backslash that
# it ends with, which else fails only where a text comes so far.
LONE_BACKSLASH = sa.literal_column(r"'(?<!\\)(?:\\\\)*(\\)$'", sa.Text())
PATTERNS: dict[Operator, Callable[[Any], Any]] = {
    **dict.fromkeys((Operator.MATCH, Operator.IMATCH), sa.literal_column("''").op("~")),
    **dict.fromkeys(
        (Operator.LIKE, Operator.ILIKE),
        lambda pattern: sa.literal_column("'a'").op("LIKE")(sa.func.substring(pattern, LONE_BACKSLASH)),
    ),
    Operator.SIMILAR: sa.literal_column("''").op("SIMILAR TO"),
}
SEARCHES = {
    Operator.FTS: "to_tsquery",
    Operator.PLFTS: "plainto_tsquery",
    Operator.PHFTS: "phraseto_tsquery",
    Operator.WFTS: "websearch_to_tsquery",
}
TRUTHS: dict[Truth, tuple[str, Expression]] = {
    Truth.NULL: ("IS", sa.null()),
    Truth.NOT_NULL: ("IS NOT", sa.null()),
    Truth.TRUE: ("IS", sa.true()),
    Truth.FALSE: ("IS", sa.false()),
    Truth.UNKNOWN: ("IS", sa.literal_column("UNKNOWN")),
}
CALL_TYPES = {"lower": "text", "upper": "text", "length": "integer", "now": "timestamptz", "current_date": "date"}
TEXTUAL = {Kind.TEXT}
