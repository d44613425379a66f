"""A database that exists, as a catalog: what is in `museum.sql`, looked at on the real server."""

import asyncio

import pytest
import sqlalchemy as sa

from mainstay.core.catalog import (
    Argument,
    Catalog,
    Column,
    Function,
    FunctionKey,
    Junction,
    Kind,
    MediaHandler,
    Relation,
    Representation,
    Table,
    TableForm,
    TableKey,
    Volatility,
)
from mainstay.core.found import Found
from mainstay.reflect.database import reflect_database
from mainstay.stores.postgres.introspect import introspect
from services.postgres import Postgres


@pytest.fixture(scope="module")
def found(museum_url: str) -> Found:
    return asyncio.run(introspect(museum_url, ("museum",), ("tools",)))


@pytest.fixture(scope="module")
def catalog(found: Found) -> Catalog:
    return reflect_database(found, ("museum",), 7)


def key(name: str) -> TableKey:
    return TableKey("museum", name)


def table(catalog: Catalog, name: str) -> Table:
    return catalog.tables[key(name)]


def column(catalog: Catalog, name: str) -> Column:
    of, _, column = name.partition(".")
    return table(catalog, of).columns[column]


def ways(catalog: Catalog, source: str, target: str) -> list[Relation]:
    return [each for each in table(catalog, source).relations if each.target == key(target)]


def function(catalog: Catalog, name: str, overload: int = 0) -> Function:
    return catalog.functions[FunctionKey("museum", name)][overload]


def test_the_catalog_is_of_the_schemas_that_were_asked_for(catalog: Catalog) -> None:
    assert (catalog.schemas, catalog.version) == (("museum",), 7)
    assert {each.schema for each in catalog.tables} <= {"museum", "rows of museum"}
    assert {each.schema for each in catalog.functions} == {"museum"}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("works", TableForm.TABLE),
        ("visits", TableForm.PARTITIONED),
        ("letters", TableForm.VIEW),
        ("names", TableForm.MATERIALIZED),
    ],
)
def test_a_table_has_its_form(catalog: Catalog, name: str, form: TableForm) -> None:
    assert table(catalog, name).form is form


def test_a_partition_is_a_part_of_its_table(catalog: Catalog) -> None:
    assert key("visits_2025") not in catalog.tables
    assert [each.constraint for each in ways(catalog, "visits", "tickets")] == ["admits"]
    assert table(catalog, "visits").primary_key == ("id", "day")


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("works", (True, True, True)),
        ("letters", (True, True, True)),
        ("makers", (False, False, False)),
        ("names", (False, False, False)),
        ("inbox", (True, False, False)),
    ],
)
def test_it_is_known_what_can_be_written(catalog: Catalog, name: str, writes: tuple[bool, bool, bool]) -> None:
    found = table(catalog, name)
    assert (found.insertable, found.updatable, found.deletable) == writes
    assert found.writable is any(writes)


def test_comments_are_kept(catalog: Catalog) -> None:
    assert table(catalog, "artists").comment == "Who made them"
    assert column(catalog, "artists.name").comment == "As it is signed"
    assert function(catalog, "add", 1).comment == "Adds"


@pytest.mark.parametrize(
    ("name", "kind", "spelling", "declared"),
    [
        ("works.id", Kind.INTEGER, "bigint", "bigint"),
        ("works.title", Kind.TEXT, "character varying", "character varying(80)"),
        ("works.door", Kind.TEXT, "bpchar", "character(3)"),
        ("works.price", Kind.NUMERIC, "numeric", "numeric(10,2)"),
        ("works.state", Kind.ENUM, "museum.condition", "museum.condition"),
        ("works.states", Kind.ARRAY, "museum.condition[]", "museum.condition[]"),
        ("works.size", Kind.COMPOSITE, "museum.size", "museum.size"),
        ("works.worn", Kind.INTEGER, "integer", "museum.percent"),
        ("works.label", Kind.TEXT, "character varying", "museum.short_label"),
        ("works.lent", Kind.RANGE, "int8range", "int8range"),
        ("works.loans", Kind.RANGE, "int8multirange", "int8multirange"),
        ("artists.style", Kind.VECTOR, "public.vector", "public.vector(3)"),
    ],
)
def test_a_type_has_a_name_for_casts_and_one_for_people(
    catalog: Catalog, name: str, kind: Kind, spelling: str, declared: str
) -> None:
    found = column(catalog, name).type
    assert (found.kind, found.name, found.declared) == (kind, spelling, declared)


