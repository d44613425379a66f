"""Preferences, media types and profiles."""

import pytest
from rest_requests import parse, refusal, request

from mainstay.core.operation import Conflict, Count, Ending, Format, Insert, Operation, Read, Update
from mainstay.core.problem import Problem
from mainstay.wires.rest import RestWire

OBJECT = "application/vnd.pgrst.object+json"
ARRAY = "application/vnd.pgrst.array+json"


def operation(query: str = "", method: str = "GET", body: bytes = b"", **headers: str) -> Operation:
    found = parse(query, method, {name.replace("_", "-"): value for name, value in headers.items()}, body).operation
    assert found is not None
    return found


def applied(method: str, prefer: str, query: str = "id=eq.1") -> str | None:
    body = b"{}" if method in ("POST", "PATCH", "PUT") else b""
    call = parse("" if method == "POST" else query, method, {"prefer": prefer}, body)
    return dict(call.reply.headers).get("preference-applied")


@pytest.mark.parametrize(
    ("method", "prefer", "expected"),
    [
        ("GET", "count=exact", "count=exact"),
        ("HEAD", "count=planned", "count=planned"),
        ("GET", "return=minimal", None),
        ("GET", "count=exact,count=planned", "count=exact"),
        ("GET", "handling=lenient, anything", "handling=lenient"),
        ("GET", "tx=rollback", "tx=rollback"),
        ("GET", "count=none", None),
        ("GET", "timezone=America/Los_Angeles", "timezone=America/Los_Angeles"),
        ("PATCH", "timezone=UTC, timezone=CET, return=minimal", "return=minimal, timezone=UTC"),
        ("GET", "timezone=", None),
        ("GET", "", None),
        ("POST", "return=representation , missing=default,resolution=merge-duplicates",
         "resolution=merge-duplicates, missing=default, return=representation"),
        ("POST", "count=exact,return=headers-only", "return=headers-only, count=exact"),
        ("PATCH", "handling=strict, max-affected=5", "handling=strict, max-affected=5"),
        ("PATCH", "handling=lenient, max-affected=5", "handling=lenient"),
        ("DELETE", "return=representation, count=exact", "return=representation, count=exact"),
        ("PUT", "return=representation, resolution=merge-duplicates", "return=representation"),
    ],
)  # fmt: skip
def test_what_was_preferred_and_honoured_is_said(method: str, prefer: str, expected: str | None) -> None:
    assert applied(method, prefer) == expected


@pytest.mark.parametrize(
    ("prefer", "invalid"),
    [
        ("handling=strict, anything", "anything"),
        ("something, handling=strict, else", "something, else"),
        ("handling=strict, return=everything", "return=everything"),
        ("handling=strict, max-affected=-1", "max-affected=-1"),
        ("handling=strict, max-affected=many", "max-affected=many"),
    ],
)
def test_strict_handling_refuses_what_is_not_honoured(prefer: str, invalid: str) -> None:
    problem = refusal(headers={"prefer": prefer})
    assert problem.code == "PGRST122"
    assert problem.details == f"Invalid preferences: {invalid}"


def test_a_rollback_is_honoured_only_where_it_is_allowed() -> None:
    assert operation(prefer="tx=rollback").ending is Ending.ROLLBACK
    strictly = {"prefer": "tx=rollback, handling=strict"}
    allowed, denied = RestWire(prefix="", ending_chosen=True), RestWire(prefix="")
    assert allowed.parse(request(headers=strictly)).operation is not None
    found = denied.parse(request(headers={"prefer": "tx=rollback"}))
    assert found.operation is not None
    assert found.operation.ending is Ending.COMMIT
    assert found.reply.headers == ()
    with pytest.raises(Problem, match="Invalid preferences"):
        denied.parse(request(headers=strictly))


@pytest.mark.parametrize("count", [Count.EXACT, Count.PLANNED, Count.ESTIMATED])
def test_a_count_is_asked_for(count: Count) -> None:
    shape = operation(prefer=f"count={count.value}").shape
    assert isinstance(shape, Read)
    assert shape.count is count


def test_a_bound_on_affected_rows_needs_strict_handling() -> None:
    strict = operation("id=eq.1", "PATCH", b"{}", prefer="max-affected=3,handling=strict").shape
    lenient = operation("id=eq.1", "PATCH", b"{}", prefer="max-affected=3").shape
    assert isinstance(strict, Update)
    assert isinstance(lenient, Update)
    assert (strict.affected_max, lenient.affected_max) == (3, None)


@pytest.mark.parametrize(
    ("resolution", "conflict"),
    [("merge-duplicates", Conflict.MERGE), ("ignore-duplicates", Conflict.IGNORE), ("what", None)],
)
def test_a_resolution_makes_an_upsert(resolution: str, conflict: Conflict | None) -> None:
    shape = operation("on_conflict=a,b", "POST", b"{}", prefer=f"resolution={resolution}").shape
    assert isinstance(shape, Insert)
    assert shape.conflict is conflict
    assert shape.on_conflict == (("a", "b") if conflict else ())


JSON_TYPE = "application/json; charset=utf-8"

