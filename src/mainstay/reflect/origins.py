"""Which columns of base tables a view's columns are, as the view's own rule tells.

PostgreSQL stores a view as the tree of its query; each of the query's targets says which table's column it is, if it
is one unchanged (`resorigtbl`, `resorigcol` in src/include/nodes/primnodes.h), through subqueries and WITH alike.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from mainstay.core.found import FoundView

Origin = tuple[int, int]
"""(table, number of the column)."""

# Backslashes escape whatever has a meaning in the tree (src/backend/nodes/outfuncs.c), so a brace that is left nests.
TOKEN = re.compile(r"\\.|[(){}]|:(targetList|resno|resorigtbl|resorigcol)\b(?: (\d+))?")

QUERY_DEPTH = 2  # a list of queries, the first of which is the view's
TARGET_DEPTH = 4  # in it, the list of its targets


def origins_of(views: Sequence[FoundView]) -> dict[int, dict[Origin, list[int]]]:
    """For each view, which of its columns each base column shows up as; through views on views."""
    targets = {view.table: dict(_targets(view.tree)) for view in views}
    found: dict[int, dict[Origin, list[int]]] = {}
    for view, columns in targets.items():
        shown = found[view] = {}
        for number, origin in sorted(columns.items()):
            for each in _chain(origin, targets):
                shown.setdefault(each, []).append(number)
    return found


def _targets(tree: str) -> Iterator[tuple[int, Origin]]:
    """(number of the view's column, where it comes from), for those that come from a table or view."""
    depth, within = 0, False
    target: dict[str, int] = {}
    for token in TOKEN.finditer(tree):
        field, number = token.groups()
        if field == "targetList":
            within = within or depth == QUERY_DEPTH
        elif field is not None:
            if within and depth == TARGET_DEPTH and number is not None:
                target[field] = int(number)
        elif token[0] in "({":
            depth += 1
        elif token[0] in ")}":
            depth -= 1
            if within and depth == TARGET_DEPTH - 1 and target:
                if target.get("resorigtbl"):
                    yield target["resno"], (target["resorigtbl"], target["resorigcol"])
                target = {}
            elif within and depth == QUERY_DEPTH:
                return


def _chain(origin: Origin, targets: Mapping[int, Mapping[int, Origin]]) -> Iterator[Origin]:
    """The column, and what it is further down."""
    seen: set[Origin] = set()
    following: Origin | None = origin
    while following is not None and following not in seen:
        seen.add(following)
        yield following
        table, number = following
        following = targets[table].get(number) if table in targets else None
