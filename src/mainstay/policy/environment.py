"""Who a statement runs as in the database, and what code there may ask about the request.

In policy mode that is nobody in particular: the statement holds the policy. In database mode the caller's role and
claims are handed to the database, whose grants and row-level security decide. This room hands over; it judges nothing.
"""

from collections.abc import Collection, Mapping

import msgspec

from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Operation
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem

CLAIMS = "request.jwt.claims"
ISOLATION = "default_transaction_isolation"
NAME_BYTES_MAX = 63  # https://www.postgresql.org/docs/current/sql-syntax-lexical.html
RESPONSE = (("response.status", ""), ("response.headers", ""))

Settings = tuple[tuple[str, str], ...]

encode = msgspec.json.Encoder().encode


class Impersonation(msgspec.Struct, frozen=True):
    """How callers reach the database.

    `search_paths` are by schema. `mentioned` are the settings that code in the database may look at, None: all of
    them. `role_settings` are what the database keeps for a role (`ALTER ROLE … SET …`); `before` is a statement that
    runs first in each transaction. `answers`: code in the database may choose status and headers of an answer.
    """

    search_paths: Mapping[str | None, str]
    mentioned: Collection[str] | None = None
    role_settings: Mapping[str, Settings] = {}
    before: str | None = None
    answers: bool = False

    def environment(
        self, principal: Principal, asked: Settings, schema: str | None = None, own: Settings = ()
    ) -> Environment:
        """What an operation of the principal runs under.

        `asked` are the request's settings, `own` those of the function that it calls. Raises 22023 for no role.
        """
        require_role(principal.role)
        kept = (*self.role_settings.get(principal.role, ()), *own)
        alone = bool(kept or self.before or self.answers or any("." not in name for name, _ in asked))
        settings = (
            ("search_path", self.search_paths[schema]),
            *self._claims(principal),
            *asked,
            *(RESPONSE if self.answers else ()),
            *((name, value) for name, value in kept if name != ISOLATION),
        )
        return Environment(principal.role, settings, self.before, _isolation(kept), transaction=alone)

    def _claims(self, principal: Principal) -> Settings:
        if not is_mentioned(CLAIMS, self.mentioned):
            return ()
        return ((CLAIMS, encode({**principal.claims, "role": principal.role}).decode()),)


def require_role(name: str) -> None:
    """Raises 22023 for what PostgreSQL would not take for the name of one role.

    `none` gives a role up, which leaves the one that the server connects as; a longer name is cut to another's.
    """
    if name == "none" or len(name.encode()) > NAME_BYTES_MAX:
        raise Problem("22023", f'role "{name}" does not exist', where="role")


def is_mentioned(name: str, mentioned: Collection[str] | None) -> bool:
    """Whether code in the database may look at the setting: by its name, or by one that is put together."""
    return mentioned is None or any(name.startswith(each) or each.startswith(name) for each in mentioned)


def plain_environment(operation: Operation, own: Settings) -> Environment:
    """Policy mode: what the request itself set, if anything, and the settings of the function that it calls."""
    if not operation.settings and not own:
        return NONE
    settings = (*operation.settings, *((name, value) for name, value in own if name != ISOLATION))
    return Environment(settings=settings, isolation=_isolation(own), transaction=True)


def _isolation(settings: Settings) -> Isolation | None:
    found = [value for name, value in settings if name == ISOLATION]
    return Isolation(found[-1].lower()) if found else None
