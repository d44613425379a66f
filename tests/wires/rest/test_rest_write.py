"""Payloads, and what each writing method makes of a request."""

import pytest
from rest_requests import parse, refusal

from mainstay.core.condition import And, Compare, Field, Operator, Slot
from mainstay.core.limits import Limits
from mainstay.core.operation import (
    Delete,
    Embed,
    Format,
    Insert,
    Operation,
    Order,
    Pick,
    Put,
    Returning,
    Star,
    TableRef,
    Update,
)

FILMS = TableRef("films")
MINIMAL = Returning(format=Format.NONE)
CSV = {"content-type": "text/csv"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
REPRESENTATION = {"prefer": "return=representation"}
ID_IS = Compare(Field("id"), Operator.EQ, Slot(1))


def write(
    query: str = "", method: str = "POST", body: bytes = b"{}", headers: dict[str, str] | None = None
) -> Operation:
    operation = parse(query, method, headers, body).operation
    assert operation is not None
    return operation


def test_one_object_is_inserted_as_it_was_sent() -> None:
    body = b' { "title": "Alien",\n "year" : 1979, "data": {"a": [1, 2]} } '
    assert write(body=body) == Operation(Insert(FILMS, ("title", "year", "data"), single=True), (body.decode(),))


def test_an_array_is_inserted_as_it_was_sent() -> None:
    body = b'[{"id": 1, "title": "a"}, {"title": "b", "id": 2}]'
    assert write(body=body) == Operation(Insert(FILMS, ("id", "title")), (body.decode(),))


@pytest.mark.parametrize(
    ("body", "columns", "single"),
    [(b"{}", (), True), (b"[]", (), False), (b"[{},{}]", (), False), (b"\t\r\n[ ]", (), False)],
)
def test_empty_payloads_name_no_columns(body: bytes, columns: tuple[str, ...], single: bool) -> None:
    shape = write(body=body).shape
    assert isinstance(shape, Insert)
    assert (shape.columns, shape.single) == (columns, single)


def test_the_columns_parameter_decides_the_columns_and_lets_keys_differ() -> None:
    shape = write("columns=id, title,id", body=b'[{"id":1},{"title":"b","more":2}]').shape
    assert isinstance(shape, Insert)
    assert shape.columns == ("id", "title")


def test_csv_is_inserted_as_objects_of_texts() -> None:
    operation = write(body=b'a,b\r\nfoo,"x, ""y"""\r\nNULL,\xc3\xa9\r\n', headers=CSV)
    assert operation == Operation(Insert(FILMS, ("a", "b")), ('[{"a":"foo","b":"x, \\"y\\""},{"a":null,"b":"é"}]',))


def test_a_form_is_inserted_as_one_object_of_texts() -> None:
    operation = write(body=b"a=1&b=forms+are+fun&c=%C3%A9&d=", headers=FORM)
    assert operation == Operation(
        Insert(FILMS, ("a", "b", "c", "d"), single=True), ('{"a":"1","b":"forms are fun","c":"é","d":""}',)
    )


REFUSED: list[tuple[bytes, dict[str, str], str]] = [
    (b"", {}, "Empty or invalid json"),
    (b"}{ x = 2", {}, "Empty or invalid json"),
    (b'{"a":1', {}, "Empty or invalid json"),
    (b'{"a":1}x', {}, "Empty or invalid json"),
    (b'{"a":"\xff"}', {}, "Empty or invalid json"),
    (b'[{"a":' * 100_000, {}, "Empty or invalid json"),
    (b'{"a":' * 100_000, {}, "Empty or invalid json"),
    (b"5", {}, "The body must be an object or an array of objects"),
    (b"null", {}, "The body must be an object or an array of objects"),
    (b'"text"', {}, "The body must be an object or an array of objects"),
    (b'[{"id":1},{"id":2,"more":3}]', {}, "All object keys must match"),
    (b'[{"id":1},{"other":2}]', {}, "All object keys must match"),
    (b'[{"id":1},123,"xxxx"]', {}, "All object keys must match"),
    (b"[[]]", {}, "All object keys must match"),
    (b"a,b\nfoo,bar\nbaz", CSV, "All lines must have same number of fields"),
    (b"", CSV, "The body is not CSV"),
    (b'a,b\n"x', CSV, "The body is not CSV"),
    (b"a,a\n1,2", CSV, "The body is not CSV"),
    (b"\xff", CSV, "The body is not UTF-8"),
    (b"a", FORM, "The body is not a form"),
    (b"a=1&a=2", FORM, "The body is not a form"),
    (b"a=%ff", FORM, "The body is not a form"),
    (b"x", {"content-type": "text/plain"}, "Content-Type not acceptable: text/plain"),
    (b"x", {"content-type": "image/png; q=1"}, "Content-Type not acceptable: image/png"),
]


@pytest.mark.parametrize(("body", "headers", "message"), REFUSED, ids=[ascii(row[0][:30]) for row in REFUSED])
def test_a_body_that_is_not_of_its_type_is_refused(body: bytes, headers: dict[str, str], message: str) -> None:
    problem = refusal(method="POST", body=body, headers=headers)
    assert (problem.code, problem.message) == ("PGRST102", message)


def test_columns_do_not_excuse_elements_that_are_no_objects() -> None:
    assert refusal("columns=id", method="POST", body=b'[{"id":1},333]').code == "PGRST102"


@pytest.mark.parametrize("headers", [{}, CSV])
def test_the_rows_of_an_insert_are_bounded(headers: dict[str, str]) -> None:
    two, three = (b"a\n1\n2", b"a\n1\n2\n3") if headers else (b"[{},{}]", b"[{},{},{}]")
    limits = Limits(insert_rows_max=2)
    assert refusal(method="POST", body=three, headers=headers, limits=limits).code == "MS444"
    with pytest.raises(AssertionError, match="accepted"):
        refusal(method="POST", body=two, headers=headers, limits=limits)


@pytest.mark.parametrize("body", [b'{"title":"x"}', b'[{"title":"x"}]', b' [ {"title":"x"} ] '])
def test_a_patch_sets_what_its_one_object_holds(body: bytes) -> None:
    assert write("id=eq.1", "PATCH", body).shape == Update(FILMS, ("title",), ID_IS)


def test_the_object_of_an_array_travels_alone() -> None:
    assert write("id=eq.1", "PATCH", b'[ {"a": 1.50} ]').values == ('{"a": 1.50}', "1")
    assert write("id=eq.1", "PATCH", b"[]").values == ("{}", "1")


def test_a_patch_without_a_filter_is_for_the_plan_to_refuse() -> None:
    assert write("", "PATCH").shape == Update(FILMS, ())


def test_a_patch_of_several_objects_is_refused() -> None:
    assert refusal("id=eq.1", method="PATCH", body=b"[{},{}]").message == "The body must hold one object"


def test_a_patch_may_set_what_it_lacks_to_defaults() -> None:
    shape = write("columns=a,b", "PATCH", b'{"a":1}', {"prefer": "missing=default"}).shape
    assert shape == Update(FILMS, ("a", "b"), defaults=True)


def test_a_delete_has_no_payload() -> None:
    where = Compare(Field("id"), Operator.EQ, Slot(0))
    assert write("id=eq.1", "DELETE", b"ignored") == Operation(Delete(FILMS, where), ("1",))


def test_a_put_is_keyed_by_equality() -> None:
    where = And((ID_IS, Compare(Field("part"), Operator.EQ, Slot(2))))
    operation = write("id=eq.1&part=eq.2", "PUT", b'[{"id":1,"part":2,"title":"x"}]')
    assert operation == Operation(
        Put(FILMS, ("id", "part", "title"), where), ('{"id":1,"part":2,"title":"x"}', "1", "2")
    )


@pytest.mark.parametrize(
    "query",
    ["", "id=gt.1", "id=not.eq.1", "or=(id.eq.1)", "id=eq(any).{1}", "data->>id=eq.1", "id=eq.1&title=is.null"],
)
def test_a_put_by_anything_else_is_refused(query: str) -> None:
    assert refusal(query, method="PUT", body=b"{}").code == "PGRST105"


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("PUT", "id=eq.1&limit=1", "PGRST114"),
        ("PUT", "id=eq.1&offset=1", "PGRST114"),
        ("PUT", "id=eq.1&columns=id", "MS447"),
        ("PATCH", "id=eq.1&limit=1", "MS445"),
        ("DELETE", "id=eq.1&limit=1", "MS445"),
        ("DELETE", "id=eq.1&offset=0", "MS445"),
        ("POST", "offset=1", "MS445"),
        ("POST", "id=eq.1", "MS446"),
        ("POST", "or=(id.eq.1)", "MS446"),
        ("GET", "columns=id", "MS447"),
        ("DELETE", "columns=id", "MS447"),
        ("GET", "on_conflict=id", "MS447"),
        ("PATCH", "on_conflict=id", "MS447"),
        ("POST", "columns=", "PGRST100"),
        ("POST", "columns=a,,b", "PGRST100"),
        ("POST", "columns=a;b", "PGRST100"),
        ("POST", "on_conflict=", "PGRST100"),
        ("BREW", "", "PGRST117"),
        ("get", "", "PGRST117"),
        ("CONNECT", "", "PGRST117"),
    ],
)
def test_what_a_method_can_not_honour_is_refused(method: str, query: str, code: str) -> None:
    assert refusal(query, method=method, body=b"{}").code == code