def test_a_type_knows_its_parts(catalog: Catalog) -> None:
    labels = ("sound", "worn", "broken")
    assert column(catalog, "works.state").type.labels == labels
    states = column(catalog, "works.states").type
    assert states.element is not None
    assert states.element.labels == labels
    members = column(catalog, "works.size").type.members
    assert [(name, member.declared) for name, member in members] == [
        ("width", "numeric(6,2)"),
        ("height", "numeric(6,2)"),
    ]


def test_a_domain_has_the_casts_that_represent_it(catalog: Catalog) -> None:
    assert column(catalog, "rooms.wall:colour").type.representation == Representation(
        to_json=FunctionKey("museum", "colour_json"),
        from_json=FunctionKey("museum", "colour_of"),
        from_text=FunctionKey("museum", "colour_of"),
    )


@pytest.mark.parametrize(
    ("name", "nullable", "optional", "generated"),
    [
        ("works.id", False, True, True),
        ("works.title", False, False, False),
        ("works.floor", True, True, False),
        ("works.state", False, True, False),
        ("works.area", True, True, True),
        ("works.worn", False, True, False),
        ("artists.id", False, True, False),
        ("stamps.id", False, True, False),
    ],
)
def test_it_is_known_what_an_insert_may_leave_out(
    catalog: Catalog, name: str, nullable: bool, optional: bool, generated: bool
) -> None:
    found = column(catalog, name)
    assert (found.nullable, found.optional, found.generated) == (nullable, optional, generated)


@pytest.mark.parametrize("name", ["artists.id", "stamps.id", "works.id", "works.state", "works.note", "works.worn"])
def test_a_default_is_sql_that_gives_it(catalog: Catalog, postgres: Postgres, museum_url: str, name: str) -> None:
    default = column(catalog, name).default
    assert isinstance(default, sa.ColumnElement)
    text = str(sa.select(default).compile(compile_kwargs={"render_postcompile": True}))
    expected = {"works.state": "sound", "works.note": "a:b, 100% ", "works.worn": "50"}
    given = postgres.run(text, url=museum_url).strip("\n")
    assert given == expected[name] if name in expected else given.isdigit()


def test_keys_are_found(catalog: Catalog) -> None:
    assert table(catalog, "rooms").primary_key == ("floor", "door")
    assert table(catalog, "artists").unique == (("name",),)


def test_a_unique_index_counts_where_it_is_over_plain_columns_and_all_rows(catalog: Catalog) -> None:
    assert table(catalog, "stamps").unique == (("artist_id",), ("work_id",))


def test_a_foreign_key_leads_both_ways(catalog: Catalog) -> None:
    there, back = key("works"), key("rooms")
    pairs = (("floor", "floor"), ("door", "door"))
    assert ways(catalog, "tickets", "visits") == [
        Relation(
            None, key("tickets"), key("visits"), to_one=True, pairs=(("id", "id"), ("day", "day")), constraint="admits"
        )
    ]
    assert ways(catalog, "rooms", "works") == [
        Relation(None, back, there, to_one=False, pairs=pairs, constraint="hangs_in", outgoing=False)
    ]


def test_two_foreign_keys_are_two_ways(catalog: Catalog) -> None:
    assert [each.constraint for each in ways(catalog, "works", "artists")] == ["made_by", "restored_by"]


def test_a_table_may_refer_to_itself(catalog: Catalog) -> None:
    back, out = ways(catalog, "artists", "artists")
    assert (back.outgoing, back.to_one, back.pairs) == (False, False, (("id", "teacher_id"),))
    assert (out.outgoing, out.to_one, out.pairs) == (True, True, (("teacher_id", "id"),))


@pytest.mark.parametrize(("child", "single"), [("frames", True), ("stamps", True), ("letters", False)])
def test_a_key_that_is_unique_itself_is_one_to_one(catalog: Catalog, child: str, single: bool) -> None:
    source = "artists" if child == "letters" else "works"
    assert {each.to_one for each in ways(catalog, source, child)} == {single}


