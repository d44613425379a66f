"""Documents of several parts: a JSON object of members by name, and several reads as one such object."""

from collections.abc import Sequence
from typing import TypeAlias

import sqlalchemy as sa

from mainstay.sql.binds import Expression, Named, inline

Pair: TypeAlias = tuple[str, Expression]

# PostgreSQL's functions take a hundred arguments: https://www.postgresql.org/docs/current/runtime-config-preset.html
PAIRS_MAX = 50


def json_object(pairs: Sequence[Pair]) -> Expression:
    """The members in their order. A name may be longer than a column's, so these are arguments and no columns."""
    first, *others = [_object(pairs[start : start + PAIRS_MAX]) for start in range(0, len(pairs), PAIRS_MAX)] or [
        _object(())
    ]
    for other in others:  # `{…` and `…}`, with a comma between them
        head = sa.func.left(sa.cast(first, sa.Text()), sa.literal_column("-1"))
        rest = sa.func.substr(sa.cast(other, sa.Text()), sa.literal_column("2"))
        first = sa.cast(sa.func.concat(head, inline(","), rest), Named("json"))
    return first


def _object(pairs: Sequence[Pair]) -> Expression:
    return sa.func.json_build_object(*(part for name, value in pairs for part in (inline(name), value)))
