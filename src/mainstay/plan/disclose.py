"""What a database's refusal may tell the caller: no name and no value of what the role can't see.

PostgreSQL's messages quote constraints, columns and whole rows ("Failing row contains …"), because it takes the
caller for the table's owner.
"""

from mainstay.core.catalog import Catalog, Table
from mainstay.core.problem import Problem, Refusal
from mainstay.core.rule import Action
from mainstay.plan.view import Policy

_GENERAL = {
    "23502": "null value violates not-null constraint",
    "23503": "the write violates a foreign key constraint",
    "23505": "duplicate key value violates unique constraint",
    "23514": "new row violates a check constraint",
    "23P01": "conflicting key value violates an exclusion constraint",
}


def disclosed(refusal: Refusal, catalog: Catalog, policy: Policy, role: str) -> Problem:
    """The refusal as it is where the role reads every column of the table, else its code and a general message."""
    if refusal.code[:2] != "23":
        return refusal
    table = next((table for table in catalog.tables.values() if table.name == refusal.table), None)
    if table is not None and _sees_all(policy, role, table) and _sees_others(refusal, catalog, policy, role, table):
        return refusal
    known = table is not None and refusal.column is not None and refusal.column in _seen(policy, role, table)
    message = refusal.message if known else _GENERAL.get(refusal.code, "the write violates a constraint")
    return Problem(refusal.code, message, where="body")


def _seen(policy: Policy, role: str, table: Table) -> set[str]:
    reading = policy.reading(role, table.key)
    names = set(reading.masks) if reading else set()
    for action in (Action.CREATE, Action.UPDATE):
        for rule in policy.rules(role, action, table.key):
            names |= rule.columns
    return names


def _sees_all(policy: Policy, role: str, table: Table) -> bool:
    reading = policy.reading(role, table.key)
    plain = {name for name, column in table.columns.items() if column.expression is None}
    return reading is not None and all(name in reading.masks and reading.masks[name] is None for name in plain)


def _sees_others(refusal: Refusal, catalog: Catalog, policy: Policy, role: str, table: Table) -> bool:
    """A foreign key's refusal names the other table too; its rows may be ones that the role can't see."""
    if refusal.code != "23503":
        return True
    others = {relation.target for relation in table.relations if relation.constraint == refusal.constraint}
    return bool(others) and all(_sees_all(policy, role, catalog.tables[key]) for key in others)
