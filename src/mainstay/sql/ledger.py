"""The table that remembers which requests were done, and its statements: lock, find, record.

It is Mainstay's own, in a schema of its own; no role sees it, and no request reaches it but by its own key.
"""

import functools
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSON
from sqlalchemy.dialects.postgresql import insert as insert_into

from mainstay.core.condition import Slot
from mainstay.core.statement import Column, Mode, Statement
from mainstay.sql.binds import Binds, Expression, Named, render

LEDGER = sa.MetaData(schema="mainstay")

REQUESTS = sa.Table(
    "idempotency",
    LEDGER,
    sa.Column("scope", sa.Text, primary_key=True, comment="Whose it is: a digest of role and claims"),
    sa.Column("key", sa.Text, primary_key=True, comment="The Idempotency-Key"),
    sa.Column("fingerprint", sa.Text, nullable=False, comment="A digest of the request"),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", JSON, nullable=False),
    sa.Column("body", BYTEA),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index("idempotency_created_at", "created_at"),
)

# Of the records that are past their time, each new one clears away so many.
CLEARED = 20

SCOPE, KEY, FINGERPRINT, STATUS, HEADERS, BODY = (Slot(index) for index in range(6))


class Ledger(msgspec.Struct, frozen=True):
    """`lock` has a row where nobody else is at the same request; `find` the record, if there is one; `record` makes it.

    Their binds are slots: scope, key, and for `record` fingerprint, status, headers, body.
    """

    lock: Statement
    find: Statement
    record: Statement


@functools.cache
def ledger_of(hours: int) -> Ledger:
    """The statements of a ledger that remembers for so long."""
    return Ledger(_lock(), _find(hours), _record(hours))


def _lock() -> Statement:
    """An advisory lock until the transaction's end: whatever ends the transaction, a crash too, gives it back."""
    binds = Binds()
    name = sa.func.concat(binds.text(SCOPE), sa.literal_column("' '"), binds.text(KEY))
    taken = sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, sa.literal_column("0")))
    return _statement(sa.select(sa.cast(taken, sa.Integer).label(Column.ROWS.value)), binds, Mode.READ)


def _find(hours: int) -> Statement:
    binds = Binds()
    kept = _key(binds), REQUESTS.c.created_at > _expiry(hours)
    found = sa.select(REQUESTS).where(*kept).subquery("found")
    names = ("fingerprint", "status", "headers")
    members: list[tuple[Expression, Expression]] = [(sa.literal_column(f"'{name}'"), found.c[name]) for name in names]
    head = sa.func.json_build_object(*(part for member in members for part in member))
    one = sa.select(sa.literal_column("1").label("one")).subquery("one")
    return _statement(
        sa.select(
            sa.cast(found.c.key.is_not(None), sa.Integer).label(Column.ROWS.value),
            found.c.body.label(Column.BODY.value),
            head.label(Column.KEY.value),
        ).select_from(one.outerjoin(found, sa.true())),
        binds,
        Mode.READ,
    )


def _record(hours: int) -> Statement:
    """One record, in the place of one that is past its time; a few others of those go as well."""
    binds = Binds()
    values: dict[str, Expression] = {
        "scope": binds.text(SCOPE),
        "key": binds.text(KEY),
        "fingerprint": binds.text(FINGERPRINT),
        "status": sa.cast(binds.text(STATUS), sa.Integer),
        "headers": sa.cast(binds.text(HEADERS), Named("json")),
        "body": sa.cast(binds.text(BODY), Named("bytea")),
    }
    insert: Any = insert_into(REQUESTS).from_select(
        list(values), sa.select(*(value.label(name) for name, value in values.items())), include_defaults=False
    )
    changed = {name: insert.excluded[name] for name in values if name not in ("scope", "key")}
    insert = insert.on_conflict_do_update(
        index_elements=["scope", "key"],
        set_={**changed, "created_at": sa.func.now()},
        where=REQUESTS.c.created_at <= _expiry(hours),
    )
    written = insert.returning(REQUESTS.c.key).cte("written")
    cleared = sa.delete(REQUESTS).where(_id().in_(_outdated(binds, hours))).returning(REQUESTS.c.key).cte("cleared")
    answer = sa.select(sa.func.count().label(Column.ROWS.value)).select_from(written).add_cte(cleared)
    return _statement(answer, binds, Mode.WRITE)


def _outdated(binds: Binds, hours: int) -> sa.Select[Any]:
    """Those that nobody is at; never the one that is being written, because no statement may touch a row twice."""
    return (
        sa.select(REQUESTS.c.scope, REQUESTS.c.key)
        .where(REQUESTS.c.created_at <= _expiry(hours), sa.not_(_key(binds)))
        .order_by(REQUESTS.c.created_at)
        .limit(sa.literal_column(str(CLEARED)))
        .with_for_update(skip_locked=True)
    )


def _id() -> Any:
    return sa.tuple_(REQUESTS.c.scope, REQUESTS.c.key)


def _key(binds: Binds) -> Expression:
    return sa.and_(REQUESTS.c.scope == binds.text(SCOPE), REQUESTS.c.key == binds.text(KEY))


def _expiry(hours: int) -> Expression:
    ago: Expression = sa.func.now() - sa.literal_column(f"INTERVAL '{int(hours)} hours'", sa.Interval())
    return ago


def _statement(select: sa.Select[Any], binds: Binds, mode: Mode) -> Statement:
    text, names = render(select)
    columns = tuple(Column(column.name) for column in select.selected_columns)
    return Statement(text=text, binds=binds.in_order(names), columns=columns, mode=mode)
