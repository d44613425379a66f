"""Chooses the media type of the answer (RFC 9110, 12.5.1) among those that PostgREST's clients ask for."""

import re
from collections.abc import Collection
from typing import NamedTuple

from mainstay.core.operation import Format
from mainstay.core.problem import Problem

PLAN_OPTIONS = ("analyze", "verbose", "settings", "buffers", "wal")
PLAN = "application/vnd.pgrst.plan"
VENDOR = "application/vnd.pgrst."
ANY = "*/*"


# What is quoted is one, whatever is in it (RFC 9110, 5.6.4).
LISTED = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,])+')
PARTS = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^;])+')


class Media(NamedTuple):
    """A media type and what it makes of the rows, None: what the database does. `options` None: no plan is wanted."""

    content_type: str
    format: Format | None = Format.ARRAY
    strip_nulls: bool = False
    options: frozenset[str] | None = None


JSON = Media("application/json; charset=utf-8")
CSV = Media("text/csv; charset=utf-8", Format.CSV)
OBJECT = Media("application/vnd.pgrst.object+json; charset=utf-8", Format.OBJECT)
STRIPPED_OBJECT = Media("application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", Format.OBJECT, True)
STRIPPED_ARRAY = Media("application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8", Format.ARRAY, True)
WRITTEN = Media("", None)
EVENTS = Media("text/event-stream; charset=utf-8")
"""The rows whenever they are other ones, each time as an event."""
OPENAPI = Media("application/openapi+json; charset=utf-8")

TYPES = {
    "application/json": JSON,
    "application/*": JSON,
    "*/*": JSON,
    "text/csv": CSV,
    "text/*": CSV,
    "application/vnd.pgrst.object": OBJECT,
    "application/vnd.pgrst.object+json": OBJECT,
    "application/vnd.pgrst.array": JSON,
    "application/vnd.pgrst.array+json": JSON,
}
STRIPPED = {
    "application/vnd.pgrst.object": STRIPPED_OBJECT,
    "application/vnd.pgrst.object+json": STRIPPED_OBJECT,
    "application/vnd.pgrst.array": STRIPPED_ARRAY,
    "application/vnd.pgrst.array+json": STRIPPED_ARRAY,
}
ROOT_TYPES = {"application/openapi+json": OPENAPI, "application/json": JSON, "application/*": OPENAPI, "*/*": OPENAPI}


class Range(NamedTuple):
    """One media range of an Accept header."""

    name: str
    parameters: tuple[str, ...]
    quality: float


def parse_accept(header: str) -> list[Range]:
    """The ranges, best first: by quality, then the specific before wildcards, then as sent. A quality of 0 is out."""
    ranges = [_parse_range(part) for part in LISTED.findall(header) if part.strip()]
    return sorted((one for one in ranges if one.quality > 0), key=lambda one: (-one.quality, one.name.count("*")))


def _parse_range(text: str) -> Range:
    name, *rest = (part.strip() for part in PARTS.findall(text) or [""])
    quality = 1.0
    parameters = []
    for parameter in rest:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            quality = _parse_quality(value.strip())
        elif parameter:
            parameters.append(parameter)
    return Range(name.lower(), tuple(parameters), quality)


def _parse_quality(text: str) -> float:
    """A quality that is none counts as 1, as servers do."""
    try:
        quality = float(text)
    except ValueError:
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0


def negotiate(
    header: str | None, *, plan_enabled: bool, written: Collection[str] = (), live: bool = False
) -> tuple[Media, tuple[str, ...]]:
    """The media type of rows, and the names that may come before it of types that the database writes itself.

    Raises PGRST107 where none of those accepted can be had. `live`: a stream of events can. `written` are the types
    that anything in the database writes; whether of these rows is not known here.
    """
    media, names = _negotiated(header, plan_enabled=plan_enabled, live=live)
    if media is EVENTS:
        return media, ()
    accepts = tuple(name for name in names if name in written or ANY in written)
    if (media is None or media.format is None) and not accepts:
        raise unavailable(header or ANY)
    return media or WRITTEN, accepts


def negotiate_call(
    header: str | None, *, plan_enabled: bool, written: Collection[str] = ()
) -> tuple[Media | None, tuple[str, ...]]:
    """As `negotiate`, for a function's answer: one may write a type that is called after no domain."""
    media, names = _negotiated(header, plan_enabled=plan_enabled)
    return media, tuple(name for name in names if name not in TYPES or name in written or ANY in written)


def _negotiated(header: str | None, *, plan_enabled: bool, live: bool = False) -> tuple[Media | None, tuple[str, ...]]:
    """The media type of rows, None where none is accepted, and the names of what is liked at least as much."""
    names: list[str] = []
    for accepted in parse_accept(header or ANY):
        media = _media(accepted, plan_enabled=plan_enabled)
        if live and accepted.name == "text/event-stream":
            return EVENTS, ()
        if media is not None and media.options is not None:  # of what is explained, not of the explanation
            target = _target(accepted)
            return media, () if target.name.startswith(VENDOR) else (target.name,)
        if not accepted.name.startswith(VENDOR):
            names.append(accepted.name)
        if media is not None:
            return media, tuple(names)
    return None, tuple(names)


def negotiate_root(header: str | None) -> Media:
    """The media type of the description at the root. Raises PGRST107."""
    if not header:
        return OPENAPI
    for accepted in parse_accept(header):
        if accepted.name in ROOT_TYPES:
            return ROOT_TYPES[accepted.name]
    raise unavailable(header)


def unavailable(header: str) -> Problem:
    names = ", ".join(";".join((one.name, *one.parameters)) for one in map(_parse_range, LISTED.findall(header)))
    return Problem("PGRST107", f"None of these media types are available: {names}", where="Accept")


def _media(accepted: Range, *, plan_enabled: bool) -> Media | None:
    name, parameters = accepted.name, accepted.parameters
    if name in (PLAN, f"{PLAN}+json", f"{PLAN}+text"):
        return _plan(accepted) if plan_enabled else None
    if "nulls=stripped" in parameters and name in STRIPPED:
        return STRIPPED[name]
    return TYPES.get(name)


def _given(accepted: Range) -> dict[str, str]:
    return dict(parameter.partition("=")[::2] for parameter in accepted.parameters)


def _target(plan: Range) -> Range:
    """The media type of the answer that a plan is of."""
    return _parse_range(_given(plan).get("for", "application/json").strip('"').lower())


def _plan(accepted: Range) -> Media | None:
    """EXPLAIN of the answer that `for` names, JSON unless said; options as PostgREST spells them.

    What is no type of ours may be one that the database writes itself.
    """
    named = _target(accepted)
    target = _media(named, plan_enabled=False) or Media(";".join((named.name, *named.parameters)), None)
    asked = _given(accepted).get("options", "").split("|")
    options = [option for option in PLAN_OPTIONS if option in asked]
    if set(asked) - {*PLAN_OPTIONS, ""}:
        return None
    form = "json" if accepted.name.endswith("+json") else "text"
    mime = f'{PLAN}+{form}; for="{target.content_type.partition("; charset")[0]}"'
    if options:
        mime += f"; options={'|'.join(options)}"
    wanted = frozenset(options) if form == "json" else frozenset({*options, "format_text"})
    return Media(f"{mime}; charset=utf-8", target.format, target.strip_nulls, wanted)
