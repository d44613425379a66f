"""Reads the `Prefer` header (RFC 7240) and says which of it was applied. Never decides what a preference does."""

import re
from typing import Literal

import msgspec

from mainstay.core.operation import Conflict, Count
from mainstay.core.problem import Problem

TIME_ZONE = re.compile(r"timezone=([^\s,\x00-\x1f]+)")
MAX_AFFECTED = re.compile(r"max-affected=([0-9]{1,9})")

CHOICES: dict[str, frozenset[str]] = {
    "resolution": frozenset({"merge-duplicates", "ignore-duplicates"}),
    "missing": frozenset({"default", "null"}),
    "return": frozenset({"representation", "minimal", "headers-only"}),
    "count": frozenset({"exact", "planned", "estimated"}),
    "tx": frozenset({"commit", "rollback"}),
    "handling": frozenset({"strict", "lenient"}),
}
"""The preferences, in the order of `Preference-Applied`."""

CONFLICTS = {"merge-duplicates": Conflict.MERGE, "ignore-duplicates": Conflict.IGNORE}

APPLIED: dict[str, tuple[str, ...]] = {
    "GET": ("count", "tx", "handling", "timezone"),
    "HEAD": ("count", "tx", "handling", "timezone"),
    "POST": ("resolution", "missing", "return", "count", "tx", "handling", "timezone", "max-affected"),
    "PATCH": ("missing", "return", "count", "tx", "handling", "timezone", "max-affected"),
    "PUT": ("return", "count", "tx", "handling", "timezone"),
    "RPC": ("count", "tx", "handling", "timezone", "max-affected"),
    "DELETE": ("return", "count", "tx", "handling", "timezone", "max-affected"),
}
"""What each method can honour, and so answers with; `RPC` is a call of a function, by any method."""


class Preferences(msgspec.Struct, frozen=True):
    """What was asked for by name; the first of several wins. `affected_max` counts only under handling=strict.

    Whether there is such a `time_zone` is the database's to say.
    """

    chosen: dict[str, str] = {}
    affected_max: int | None = None
    time_zone: str | None = None
    why: bool = False

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """Settings of the database that are asked for."""
        return () if self.time_zone is None else (("timezone", self.time_zone),)

    @property
    def conflict(self) -> Conflict | None:
        return CONFLICTS.get(self.chosen.get("resolution", ""))

    @property
    def count(self) -> Count:
        return Count(self.chosen.get("count", "none"))

    @property
    def returned(self) -> Literal["representation", "minimal", "headers-only"]:
        match self.chosen.get("return"):
            case "representation":
                return "representation"
            case "headers-only":
                return "headers-only"
            case _:
                return "minimal"

    def applied(self, method: str) -> str | None:
        """The `Preference-Applied` header, or None where nothing was."""
        names = APPLIED.get(method, ())
        texts = [f"{name}={self.chosen[name]}" for name in names if name in self.chosen]
        if self.time_zone is not None and "timezone" in names:
            texts.append(f"timezone={self.time_zone}")
        if self.affected_max is not None and "max-affected" in names:
            texts.append(f"max-affected={self.affected_max}")
        if self.why:
            texts.append("why")
        return ", ".join(texts) or None


NONE = Preferences()


def parse_prefer(header: str | None, *, ending_chosen: bool, why_told: bool = False) -> Preferences:
    """The preferences of a header. `tx` counts only where `ending_chosen`, `why` where `why_told`.

    What is not understood or not honoured is ignored, as RFC 7240 says, and then missing from `Preference-Applied`;
    under handling=strict it raises PGRST122.
    """
    if not header:
        return NONE
    chosen: dict[str, str] = {}
    affected_max = None
    time_zone = None
    why = False
    unknown: list[str] = []
    for text in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = text.partition("=")
        found = MAX_AFFECTED.fullmatch(text)
        if found is not None:
            affected_max = int(found.group(1)) if affected_max is None else affected_max
        elif (zone := TIME_ZONE.fullmatch(text)) is not None:
            time_zone = time_zone or zone.group(1)
        elif value in CHOICES.get(name, ()) and (name != "tx" or ending_chosen or value == "commit"):
            chosen.setdefault(name, value)
        elif text == "why" and why_told:
            why = True
        else:
            unknown.append(text)
    strict = chosen.get("handling") == "strict"
    if strict and unknown:
        raise Problem(
            "PGRST122",
            "Invalid preferences given with handling=strict",
            details=f"Invalid preferences: {', '.join(unknown)}",
            where="Prefer",
        )
    if not ending_chosen:
        chosen.pop("tx", None)
    return Preferences(chosen, affected_max if strict else None, time_zone, why)
