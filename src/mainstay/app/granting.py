"""What the database grants to a role, asked once for each catalog: for documents and hints, never for a decision."""

from mainstay.app.served import Served
from mainstay.cache.bounded import Bounded
from mainstay.core.ports import Store
from mainstay.plan.view import Policy
from mainstay.policy.granted import Granted
from mainstay.stores.postgres import PostgresStore

ROLES_MAX = 100


class Granting:
    """Gives the policy by which to speak to a role of what is there."""

    def __init__(self, served: Served, store: Store, *, unfiltered: bool) -> None:
        self._served = served
        self._store = store
        self._unfiltered = unfiltered
        self._known: Bounded[str, Policy] = Bounded(ROLES_MAX)

    async def __call__(self, role: str) -> Policy:
        """The rules where there are any, else the database's grants. Raises as the store does."""
        served = self._served
        if not served.policy.defers or not isinstance(self._store, PostgresStore):
            return served.policy
        known = self._known.get(role)
        if known is None:
            grants = await self._store.grants(role, served.catalog.schemas)
            known = Granted(served.catalog, grants, unfiltered=self._unfiltered)
            self._known.put(role, known)
        return known