@pytest.mark.parametrize(
    ("method", "query", "message"),
    [
        ("POST", "offset=1", "Limit and offset do not apply to POST"),
        ("POST", "id=eq.1", "Filters do not apply to POST"),
        ("DELETE", "columns=id", "The parameter 'columns' does not apply to DELETE"),
        ("PATCH", "on_conflict=id", "The parameter 'on_conflict' does not apply to PATCH"),
    ],
)
def test_the_refusal_spells_method_and_parameter_as_they_were_sent(method: str, query: str, message: str) -> None:
    assert refusal(query, method=method, body=b"{}").message == message


def test_an_empty_columns_parameter_is_refused_as_postgrest_does() -> None:
    problem = refusal("columns=", method="POST", body=b"[{}]")
    assert problem.message == '"failed to parse columns parameter ()" (line 1, column 1)'
    assert problem.details == "unexpected end of input expecting field name (* or [a..z0..9_$])"


def test_a_representation_is_selected_filtered_and_ordered_like_a_read() -> None:
    query = "id=eq.1&select=id,actors(name)&actors.name=eq.x&order=id.desc"
    shape = write(query, "PATCH", headers=REPRESENTATION).shape
    assert isinstance(shape, Update)
    assert shape.where == ID_IS
    name = Compare(Field("name"), Operator.EQ, Slot(2))
    actors = Embed("actors", select=(Pick(Field("name")),), where=name)
    assert shape.returning == Returning((Pick(Field("id")), actors), (Order(Field("id"), True),))