def test_a_unique_index_alone_makes_no_one_to_one(catalog: Catalog) -> None:
    assert [each.to_one for each in ways(catalog, "artists", "stamps")] == [False]


def test_a_table_whose_primary_key_holds_two_foreign_keys_is_a_junction(catalog: Catalog) -> None:
    through = {each.junction.table.name: each for each in ways(catalog, "works", "topics") if each.junction}
    assert through["work_topics"] == Relation(
        None,
        key("works"),
        key("topics"),
        to_one=False,
        junction=Junction(key("work_topics"), (("id", "work_id"),), (("id", "topic_id"),), "tagged", "tag"),
        outgoing=False,
    )


def test_a_view_of_a_junction_is_a_junction(catalog: Catalog) -> None:
    through = {each.junction.table.name for each in ways(catalog, "topics", "works") if each.junction}
    assert through == {"work_topics", "topics_of_works"}


def test_a_junction_in_a_schema_that_is_not_exposed_is_none(catalog: Catalog, found: Found) -> None:
    assert not [each for each in ways(catalog, "works", "artists") if each.junction]
    both = reflect_database(found, ("museum", "archive"), 1)
    junctions = [each.junction.table for each in ways(both, "works", "artists") if each.junction]
    assert junctions == [TableKey("archive", "work_artists")]


def test_the_ends_of_a_relation_are_of_one_schema(found: Found) -> None:
    both = reflect_database(found, ("museum", "archive"), 1)
    assert {each.source.schema == each.target.schema for one in both.tables.values() for each in one.relations} == {
        True
    }


@pytest.mark.parametrize(
    ("view", "primary_key"),
    [
        ("letters", ("id",)),
        ("letters_again", ("number",)),
        ("topics_of_works", ("work", "topic")),
        ("makers", ("artist", "work")),
        ("names", ("id",)),
        ("people", ()),
        ("door_signs", ("floor", "door")),
        ("inbox", ()),
    ],
)
def test_a_view_has_the_primary_keys_of_the_tables_that_it_shows(
    catalog: Catalog, view: str, primary_key: tuple[str, ...]
) -> None:
    assert sorted(table(catalog, view).primary_key) == sorted(primary_key)


def test_a_view_has_the_foreign_keys_of_its_tables_by_each_of_the_columns_names(catalog: Catalog) -> None:
    letters = ways(catalog, "letters", "artists")
    assert [(each.constraint, each.pairs, each.to_one) for each in letters] == [
        ("written_by", (("signed_by", "id"),), True),
        ("written_by", (("writer", "id"),), True),
    ]
    assert [each.pairs for each in ways(catalog, "letters_again", "artists")] == [(("writer", "id"),)]


def test_a_table_leads_to_views_and_a_view_to_views(catalog: Catalog) -> None:
    assert [each.pairs for each in ways(catalog, "artists", "letters_again")] == [(("id", "writer"),)]
    assert [each.pairs for each in ways(catalog, "letters_again", "names")] == [(("writer", "id"),)]
    assert [each.pairs for each in ways(catalog, "names", "works") if each.constraint == "made_by"] == [
        (("id", "artist_id"),)
    ]


def test_a_view_that_leaves_out_a_part_of_a_key_has_none_of_it(catalog: Catalog) -> None:
    assert [each.pairs for each in ways(catalog, "door_signs", "works")] == [(("floor", "floor"), ("door", "door"))]
    assert not ways(catalog, "makers", "rooms")


def test_a_function_of_a_row_that_gives_a_value_is_a_column(catalog: Catalog) -> None:
    columns = table(catalog, "artists").columns
    assert [name for name, each in columns.items() if each.computed] == ["full_name", "initial"]
    assert columns["full_name"].function == FunctionKey("museum", "full_name")
    assert columns["initial"].function == FunctionKey("tools", "initial")
    assert columns["full_name"].type.kind is Kind.TEXT
    assert columns["full_name"].generated


