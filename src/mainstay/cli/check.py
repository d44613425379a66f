"""`mainstay check`: whether a declaration holds together, and what it would serve to whom."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.app import Mainstay
    from mainstay.core.catalog import Table


def check(app: str = "app.py", /) -> None:
    """Check the declaration and print what would be served: each role's tables and actions.

    Parameters
    ----------
    app
        Where the app is: a file, or module:attribute.
    """
    from mainstay.cli.asking import role_names
    from mainstay.cli.loading import find_target, load_app, load_catalog
    from mainstay.cli.pretty import table

    target = find_target(app)
    served = load_app(target)
    load_catalog(served)
    tables, roles = served.catalog.named, role_names(served)
    parts = [
        f"{target} holds together: {len(tables)} tables, {len(roles)} roles, served at {served.settings.rest_prefix}"
    ]
    for role in roles:
        lines = [line for found in tables.values() if (line := _line(served, role, found))]
        parts.append(f"{role}\n{table(lines) if lines else '  nothing'}")
    unseen = [str(key) for key in tables if not any(served.policy.actions(role, key) for role in roles)]
    if unseen:
        parts.append(f"served to nobody: {', '.join(unseen)}")
    print("\n\n".join(parts))


def _line(app: "Mainstay", role: str, table: "Table") -> tuple[str, ...] | None:
    """The table's name, what the role may do, and how much of it the role reads; None where it may do nothing."""
    from mainstay.core.condition import TRUE
    from mainstay.core.rule import Action

    allowed = app.policy.actions(role, table.key)
    if not allowed:
        return None
    actions = ", ".join(action.value for action in Action if action in allowed)
    reading = app.policy.reading(role, table.key)
    if reading is None:
        return (str(table.key), actions, "")
    columns = f"{len(reading.masks)} of {len(table.columns)} columns"
    return (str(table.key), actions, columns if reading.rows == TRUE else f"{columns}, some rows")
