"""What can be done with a table: as far as the table itself admits it, and the role's policy."""

from mainstay.core.catalog import Table
from mainstay.core.operation import TableRef
from mainstay.core.rule import Action
from mainstay.plan.view import View


def possible(view: View, ref: TableRef) -> tuple[Table, frozenset[Action]]:
    """The table, and what the role may try there. Raises PGRST205 and PGRST106."""
    table = view.table(ref)
    admitted = {
        Action.READ: True,
        Action.CREATE: table.insertable,
        Action.UPDATE: table.updatable,
        Action.DELETE: table.deletable,
    }
    able = {action for action, said in admitted.items() if (table.writable if said is None else said)}
    return table, view.policy.actions(view.role, table.key) & able
