"""All policies of an app, ready to be asked: what may this role do to this table, and what does it see of it.

Made once at start-up and never changed; answers depend on the role and the table alone, so they are kept.
"""

import hashlib
from collections.abc import Iterable

from mainstay.core.catalog import Catalog, FunctionKey, Table, TableKey
from mainstay.core.condition import FALSE, TRUE, Condition, either
from mainstay.core.rule import Action, Presets, Reading, Rule
from mainstay.policy.calls import Calls, calls_of
from mainstay.policy.check import lineage, require_hierarchy, rules_of
from mainstay.policy.declare import Policies

Key = tuple[str, TableKey]


class Policy:
    """The rules of every role, its own and inherited. A role that nobody declared may do nothing.

    `version` differs where any rule does. Raises DeclarationError for whatever does not hold together.
    """

    defers = False

    def __init__(self, catalog: Catalog, declared: Policies) -> None:
        require_hierarchy(declared.roles)
        own = {name: rules_of(role, catalog) for name, role in declared.roles.items()}
        self.roles: tuple[str, ...] = tuple(own)
        self._rules: dict[str, dict[tuple[Action, TableKey], tuple[Rule, ...]]] = {
            name: _by_table([rule for each in lineage(name, declared.roles) for rule in own[each]]) for name in own
        }
        self._readings: dict[Key, Reading] = {
            (role, table): _reading(rules, catalog.tables[table])
            for role, by_table in self._rules.items()
            for (action, table), rules in by_table.items()
            if action is Action.READ
        }
        self._actions: dict[Key, frozenset[Action]] = {
            (role, table): actions
            for role, by_table in self._rules.items()
            for table, actions in _actions(by_table).items()
        }
        self._visible = {
            role: tuple(table for table in catalog.tables if (role, table) in self._actions) for role in self.roles
        }
        calls = {name: calls_of(role, catalog) for name, role in declared.roles.items()}
        self._calls: dict[str, Calls] = {name: _first(calls, lineage(name, declared.roles)) for name in calls}
        self.version = _version(self._rules, self._calls)

    def rules(self, role: str, action: Action, table: TableKey) -> tuple[Rule, ...]:
        """The role's own rules, then the inherited ones in order, each once."""
        return self._rules.get(role, {}).get((action, table), ())

    def reading(self, role: str, table: TableKey) -> Reading | None:
        """What the role sees of the table, all its rules joined; None where it may read nothing of it."""
        return self._readings.get((role, table))

    def visible(self, role: str) -> tuple[TableKey, ...]:
        """The tables that the role may do anything to, in the catalog's order."""
        return self._visible.get(role, ())

    def actions(self, role: str, table: TableKey) -> frozenset[Action]:
        """What the role may do to the table, to some rows and columns of it."""
        return self._actions.get((role, table), frozenset())

    def may_call(self, role: str, function: FunctionKey) -> bool:
        """Whether the role, or one that it inherits, may call the database's function."""
        return function in self._calls.get(role, ())

    def presets(self, role: str, function: FunctionKey) -> Presets:
        """The arguments that the policy itself passes to the function."""
        return self._calls.get(role, {}).get(function, ())


def _first(calls: dict[str, Calls], roles: tuple[str, ...]) -> Calls:
    """The grants of the roles, the first one of each function."""
    found: Calls = {}
    for role in reversed(roles):
        found |= calls[role]
    return found


def _by_table(rules: list[Rule]) -> dict[tuple[Action, TableKey], tuple[Rule, ...]]:
    found: dict[tuple[Action, TableKey], dict[Rule, None]] = {}
    for rule in rules:
        found.setdefault((rule.action, rule.table), {})[rule] = None
    return {key: tuple(each) for key, each in found.items()}


def _actions(rules: Iterable[tuple[Action, TableKey]]) -> dict[TableKey, frozenset[Action]]:
    found: dict[TableKey, set[Action]] = {}
    for action, table in rules:
        found.setdefault(table, set()).add(action)
    return {table: frozenset(actions) for table, actions in found.items()}


def _reading(rules: tuple[Rule, ...], table: Table) -> Reading:
    """Rows by OR; each column in the rows of the rules that grant it."""
    granted: dict[Condition, frozenset[str]] = {}
    for rule in rules:
        granted[rule.rows] = granted.get(rule.rows, frozenset()) | rule.columns
    readable = [name for name in table.columns if any(name in columns for columns in granted.values())]
    return Reading(
        rows=either(*granted),
        masks={name: _mask(name, granted) for name in readable},
        rows_max=_rows_max(rules),
        aggregates=any(rule.aggregates for rule in rules),
    )


def _mask(column: str, granted: dict[Condition, frozenset[str]]) -> Condition | None:
    """Where the column shows: None in every visible row, which is so where whatever shows a row grants it."""
    if all(column in columns for rows, columns in granted.items() if rows != FALSE):
        return None
    shown = either(*(rows for rows, columns in granted.items() if column in columns))
    return None if shown == TRUE else shown


def _rows_max(rules: tuple[Rule, ...]) -> int | None:
    bounds = [rule.rows_max for rule in rules]
    return None if None in bounds else max(bound for bound in bounds if bound is not None)


def _version(rules: dict[str, dict[tuple[Action, TableKey], tuple[Rule, ...]]], calls: dict[str, Calls]) -> int:
    """A digest of all rules, the same in every process that declares the same."""
    digest = hashlib.blake2b(digest_size=8)
    for role, by_table in sorted(rules.items()):
        for each in by_table.values():
            for rule in each:
                digest.update(repr((role, sorted(rule.columns), _but_columns(rule))).encode())
    for role, functions in sorted(calls.items()):
        digest.update(repr((role, sorted((str(key), presets) for key, presets in functions.items()))).encode())
    return int.from_bytes(digest.digest(), "big")


def _but_columns(rule: Rule) -> tuple[object, ...]:
    fields = (name for name in rule.__struct_fields__ if name != "columns")
    return tuple(getattr(rule, name) for name in fields)