MEDIA: list[tuple[str, str, Format, bool]] = [
    ("*/*", JSON_TYPE, Format.ARRAY, False),
    ("application/json", JSON_TYPE, Format.ARRAY, False),
    ("application/*", JSON_TYPE, Format.ARRAY, False),
    ("APPLICATION/JSON", JSON_TYPE, Format.ARRAY, False),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON_TYPE, Format.ARRAY, False),
    ("text/csv", "text/csv; charset=utf-8", Format.CSV, False),
    ("text/csv, */*; q=0.01", "text/csv; charset=utf-8", Format.CSV, False),
    ("*/*, text/csv", "text/csv; charset=utf-8", Format.CSV, False),
    ("application/json;q=0.5, text/csv;q=0.9", "text/csv; charset=utf-8", Format.CSV, False),
    ("application/json, text/csv", JSON_TYPE, Format.ARRAY, False),
    ("text/csv;q=0, application/json", JSON_TYPE, Format.ARRAY, False),
    (OBJECT, f"{OBJECT}; charset=utf-8", Format.OBJECT, False),
    ("application/vnd.pgrst.object", f"{OBJECT}; charset=utf-8", Format.OBJECT, False),
    (f"{OBJECT};nulls=stripped", f"{OBJECT};nulls=stripped; charset=utf-8", Format.OBJECT, True),
    (f"{ARRAY};nulls=stripped", f"{ARRAY};nulls=stripped; charset=utf-8", Format.ARRAY, True),
    ("application/vnd.pgrst.array; nulls=stripped", f"{ARRAY};nulls=stripped; charset=utf-8", Format.ARRAY, True),
    (ARRAY, JSON_TYPE, Format.ARRAY, False),
]


@pytest.mark.parametrize(("accept", "content_type", "form", "stripped"), MEDIA, ids=[row[0] for row in MEDIA])
def test_the_best_acceptable_media_type_is_chosen(accept: str, content_type: str, form: Format, stripped: bool) -> None:
    call = parse(headers={"accept": accept})
    assert call.reply.media == (("content-type", content_type),)
    assert call.operation is not None
    assert isinstance(call.operation.shape, Read)
    assert (call.operation.shape.format, call.operation.shape.strip_nulls) == (form, stripped)


@pytest.mark.parametrize(
    ("accept", "names"),
    [
        ("unknown/unknown", "unknown/unknown"),
        ("text/html, image/png", "text/html, image/png"),
        ("application/geo+json;x=1", "application/geo+json;x=1"),
        ("application/json;q=0", "application/json"),
    ],
)
def test_what_can_not_be_had_is_not_acceptable(accept: str, names: str) -> None:
    problem = refusal(headers={"accept": accept})
    assert problem.code == "PGRST107"
    assert problem.message == f"None of these media types are available: {names}"


PLAN = "application/vnd.pgrst.plan"


@pytest.mark.parametrize(
    ("accept", "content_type", "options", "form"),
    [
        (f"{PLAN}+json", f'{PLAN}+json; for="application/json"', set(), Format.ARRAY),
        (PLAN, f'{PLAN}+text; for="application/json"', {"format_text"}, Format.ARRAY),
        (f'{PLAN}+json; for="text/csv"; options=verbose|analyze',
         f'{PLAN}+json; for="text/csv"; options=analyze|verbose', {"analyze", "verbose"}, Format.CSV),
        (f'{PLAN}+text; for="{OBJECT}"; options=wal',
         f'{PLAN}+text; for="{OBJECT}"; options=wal', {"wal", "format_text"}, Format.OBJECT),
    ],
)  # fmt: skip
def test_a_plan_can_be_asked_for(accept: str, content_type: str, options: set[str], form: Format) -> None:
    call = parse(headers={"accept": accept})
    assert dict(call.reply.media)["content-type"] == f"{content_type}; charset=utf-8"
    assert call.operation is not None
    assert call.operation.explain
    assert call.operation.explain_options == options
    assert isinstance(call.operation.shape, Read)
    assert call.operation.shape.format is form


@pytest.mark.parametrize("accept", [PLAN, f"{PLAN}+json; options=wrong", f'{PLAN}+json; for="image/png"'])
def test_a_plan_is_refused_where_it_is_off_or_unknown(accept: str) -> None:
    wire = RestWire(prefix="", plan_enabled=accept != PLAN)
    with pytest.raises(Problem) as refused:
        wire.parse(request(headers={"accept": accept}))
    assert refused.value.code == "PGRST107"


@pytest.mark.parametrize(
    ("method", "header", "schema"),
    [
        ("GET", "accept-profile", "v2"),
        ("HEAD", "accept-profile", "v2"),
        ("POST", "content-profile", "v2"),
        ("PATCH", "content-profile", "v2"),
        ("DELETE", "content-profile", "v2"),
        ("GET", "content-profile", None),
        ("POST", "accept-profile", None),
    ],
)
def test_a_profile_names_the_schema(method: str, header: str, schema: str | None) -> None:
    body = b"{}" if method in ("POST", "PATCH") else b""
    call = parse("", method, {header: "v2", "prefer": "return=representation"}, body)
    assert call.schema == schema
    assert call.operation is not None
    assert call.operation.shape.table.schema == schema
    assert dict(call.reply.media).get("content-profile") == schema


def test_a_profile_that_is_not_exposed_is_refused() -> None:
    wire = RestWire(prefix="", schemas=("v1", "v2"))
    assert wire.parse(request(headers={"accept-profile": "v2"})).schema == "v2"
    with pytest.raises(Problem) as refused:
        wire.parse(request(headers={"accept-profile": "unknown"}))
    assert refused.value.code == "PGRST106"
    assert refused.value.message == "Invalid schema: unknown"
    assert refused.value.hint == "Only the following schemas are exposed: v1, v2"
