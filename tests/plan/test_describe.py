"""What a role is told of the catalog: all that it may ask for, and nothing else."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

from cinema.app import cinema
from mainstay import Mainstay
from mainstay.core.catalog import Kind
from mainstay.core.description import Description, TableDescription
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Read, Star, TableRef
from mainstay.core.plan import Nested, ReadPlan
from mainstay.core.problem import Problem
from mainstay.core.rule import Action
from mainstay.plan.decide import decide
from mainstay.plan.describe import describe

ROLES = ("anonymous", "member", "critic", "owner")
CINEMA = cinema()


def described(role: str, app: Mainstay = CINEMA, schema: str | None = None) -> Description:
    return describe(app.catalog, app.policy, role, Limits(rows_max=500), schema=schema)


def table(name: str, role: str, app: Mainstay = CINEMA) -> TableDescription:
    return next(each for each in described(role, app).tables if each.table.name == name)


def desk() -> tuple[MetaData, Table, Table]:
    """Letters to a desk, in two schemas."""
    metadata = MetaData()
    desks = Table("desks", metadata, Column("id", Integer, primary_key=True), schema="back")
    letters = Table(
        "letters",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("body", Text, nullable=False, comment="What it says"),
        Column("sealed", Text, nullable=False, comment="Not for everyone"),
        Column("desk_id", ForeignKey("back.desks.id")),
        comment="What came in",
    )
    return metadata, letters, desks


def test_tables_keep_the_catalogs_order() -> None:
    names = [each.table.key for each in described("owner").tables]
    assert names == [key for key in CINEMA.catalog.tables if key in set(names)]
    assert len(names) == len(CINEMA.catalog.tables)


@pytest.mark.parametrize("hidden", ["vault", "budget", "gross", "email", "photo", "Nobody's business"])
def test_nothing_hidden_is_in_a_description(hidden: str) -> None:
    assert hidden not in repr(described("anonymous"))
    assert hidden in repr(described("owner"))


def test_a_role_that_nobody_declared_sees_nothing() -> None:
    assert described("stranger") == Description((), "public", (), Limits(rows_max=500))


@pytest.mark.parametrize("role", ROLES)
def test_every_described_relation_is_the_one_that_its_spelling_embeds(role: str) -> None:
    limits = Limits()
    count = 0
    for each in described(role).tables:
        for relation in each.relations:
            target, _, hint = relation.select.partition("!")
            embed = Embed(target, hint=hint or None, select=(Star(),))
            read = Read(TableRef(each.table.name), select=(embed,))
            plan = decide(read, role, CINEMA.catalog, CINEMA.policy, limits)
            assert isinstance(plan, ReadPlan)
            (nested,) = plan.select.outputs
            assert isinstance(nested, Nested)
            assert (nested.name, nested.relation) == (relation.name, relation.relation)
            count += 1
    assert count > 20


def test_a_relation_without_a_name_goes_by_what_tells_it_apart() -> None:
    spelled = {each.select: each.target.name for each in table("screenings", "anonymous").relations}
    assert spelled == {"films": "films", "screenings_host": "members", "screenings_guest": "members"}


def test_columns_shown_in_some_rows_alone_are_masked() -> None:
    assert table("films", "critic").masked == {"budget", "gross"}
    assert table("films", "owner").masked == set()


def test_presets_are_neither_creatable_nor_required() -> None:
    reviews = table("reviews", "member")
    assert reviews.creatable == ("film_id", "stars", "text", "public")
    assert reviews.required == ("film_id", "stars")
    assert reviews.updatable == ("stars", "text", "public")


def test_an_upsert_goes_by_keys_that_its_rows_have() -> None:
    assert table("reviews", "member").conflicts == (("film_id", "author_id"),)  # its author is preset, its id is not
    owner = table("reviews", "owner")
    assert owner.conflicts == (("id",), ("film_id", "author_id"))
    assert owner.upsertable
    assert owner.replaceable


def test_putting_a_row_takes_its_whole_key() -> None:
    assert not table("reviews", "member").replaceable


def test_a_generated_column_is_read_and_never_written() -> None:
    films = table("films", "owner")
    assert {"words", "decade"} <= set(films.readable)
    assert not {"words", "decade"} & {*films.creatable, *films.updatable}
    assert films.table.columns["words"].type.kind is Kind.TEXT_SEARCH


def test_rows_max_is_the_smaller_of_the_limit_and_the_rule() -> None:
    metadata, letters, _ = desk()
    app = Mainstay(metadata)
    app.role("few").may("read", letters, columns="*", rows_max=7)
    app.role("many").may("read", letters, columns="*", rows_max=7_000)
    assert table("letters", "few", app).rows_max == 7
    assert table("letters", "many", app).rows_max == 500


def test_a_role_that_may_only_create_knows_only_what_it_writes() -> None:
    metadata, letters, _ = desk()
    app = Mainstay(metadata)
    app.role("sender").may("create", letters, columns=["body"], presets={"sealed": "no"})
    sent = table("letters", "sender", app)
    assert sent.actions == {Action.CREATE}
    assert list(sent.table.columns) == ["body"]
    assert (sent.table.primary_key, sent.table.relations, sent.relations) == ((), (), ())
    assert (sent.readable, sent.creatable, sent.required) == ((), ("body",), ("body",))
    assert "Not for everyone" not in repr(sent)


def test_without_reading_only_a_change_that_needs_no_filter_can_go_well() -> None:
    metadata, letters, _ = desk()
    app = Mainstay(metadata)
    role = app.role("blind")
    role.may("update", letters, columns=["body"])
    role.may("delete", letters, unfiltered=True)
    blind = table("letters", "blind", app)
    assert blind.actions == blind.unfiltered == {Action.DELETE}
    assert blind.updatable == ()
    assert blind.deletable


def test_what_one_of_two_rules_does_not_demand_is_not_required() -> None:
    metadata, letters, _ = desk()
    app = Mainstay(metadata)
    role = app.role("clerk")
    role.may("create", letters, columns=["body", "sealed"])
    role.may("create", letters, columns=["body"], presets={"sealed": "no"})
    clerk = table("letters", "clerk", app)
    assert clerk.creatable == ("body", "sealed")
    assert clerk.required == ("body",)


def test_a_description_is_of_one_schema_and_names_those_that_the_role_sees() -> None:
    metadata, letters, desks = desk()
    app = Mainstay(metadata)
    app.role("clerk").may("read", letters, columns="*").may("read", desks, columns="*")
    app.role("visitor").may("read", letters, columns="*")
    clerk = described("clerk", app)
    assert [each.table.name for each in clerk.tables] == ["letters"]
    assert sorted(clerk.schemas) == ["back", "public"]
    assert [each.target.name for each in clerk.tables[0].relations] == ["desks"]
    visitor = described("visitor", app)
    assert visitor.schemas == ("public",)
    assert visitor.tables[0].relations == ()


def test_another_schema_is_described_by_its_name() -> None:
    metadata, _, desks = desk()
    app = Mainstay(metadata)
    app.role("clerk").may("read", desks, columns="*")
    assert [each.table.name for each in described("clerk", app, "back").tables] == ["desks"]


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        described("owner", schema="attic")
    assert refused.value.code == "PGRST106"
