"""What holds of every request: it is understood or refused, and values arrive as they were sent."""

from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rest_requests import WIRE, read, request

from mainstay.core.exchange import Request
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest import Call

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ALPHABET = st.sampled_from([*'aZ0é🎬_$- \t.,:;!()[]{}"\\\'*+%&=<>?#/|\0', "->", "->>", "::", "...", "not.", "eq.",
                            "in.", "is.null", "or", "and", "count()", ".sum()", "%2C", "%ff", "%", "null"])  # fmt: skip
SCRAPS = st.lists(ALPHABET, max_size=30).map("".join)
NAMES = st.sampled_from(["select", "order", "limit", "offset", "and", "or", "not.or", "columns", "on_conflict", "id",
                         "a.b", "a.order", "a.limit", "a.or", ""])  # fmt: skip
QUERIES = st.lists(st.builds("{}={}".format, NAMES | SCRAPS, SCRAPS) | SCRAPS, max_size=4).map("&".join) | st.text()
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"])
NAMED = ["accept", "prefer", "range", "origin", "content-type", "accept-profile", "content-profile"]
HEADERS = st.dictionaries(st.sampled_from(NAMED), SCRAPS | st.text(max_size=20), max_size=3)
TYPES = st.sampled_from(["application/json", "text/csv", "application/x-www-form-urlencoded"])


def parsed(asked: Request) -> Call | Problem:
    try:
        return WIRE.parse(asked)
    except Problem as problem:
        return problem


@given(method=METHODS, path=st.sampled_from(["/films", "/", ""]) | st.text(), query=QUERIES, headers=HEADERS)
@settings(max_examples=400)
def test_every_request_is_understood_or_refused(method: str, path: str, query: str, headers: dict[str, str]) -> None:
    asked = Request(method, path, query, headers, b"{}")
    call = parsed(asked)
    if isinstance(call, Problem):
        assert WIRE.refuse(call, anonymous=True, request=asked).status >= 400
    else:
        hash(call.operation.shape if call.operation else None)
        assert WIRE.render(call, Result(b"[]", 0, 0)).status <= 416


@given(body=st.binary() | SCRAPS.map(str.encode), content_type=TYPES, method=st.sampled_from(["POST", "PATCH"]))
@example(b'{"\\ud800":1}', "application/json", "POST")
@example(b'[{"a":"\\u0000"}]', "application/json", "PATCH")
@example(b"a\x00b\n1\x00", "text/csv", "POST")
def test_every_body_is_understood_or_refused(body: bytes, content_type: str, method: str) -> None:
    call = parsed(request(method, "/films", {"content-type": content_type}, body))
    if isinstance(call, Problem):
        assert call.code in ("PGRST102", "MS444")
    else:
        assert call.operation is not None
        assert isinstance(call.operation.values[0], str)
        repr(call.operation.shape).encode()


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(text=TEXT)
@example("a,b)c\"d\\e {f} (g) 'h' *%_&=+#;")
def test_any_text_arrives_as_a_filters_value(text: str) -> None:
    assert read(f"id=eq.{quote(text, safe='')}")[1] == (text,)


@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_any_texts_arrive_as_a_lists_items(texts: list[str]) -> None:
    items = ",".join(map(quoted, texts))
    assert read(f"id=in.({quote(items, safe='')})")[1] == (tuple(texts),)


@given(one=TEXT, other=TEXT, texts=st.lists(TEXT, min_size=1, max_size=3))
def test_any_text_arrives_in_a_logic_tree(one: str, other: str, texts: list[str]) -> None:
    items = ",".join(map(quoted, texts))
    tree = f"(id.eq.{quoted(one)},and(id.not.in.({items}),title.neq.{quoted(other)}))"
    assert read(f"or={quote(tree, safe='')}")[1] == (one, tuple(texts), other)


@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_any_texts_arrive_as_an_arrays_items(texts: list[str]) -> None:
    literal = "{" + ",".join(map(quoted, texts)) + "}"
    assert read(f"id=eq(any).{quote(literal, safe='')}")[1] == (tuple(texts),)


@given(name=TEXT.filter(bool).filter(lambda name: "\0" not in name))
def test_any_name_can_be_quoted(name: str) -> None:
    shape, _ = read(f"select={quote(quoted(name), safe='')}")
    assert [getattr(item, "field").column for item in shape.select] == [name]  # noqa: B009
