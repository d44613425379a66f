"""Requests that have their effect once, however often they are sent.

What was answered is recorded in the transaction that did it: what is recorded was done, and what was done is recorded,
whichever process dies when. What failed was rolled back and is not recorded: asked again, it is tried again.
"""

from hashlib import blake2b

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.once import Once
from mainstay.core.ports import Transaction
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.sql.ledger import Ledger

# What a token says anew each time that it is issued (RFC 7519, 4.1); the rest is who its bearer is.
OF_THE_TOKEN = frozenset({"exp", "iat", "nbf", "jti"})
# Of a table or schema: not there, or not for the server; and of a store that has no words for it.
UNUSABLE = frozenset({"42P01", "3F000", "42501", "MS495"})
TAKEN = frozenset({"23505", "40001"})
RETRY_AFTER_S = 1


class Head(msgspec.Struct, frozen=True):
    """What is kept of an answer, but for its body."""

    fingerprint: str
    status: int
    headers: list[tuple[str, str]]


class Records:
    """One request's place in the ledger, within the transaction that does it. The server's own, and never a role's."""

    def __init__(self, transaction: Transaction, ledger: Ledger, once: Once, principal: Principal) -> None:
        self._transaction = transaction
        self._ledger = ledger
        self._once = once
        self._key = [scope_of(principal), once.key]

    async def known(self) -> Response | None:
        """What the request was answered with before; None where it is new, and then nobody else is at it.

        Raises MS480 where the key was another request's, MS481 where somebody is at it, MS482 without a ledger.
        """
        locked = await self._run(self._ledger.lock, self._key)
        if not locked.rows:
            raise _in_flight()
        found = await self._run(self._ledger.find, self._key)
        return _replay(found, self._once) if found.rows else None

    async def keep(self, response: Response) -> None:
        """Raises MS481 where another transaction kept one meanwhile."""
        headers = msgspec.json.encode(response.headers).decode()
        body = None if response.body is None else f"\\x{response.body.hex()}"
        binds = [*self._key, self._once.fingerprint, str(response.status), headers, body]
        kept = await self._run(self._ledger.record, binds)
        if not kept.rows:
            raise _in_flight()

    async def _run(self, statement: Statement, binds: list[str | None] | list[str]) -> Result:
        try:
            return await self._transaction.execute(statement, binds)
        except Problem as problem:
            if problem.code in UNUSABLE:
                raise _no_ledger() from None
            if problem.code in TAKEN:
                raise _in_flight() from None
            raise


def scope_of(principal: Principal) -> str:
    """Whose keys they are: of those whose tokens say the same of them, so that nobody has another's answer."""
    claims = {name: value for name, value in principal.claims.items() if name not in OF_THE_TOKEN}
    who = msgspec.json.encode([principal.role, principal.anonymous, claims], order="deterministic")
    return blake2b(who, digest_size=16).hexdigest()


def _replay(found: Result, once: Once) -> Response:
    head = msgspec.json.decode(found.key or b"", type=Head)
    if head.fingerprint != once.fingerprint:
        raise Problem(
            "MS480",
            "This Idempotency-Key was another request's",
            details="Method, path, query, body, or a header that matters differs from the first one's",
            hint="Send a new key with each new request.",
            where="Idempotency-Key",
        )
    return Response(head.status, head.headers, found.body)


def _in_flight() -> Problem:
    return Problem(
        "MS481",
        "A request with this Idempotency-Key is being answered",
        hint="Try again in a moment, with the same key.",
        where="Idempotency-Key",
        retry_after_s=RETRY_AFTER_S,
    )


def _no_ledger() -> Problem:
    return Problem(
        "MS482",
        "This server can't keep an Idempotency-Key",
        details="The database has no table mainstay.idempotency that the server may use",
        hint="Leave the header out, or have the table created.",
        where="Idempotency-Key",
    )
