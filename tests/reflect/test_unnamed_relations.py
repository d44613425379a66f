"""Relations that only foreign keys tell of."""

import sqlalchemy as sa

from mainstay.core.catalog import Catalog, Junction, Relation, TableKey
from mainstay.reflect.models import reflect_models

METADATA = sa.MetaData()
sa.Table("person", METADATA, sa.Column("id", sa.Integer, primary_key=True))
sa.Table(
    "film",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("director_id", sa.ForeignKey("person.id")),
    sa.Column("sequel_of", sa.ForeignKey("film.id"), unique=True),
)
sa.Table(
    "role",
    METADATA,
    sa.Column("film_id", sa.ForeignKey("film.id"), primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("name", sa.Text),
)
sa.Table(
    "review",  # its key is its own, so it is no junction
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("film_id", sa.ForeignKey("film.id")),
    sa.Column("person_id", sa.ForeignKey("person.id")),
)
sa.Table(
    "follows",
    METADATA,
    sa.Column("follower", sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("followed", sa.ForeignKey("person.id"), primary_key=True),
)


def key(name: str) -> TableKey:
    return TableKey("public", name)


def unnamed(catalog: Catalog, source: str, target: str) -> list[Relation]:
    return [relation for relation in catalog.tables[key(source)].relations if relation.target == key(target)]


def test_a_foreign_key_leads_both_ways() -> None:
    catalog = reflect_models(METADATA)
    assert unnamed(catalog, "review", "film") == [
        Relation(None, key("review"), key("film"), True, (("film_id", "id"),), constraint="review_film_id_fkey")
    ]
    back = Relation(
        None,
        key("film"),
        key("review"),
        to_one=False,
        pairs=(("id", "film_id"),),
        constraint="review_film_id_fkey",
        outgoing=False,
    )
    assert unnamed(catalog, "film", "review") == [back]


def test_a_unique_foreign_key_leads_back_to_one() -> None:
    there, back = unnamed(reflect_models(METADATA), "film", "film")
    assert (there.pairs, there.to_one, there.outgoing) == ((("sequel_of", "id"),), True, True)
    assert (back.pairs, back.to_one, back.outgoing) == ((("id", "sequel_of"),), True, False)


def test_a_part_of_a_key_leads_back_to_many() -> None:
    (back,) = unnamed(reflect_models(METADATA), "film", "role")
    assert not back.to_one


def test_two_foreign_keys_in_a_primary_key_make_a_junction() -> None:
    catalog = reflect_models(METADATA)
    (through,) = (relation for relation in unnamed(catalog, "film", "person") if relation.junction)
    assert through == Relation(
        None,
        key("film"),
        key("person"),
        to_one=False,
        junction=Junction(
            key("role"), (("id", "film_id"),), (("id", "person_id"),), "role_film_id_fkey", "role_person_id_fkey"
        ),
        outgoing=False,
    )


def test_a_junction_of_a_table_with_itself_leads_both_ways() -> None:
    junctions = [relation.junction for relation in unnamed(reflect_models(METADATA), "person", "person")]
    pairs = [(junction.source_pairs, junction.target_pairs) for junction in junctions if junction]
    follower, followed = (("id", "follower"),), (("id", "followed"),)
    assert pairs == [(follower, followed), (followed, follower)]


def test_a_foreign_key_to_a_table_that_is_not_handed_over_is_left_out() -> None:
    catalog = reflect_models([METADATA.tables["review"], METADATA.tables["person"]])
    assert [relation.target for relation in catalog.tables[key("review")].relations] == [key("person")]
