"""PostgreSQL through asyncpg: lanes, natural batching, and PostgreSQL's refusals as problems.

It runs statements as they are given; it never looks at a policy, a plan or a request.
"""

from mainstay.stores.postgres.lanes import PostgresSettings
from mainstay.stores.postgres.store import PostgresStore

__all__ = ["PostgresSettings", "PostgresStore"]