@pytest.mark.parametrize(
    ("headers", "returning"),
    [
        ({}, MINIMAL),
        ({"prefer": "return=minimal"}, MINIMAL),
        ({"prefer": "return=headers-only"}, Returning(format=Format.NONE, key=True)),
        (REPRESENTATION, Returning((Star(),))),
        (REPRESENTATION | {"accept": "text/csv"}, Returning((Star(),), format=Format.CSV)),
        (REPRESENTATION | {"accept": "application/vnd.pgrst.array+json;nulls=stripped"},
         Returning((Star(),), strip_nulls=True)),
        (REPRESENTATION | {"accept": "application/vnd.pgrst.object+json"},
         Returning((Star(),), format=Format.OBJECT)),
        ({"accept": "application/vnd.pgrst.object+json"}, Returning((), format=Format.OBJECT)),
        ({"accept": "application/vnd.pgrst.object+json", "prefer": "return=headers-only"},
         Returning((), format=Format.OBJECT, key=True)),
    ],
)  # fmt: skip
def test_what_an_insert_returns(headers: dict[str, str], returning: Returning) -> None:
    shape = write(headers=headers).shape
    assert isinstance(shape, Insert)
    assert shape.returning == returning


def test_only_an_insert_has_a_location() -> None:
    shape = write("id=eq.1", "PATCH", headers={"prefer": "return=headers-only"}).shape
    assert isinstance(shape, Update)
    assert shape.returning == MINIMAL


def test_missing_keys_take_defaults_where_asked_for() -> None:
    shape = write(headers={"prefer": "missing=default"}).shape
    assert isinstance(shape, Insert)
    assert shape.defaults


def test_a_limit_is_of_what_an_insert_answers_with() -> None:
    shape = write("limit=1", "POST", b'{"a":1}', {"prefer": "return=representation"}).shape
    assert isinstance(shape, Insert)
    assert shape.returning.limit == 1
