"""Relations that the models name: a relationship → the pairs of columns that tie two tables, or a junction.

Only joins by equality of columns become relations, because a relation promises that its pairs are all there is to
it: one that also filters would show rows that the model hides. Those are refused, never approximated.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, Grouping

from mainstay.core.catalog import Junction, Relation, TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.keys import ForeignKey, Pairs, key_of

ForeignKeys: TypeAlias = dict[TableKey, list[ForeignKey]]
Relationship: TypeAlias = RelationshipProperty[Any]
Join: TypeAlias = sa.ClauseElement
ColumnPairs: TypeAlias = Sequence[tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]]


def named_relations(mapper: Mapper[Any], known: ForeignKeys) -> Iterator[Relation]:
    """Those of the class itself whose target is declared too, in order of declaration."""
    for relationship in mapper.relationships:
        hidden = relationship.info.get("mainstay") is False
        if relationship.parent is not mapper or hidden or not _targets(relationship) & known.keys():
            continue
        if relationship.secondaryjoin is None:
            yield _direct(relationship, relationship.primaryjoin, known)
        else:
            yield _through_junction(relationship, relationship.primaryjoin, relationship.secondaryjoin, known)


def _targets(relationship: Relationship) -> set[TableKey]:
    return {key_of(table) for table in relationship.mapper.tables if isinstance(table, sa.Table)}


def _direct(relationship: Relationship, join: Join, known: ForeignKeys) -> Relation:
    pairs = relationship.local_remote_pairs or []
    _require_plain(relationship, join, pairs)
    source = _table(relationship, [local for local, _ in pairs])
    target = _table(relationship, [remote for _, remote in pairs])
    names = _names(pairs)
    outgoing = relationship.direction is RelationshipDirection.MANYTOONE
    ends = (source, target, names) if outgoing else (target, source, _turned(names))
    _require_whole_table(relationship, target)
    return Relation(
        name=relationship.key,
        source=key_of(source),
        target=key_of(target),
        to_one=not relationship.uselist,
        pairs=names,
        constraint=_constraint(known, *ends),
        outgoing=outgoing,
    )


def _through_junction(relationship: Relationship, near_join: Join, far_join: Join, known: ForeignKeys) -> Relation:
    near, far = relationship.synchronize_pairs or [], relationship.secondary_synchronize_pairs or []
    _require_plain(relationship, near_join, near)
    _require_plain(relationship, far_join, far)
    source = _table(relationship, [column for column, _ in near])
    target = _table(relationship, [column for column, _ in far])
    middle = _table(relationship, [column for _, column in (*near, *far)])
    _require_whole_table(relationship, target)
    return Relation(
        name=relationship.key,
        source=key_of(source),
        target=key_of(target),
        to_one=not relationship.uselist,
        junction=Junction(
            table=key_of(middle),
            source_pairs=_names(near),
            target_pairs=_names(far),
            source_constraint=_constraint(known, middle, source, _turned(_names(near))),
            target_constraint=_constraint(known, middle, target, _turned(_names(far))),
        ),
        outgoing=False,
    )


def _require_plain(relationship: Relationship, join: Join, pairs: ColumnPairs) -> None:
    """The join is the pairs' equalities and nothing else."""
    terms = {_equality(term) for term in _conjuncts(join)}
    if None in terms or terms != {frozenset(pair) for pair in _names_with_tables(pairs)}:
        raise _refusal(
            relationship,
            f"its join is more than columns that are equal: {join}",
        )


def _conjuncts(join: Join) -> Iterator[Join]:
    if isinstance(join, Grouping):
        yield from _conjuncts(cast("Join", join.element))
    elif isinstance(join, BooleanClauseList) and join.operator is operators.and_:
        for clause in cast("list[Join]", join.clauses):
            yield from _conjuncts(clause)
    else:
        yield join


def _equality(term: Join) -> frozenset[str] | None:
    if not isinstance(term, BinaryExpression) or term.operator is not operators.eq:
        return None
    if not isinstance(term.left, sa.Column) or not isinstance(term.right, sa.Column):
        return None
    return frozenset((str(term.left), str(term.right)))


def _names_with_tables(pairs: ColumnPairs) -> Iterator[tuple[str, str]]:
    for left, right in pairs:
        yield str(left), str(right)


def _table(relationship: Relationship, columns: list[sa.ColumnElement[Any]]) -> sa.Table:
    tables = {column.table for column in columns if isinstance(column, sa.Column)}
    if len(tables) != 1 or not isinstance(table := tables.pop(), sa.Table):
        raise _refusal(relationship, "one of its ends is not a single table")
    return table


def _require_whole_table(relationship: Relationship, target: sa.Table) -> None:
    """Rows of a subclass that shares its parent's table can't be told from the others by columns alone."""
    mapper = relationship.mapper
    if relationship.entity.is_aliased_class or mapper.local_table is not target or (mapper.single and mapper.inherits):
        raise _refusal(relationship, f"only some rows of '{target.name}' are of class {mapper.class_.__name__}")


def _refusal(relationship: Relationship, what: str) -> DeclarationError:
    return DeclarationError(
        f"this relationship can't be served as it is: {what}",
        where=f"{relationship.parent.class_.__name__}.{relationship.key}",
        hint=(
            "join by equal columns and leave the rest to a policy or a filter, relate to a view that holds the "
            "condition, or keep it out with relationship(..., info={'mainstay': False})"
        ),
    )


def _names(pairs: ColumnPairs) -> Pairs:
    return tuple((str(left.name), str(right.name)) for left, right in pairs)


def _turned(pairs: Pairs) -> Pairs:
    return tuple((right, left) for left, right in pairs)


def _constraint(known: ForeignKeys, source: sa.Table, target: sa.Table, pairs: Pairs) -> str | None:
    """The name of the foreign key that says the same, where there is one."""
    for key in known.get(key_of(source), []):
        if key.target == key_of(target) and set(key.pairs) == set(pairs):
            return key.name
    return None
