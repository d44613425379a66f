"""Finds nested rows in a payload: objects and arrays of objects under keys that may name a relation.

Only such values are looked inside, so that JSON columns stay as they are; and nothing is refused here, because whether
there is such a relation depends on who asks. Never reads a column's value.
"""

from collections.abc import Sequence

import msgspec

from mainstay.core.limits import Limits
from mainstay.core.nesting import Nesting, Words
from mainstay.core.operation import Conflict, Flaw, NestedRows
from mainstay.wires.rest.payload import ELEMENTS, OBJECT, OBJECTS, Payload

Object = dict[str, msgspec.Raw]


def may_nest(columns: Sequence[str], words: Words) -> bool:
    """False where no key names a relation, which is all that most requests ask of this module."""
    return not words.keys().isdisjoint(columns) or any("!" in column for column in columns)


def read_children(  # noqa: PLR0913 - what it depends on
    payload: Payload,
    columns: Sequence[str],
    words: Words,
    nesting: Nesting,
    limits: Limits,
    *,
    uniform: bool,
    conflict: Conflict | None = None,
) -> tuple[NestedRows, ...]:
    """Those of `columns` under which the payload's objects hold rows. `uniform`: each level's keys must agree."""
    objects = [OBJECT.decode(payload.text)] if payload.single else OBJECTS.decode(payload.text)
    reader = _Reader(nesting, limits, uniform=uniform, conflict=conflict)
    reader.rows = len(objects)
    return reader.read(objects, columns, words, 1)


class _Reader:
    """One payload's levels, and how many objects they hold."""

    __slots__ = ("conflict", "limits", "nesting", "rows", "uniform")

    def __init__(self, nesting: Nesting, limits: Limits, *, uniform: bool, conflict: Conflict | None) -> None:
        self.nesting = nesting
        self.limits = limits
        self.uniform = uniform
        self.conflict = conflict
        self.rows = 0

    def read(
        self, objects: Sequence[Object], columns: Sequence[str], words: Words, depth: int
    ) -> tuple[NestedRows, ...]:
        """The children of one level. One past the depth that is allowed is still told of, and nothing below it."""
        if depth > self.limits.depth_max + 1:
            return ()
        found = []
        for key in columns:
            target, mark, hint = key.partition("!")
            if target in words:
                values = [value for each in objects if (value := each.get(key)) is not None]
                child = self._child(values, target, hint if mark else None, words, depth)
                if child is not None:
                    found.append(child)
        return tuple(found)

    def _child(
        self, values: Sequence[msgspec.Raw], target: str, hint: str | None, words: Words, depth: int
    ) -> NestedRows | None:
        """None where a value is no row and no list of rows: then the key can only be a column's."""
        rows: list[Object] = []
        forms: set[bool] = set()
        for value in values:
            text = bytes(value).lstrip()
            if text.startswith(b"{"):
                rows.append(OBJECT.decode(text))
                forms.add(True)
            elif text.startswith(b"["):
                elements = [bytes(each) for each in ELEMENTS.decode(text)]
                if not all(each.startswith(b"{") for each in elements):
                    return None
                rows += [OBJECT.decode(each) for each in elements]
                forms |= {False} if elements else set()
            elif text != b"null":
                return None
        return self._described(rows, forms, target, hint, words, depth)

    def _described(  # noqa: PLR0913, PLR0917 - as above
        self, rows: Sequence[Object], forms: set[bool], target: str, hint: str | None, words: Words, depth: int
    ) -> NestedRows:
        self.rows += len(rows)
        columns = tuple(dict.fromkeys(key for row in rows for key in row))
        partial = any(len(row) != len(columns) for row in rows)
        flaw = Flaw.FORMS if len(forms) > 1 else Flaw.KEYS if partial and self.uniform else None
        return NestedRows(
            target=target,
            hint=hint,
            columns=columns,
            children=self.read(rows, columns, self.nesting.below(words[target]), depth + 1),
            single=next(iter(forms), None),
            partial=partial,
            conflict=self.conflict,
            flaw=Flaw.ROWS if self.rows > self.limits.insert_rows_max else flaw,
        )
