"""What a database's refusal may tell the caller: no name and no value of what the role can't see.

PostgreSQL's messages quote constraints, columns and whole rows ("Failing row contains …"), because it takes the
caller for the table's owner.
"""

import msgspec

from mainstay.core.catalog import Catalog, Table
from mainstay.core.condition import TRUE, Field
from mainstay.core.problem import Problem, Refusal
from mainstay.core.rule import Action
from mainstay.plan.view import Policy, known_columns

_GENERAL = {
    "23502": "null value violates not-null constraint",
    "23503": "the write violates a foreign key constraint",
    "23505": "duplicate key value violates unique constraint",
    "23514": "new row violates a check constraint",
    "23P01": "conflicting key value violates an exclusion constraint",
}


# A column or table that the database lacks, or may not be used there: of the statement, not of the request.
_MISSING = {"42501", "42702", "42703", "42P01", "3F000"}


def disclosed(refusal: Refusal, catalog: Catalog, policy: Policy, role: str) -> Problem:
    """The refusal as it is where nothing in it is hidden from the role, else its code and a general message."""
    if policy.defers:
        return refusal
    if refusal.code in _MISSING:
        return Problem(refusal.code, "the database lacks something that the statement names, or does not allow it")
    if refusal.code[:2] == "22" and _computes(catalog, policy, role):
        return Problem(refusal.code, "a value can't be read or computed")
    return _of_write(refusal, catalog, policy, role) if refusal.code[:2] == "23" else refusal


def _of_write(refusal: Refusal, catalog: Catalog, policy: Policy, role: str) -> Problem:
    """A refusal for a constraint's sake.

    The message names the constraint: it stays where the role reads every column of the tables. The details hold values,
    of rows that were written and rows that were there: they stay where the role also reads every row.
    """
    tables = [table for table in catalog.tables.values() if table.name == refusal.table]
    concerned = _concerned(refusal, catalog, tables)
    if concerned and all(_sees_columns(policy, role, table) for table in concerned):
        if all(_sees_rows(policy, role, table) for table in concerned):
            return refusal
        return Problem(refusal.code, refusal.message, where="body")
    known = bool(tables) and all(refusal.column in known_columns(policy, role, table) for table in tables)
    message = refusal.message if known else _GENERAL.get(refusal.code, "the write violates a constraint")
    return Problem(refusal.code, message, where="body")


def _computes(catalog: Catalog, policy: Policy, role: str) -> bool:
    """True where a rule casts a column or names a computed one: this may fail on, and quote, what the rule hides."""
    computed = {
        column.name for table in catalog.tables.values() for column in table.columns.values() if column.computed
    }
    rules = (rule for key in catalog.tables for action in Action for rule in policy.rules(role, action, key))
    return any(_names(part, computed) for rule in rules for part in (rule.rows, rule.check))


def _names(node: object, computed: set[str]) -> bool:
    if isinstance(node, Field):
        return node.cast is not None or node.column in computed
    if isinstance(node, tuple):
        return any(_names(part, computed) for part in node)
    return isinstance(node, msgspec.Struct) and any(
        _names(getattr(node, name), computed) for name in node.__struct_fields__
    )


def _concerned(refusal: Refusal, catalog: Catalog, tables: list[Table]) -> list[Table]:
    """The tables that the refusal may speak of: a foreign key's names the other table too. None where it is unknown."""
    if refusal.code != "23503":
        return tables
    ends = [relation for table in tables for relation in table.relations if relation.constraint == refusal.constraint]
    return [*tables, *(catalog.tables[relation.target] for relation in ends)] if ends else []


def _sees_columns(policy: Policy, role: str, table: Table) -> bool:
    """Whether the role reads every column in each row that it reads."""
    reading = policy.reading(role, table.key)
    plain = {name for name, column in table.columns.items() if not column.computed}
    return reading is not None and all(name in reading.masks and reading.masks[name] is None for name in plain)


def _sees_rows(policy: Policy, role: str, table: Table) -> bool:
    reading = policy.reading(role, table.key)
    return reading is not None and reading.rows == TRUE