def test_a_function_of_a_row_that_gives_rows_is_a_relation(catalog: Catalog) -> None:
    computed = {each.name: each for each in table(catalog, "artists").relations if each.function}
    assert computed == {
        "finest": Relation(
            "finest", key("artists"), key("works"), True, outgoing=False, function=FunctionKey("museum", "finest")
        ),
        "sold": Relation(
            "sold", key("artists"), key("works"), False, outgoing=False, function=FunctionKey("museum", "sold")
        ),
    }


def test_a_function_by_a_tables_name_overrides_what_leads_to_it(catalog: Catalog) -> None:
    assert [(each.name, each.to_one, each.constraint) for each in ways(catalog, "works", "rooms")] == [
        ("rooms", True, None)
    ]


def test_a_function_has_its_arguments_in_order(catalog: Catalog) -> None:
    adding = function(catalog, "add", 1)
    assert [(each.name, each.type.name, each.required) for each in adding.arguments] == [
        ("a", "integer", True),
        ("b", "integer", False),
    ]
    assert (adding.returns.name, adding.many, adding.rows) == ("integer", False, None)
    assert adding.volatility is Volatility.IMMUTABLE
    variadic = function(catalog, "add_all").arguments
    assert [(each.name, each.type.name, each.variadic) for each in variadic] == [("numbers", "integer[]", True)]


def test_overloads_are_kept_those_with_fewer_arguments_first(catalog: Catalog) -> None:
    assert [len(each.arguments) for each in catalog.functions[FunctionKey("museum", "add")]] == [1, 2]


@pytest.mark.parametrize("name", ["unnamed", "two", "ring", "tidy", "html", "hammer"])
def test_what_a_request_can_not_call_is_not_there(catalog: Catalog, name: str) -> None:
    assert FunctionKey("museum", name) not in catalog.functions


def test_one_argument_without_a_name_takes_a_whole_body(catalog: Catalog) -> None:
    argument = function(catalog, "add").arguments[0]
    assert argument == Argument("", argument.type)
    assert argument.type.kind is Kind.TEXT


def test_settings_that_must_come_first_are_hoisted(catalog: Catalog) -> None:
    assert function(catalog, "cheapest").settings == (
        ("statement_timeout", "3s"),
        ("default_transaction_isolation", "repeatable read"),
    )


def test_a_function_of_a_tables_rows_gives_that_table(catalog: Catalog) -> None:
    cheapest = function(catalog, "cheapest")
    assert (cheapest.rows, cheapest.many) == (key("works"), True)


@pytest.mark.parametrize(
    ("name", "overload", "columns"),
    [
        ("old_letters", 0, ["id", "artist_id", "body"]),
        ("measure", 0, ["width", "height"]),
        ("counts", 0, ["kind", "number"]),
        ("counts", 1, ["number"]),
        ("next", 0, ["n"]),
        ("bounds", 0, ["low", "high"]),
    ],
)
def test_a_function_of_other_rows_has_a_table_of_its_own(
    catalog: Catalog, name: str, overload: int, columns: list[str]
) -> None:
    rows = function(catalog, name, overload).rows
    assert rows is not None
    found = catalog.tables[rows]
    assert ([*found.columns], found.form, found.writable) == (columns, TableForm.ROWS, False)


def test_an_argument_that_goes_both_ways_is_an_argument_too(catalog: Catalog) -> None:
    assert [each.name for each in function(catalog, "next").arguments] == ["n"]
    assert [each.name for each in function(catalog, "bounds").arguments] == ["of"]


def test_nothing_and_anything_are_scalars(catalog: Catalog) -> None:
    forget, anything = function(catalog, "forget"), function(catalog, "anything")
    assert (forget.returns.kind, forget.rows) == (Kind.VOID, None)
    assert (anything.returns.kind, anything.rows) == (Kind.OTHER, None)


def test_aggregates_that_write_a_media_type_are_handlers(catalog: Catalog) -> None:
    assert catalog.handlers == (
        MediaHandler("text/html", FunctionKey("museum", "html"), key("artists")),
        MediaHandler("*/*", FunctionKey("museum", "whatever")),
    )
    assert function(catalog, "home").returns.declared == 'museum."text/html"'


def test_time_zones_are_known(catalog: Catalog) -> None:
    assert "Europe/Berlin" in catalog.time_zones
