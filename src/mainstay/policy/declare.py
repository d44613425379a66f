"""What a team writes: roles, and what each may do to which model.

Nothing is checked against a catalog here, and nothing is lowered; `check` does both when the app starts.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from mainstay.core.limits import OF_ROLES
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Action
from mainstay.core.tracking import Tracked
from mainstay.policy.claims import claim

__all__ = ["Excluding", "Grant", "Policies", "Role", "claim", "excluding"]

Name: TypeAlias = Any
"""A column: its name, or the model's attribute, or a Table's column."""


class Excluding(msgspec.Struct, frozen=True):
    """Every column but these."""

    names: tuple[Name, ...]


Columns: TypeAlias = str | Iterable[Name] | Excluding


class Grant(msgspec.Struct, frozen=True, eq=False):
    """One `may`, as it was written. `columns` None: not said."""

    actions: tuple[Action, ...]
    model: Any
    columns: str | tuple[Name, ...] | Excluding | None
    rows: Any = None
    presets: tuple[tuple[Name, Any], ...] = ()
    check: Any = None
    rows_max: int | None = None
    unfiltered: bool = False
    aggregates: bool = True


class CallGrant(msgspec.Struct, frozen=True, eq=False):
    """One function of a `may_call`, as it was written."""

    function: str
    presets: tuple[tuple[str, Any], ...] = ()
    unchanging: bool = False


class Role:
    """What one role may do; made by `Policies.role`."""

    def __init__(self, name: str, inherits: tuple[str, ...]) -> None:
        self.name = name
        self.inherits = inherits
        self.grants: list[Grant] = []
        self.calls: list[CallGrant] = []
        self.administered: list[Any] = []
        self.bounds: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Role {self.name!r}>"

    def may(  # noqa: PLR0913 - each says another thing about the same rule
        self,
        actions: str | Iterable[str],
        model: Any,
        *,
        columns: Columns | None = None,
        rows: Any = None,
        presets: Mapping[Any, Any] | None = None,
        check: Any = None,
        rows_max: int | None = None,
        unfiltered: bool = False,
        aggregates: bool = True,
    ) -> "Role":
        """Grant actions on a table. Gives the role, for the next `may`.

        `actions`: "read", "create", "update", "delete", "all", or several of them.
        `model`: a mapped class, a Table, or "schema.table".
        `columns`: "*", a list of names or attributes, or `excluding(...)`; only a delete goes without.
        `rows`: an expression over the model, for the rows to read, update or delete; None is every row. Or the same as
        data, as in a GraphQL `where`: {"owner": {"_eq": claim.sub}}; so may `check` be.
        `presets`: {column: claim or constant}, written whatever the payload says, if `columns` lets it say anything.
        `check`: what must hold of a row once written; an update without one must leave the row within `rows`.
        `rows_max`: rows of one read. `aggregates`: False keeps rows from being counted and summed in it.
        `unfiltered`: an update or delete may come without a filter.
        Raises DeclarationError for an unknown action; the rest is checked when the app starts.
        """
        self.grants.append(
            Grant(
                actions=_actions(actions, f"role {self.name!r}"),
                model=model,
                columns=_columns(columns),
                rows=rows,
                presets=tuple((presets or {}).items()),
                check=check,
                rows_max=rows_max,
                unfiltered=unfiltered,
                aggregates=aggregates,
            )
        )
        return self

    def limits(self, **bounds: int) -> "Role":
        """Give the role limits of its own, lower or higher than the settings': `limits(depth_max=3, rows_max=100)`.

        A role that inherits from it has them, too, unless it has its own. Raises DeclarationError for a limit that is
        none, or is not for roles.
        """
        where = f"role {self.name!r}"
        for name, value in bounds.items():
            if name not in OF_ROLES:
                raise DeclarationError(
                    f"{name!r} is no limit of roles", where=where, hint=f"one of {', '.join(OF_ROLES)}"
                )
            if type(value) is not int or value < 1:
                raise DeclarationError(f"{name} is {value!r}", where=where, hint="A limit is a whole number from 1.")
        self.bounds |= bounds
        return self

    def administers(self, *models: Any) -> "Role":
        """Let the role do everything that can be done to these tables, to all rows and columns, filtered or not.

        A model is said as in `may`. Raises DeclarationError where none is named; the rest is checked at the start.
        """
        if not models:
            raise DeclarationError("no table is named", where=f"role {self.name!r}", hint='administers("films")')
        self.administered += models
        return self

    def may_call(self, *functions: str, presets: Mapping[str, Any] | None = None, unchanging: bool = False) -> "Role":
        """Let the role call functions of the database: "schema.function", or "function" of the first schema.

        All overloads of a name are meant. `presets`: {argument: claim or constant}, passed whoever calls; a caller
        can't give such an argument, and overloads without it are not granted. `claim` itself is all of the claims, as
        JSON. `unchanging`: only where it can't change the database. Rows of a table that a function returns are subject
        to the role's rules for that table; whatever else it returns the role sees. Whether the function is there is
        checked when the app starts.
        """
        if not functions or not all(isinstance(function, str) for function in functions):
            raise DeclarationError("no function is named", where=f"role {self.name!r}", hint="may_call('add_them')")
        self.calls += [CallGrant(function, tuple((presets or {}).items()), unchanging) for function in functions]
        return self


class Policies:
    """All roles of an app, in the order of declaration."""

    def __init__(self) -> None:
        self.roles: dict[str, Role] = {}
        self.tracked: dict[str, Tracked] = {}

    def role(self, name: str, *, inherits: Sequence[str | Role] = ()) -> Role:
        """A new role, which may do all that the inherited ones may. Raises DeclarationError where the name is taken."""
        where = f"role {name!r}"
        if not isinstance(name, str) or not name:
            raise DeclarationError("a role needs a name", where=where, hint="app.role('clerk')")
        if name in self.roles:
            raise DeclarationError("is declared twice", where=where, hint="keep the first, and call may() on it")
        if isinstance(inherits, str | Role):
            inherits = (inherits,)
        role = Role(name, tuple(each.name if isinstance(each, Role) else each for each in inherits))
        self.roles[name] = role
        return role


def excluding(*names: Name) -> Excluding:
    """Every column but these, given as names or attributes."""
    return Excluding(names)


def _actions(said: str | Iterable[str], where: str) -> tuple[Action, ...]:
    known = {action.value: action for action in Action}
    names = (said,) if isinstance(said, str) else tuple(said)
    for name in names:
        if name != "all" and name not in known:
            raise DeclarationError(f"{name!r} is no action", where=where, hint=f"one of {', '.join(known)}, all")
    if not names:
        raise DeclarationError("no action is named", where=where, hint=f"one of {', '.join(known)}, all")
    return tuple(action for name, action in known.items() if name in names or "all" in names)


def _columns(said: Columns | None) -> str | tuple[Name, ...] | Excluding | None:
    if said is None or isinstance(said, str | Excluding):
        return said
    return tuple(said)
