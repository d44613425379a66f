"""Which relation an embed means: by the model's name, the target table's, a constraint's or a key column's.

The rules are PostgREST's (https://docs.postgrest.org/en/v14/references/api/resource_embedding.html), with the model's
relationship names in front.
"""

from collections.abc import Iterable, Sequence

from mainstay.core.catalog import Relation, Table
from mainstay.core.problem import Problem
from mainstay.plan.view import View, nearest


def find_relation(view: View, table: Table, target: str, hint: str | None, where: str) -> Relation:
    """Raises PGRST200 where no visible relation fits, PGRST201 where several do."""
    return choose_relation([relation for _, relation in view.relations(table)], table, target, hint, where)


def find_passed(  # noqa: PLR0913 - what an embed says of its relation
    view: View, table: Table, target: str, hint: str | None, given: Iterable[str], *, where: str
) -> Relation:
    """As `find_relation`, and the function that gives the rows, if one does, can be passed what is `given`."""
    relation = find_relation(view, table, target, hint, where)
    if not relation.passing.takes(given):
        raise _unknown(table, target, hint, [], where)
    return relation


def choose_relation(visible: Sequence[Relation], table: Table, target: str, hint: str | None, where: str) -> Relation:
    """The one of the visible relations. Raises PGRST200 where none fits, PGRST201 where several do."""
    named = [relation for relation in visible if relation.name == target]
    fitting = [relation for relation in named if hint is None or _hinted(relation, hint)]
    if not fitting:
        fitting = [
            relation for relation in visible if _means(relation, target) and (hint is None or _hinted(relation, hint))
        ]
        # A table's own name means its children by a key, where it has such; PostgREST knows no others.
        fitting = [relation for relation in fitting if not _through_itself(relation)] or fitting
    if not fitting:
        raise _unknown(table, target, hint, visible, where)
    if len(fitting) > 1:
        raise _ambiguous(table, target, fitting, where)
    return fitting[0]


def _means(relation: Relation, target: str) -> bool:
    if relation.function is not None:  # which is meant by its name alone
        return False
    if target == relation.target.name:
        # A table's own name means its children: the parent is reached by the key's column, as in PostgREST.
        return relation.source != relation.target or not relation.outgoing
    if relation.to_view and relation.source != relation.target:
        return False
    if target == relation.constraint:
        return True
    return relation.outgoing and len(relation.pairs) == 1 and relation.pairs[0][0] == target


def _through_itself(relation: Relation) -> bool:
    return relation.name is None and relation.junction is not None and relation.source == relation.target


def _hinted(relation: Relation, hint: str) -> bool:
    if relation.function is not None or hint in (relation.name, relation.constraint):
        return True
    if relation.junction is not None:
        junction = relation.junction
        return hint in (junction.table.name, junction.source_constraint, junction.target_constraint)
    return len(relation.pairs) == 1 and hint in relation.pairs[0]


def _unknown(table: Table, target: str, hint: str | None, visible: Sequence[Relation], where: str) -> Problem:
    names = [relation.name or relation.target.name for relation in visible]
    near = nearest(target, names)
    using = f" using the hint '{hint}'" if hint else ""
    return Problem(
        "PGRST200",
        f"Could not find a relationship between '{table.name}' and '{target}' in the schema cache",
        details=(
            f"Searched for a foreign key relationship between '{table.name}' and '{target}'{using} "
            f"in the schema '{table.key.schema}', but no matches were found."
        ),
        hint=f"Perhaps you meant '{near}' instead of '{target}'." if near and near != target else None,
        where=where,
    )


def _ambiguous(table: Table, target: str, fitting: list[Relation], where: str) -> Problem:
    hints = [f"'{target}!{_hint_for(relation)}'" for relation in fitting]
    return Problem(
        "PGRST201",
        f"Could not embed because more than one relationship was found for '{table.name}' and '{target}'",
        details=[_describe(table, relation) for relation in fitting],
        hint=(
            f"Try changing '{target}' to one of the following: {', '.join(hints)}. "
            "Find the desired relationship in the 'details' key."
        ),
        where=where,
    )


def _hint_for(relation: Relation) -> str:
    if relation.junction is not None:
        return relation.name or relation.junction.table.name
    return relation.name or relation.constraint or relation.pairs[0][0 if relation.outgoing else 1]


def _describe(table: Table, relation: Relation) -> dict[str, str]:
    columns = ", ".join
    if relation.junction is not None:
        junction = relation.junction
        return {
            "cardinality": "many-to-many",
            "relationship": (
                f"{junction.table.name} using {junction.source_constraint or _names(junction.source_pairs)}"
                f"({columns(middle for _, middle in junction.source_pairs)}) and "
                f"{junction.target_constraint or _names(junction.target_pairs)}"
                f"({columns(middle for _, middle in junction.target_pairs)})"
            ),
            "embedding": f"{table.name} with {relation.target.name}",
        }
    return {
        "cardinality": _cardinality(table, relation),
        "relationship": (
            f"{relation.constraint or relation.name} using {table.name}({columns(a for a, _ in relation.pairs)}) and "
            f"{relation.target.name}({columns(b for _, b in relation.pairs)})"
        ),
        "embedding": f"{table.name} with {relation.target.name}",
    }


def _cardinality(table: Table, relation: Relation) -> str:
    if not relation.outgoing:
        return "one-to-one" if relation.to_one else "one-to-many"
    columns = {column for column, _ in relation.pairs}
    single = any(columns == set(unique) for unique in (table.primary_key, *table.unique))
    return "one-to-one" if single else "many-to-one"


def _names(pairs: tuple[tuple[str, str], ...]) -> str:
    return "_".join(middle for _, middle in pairs)
