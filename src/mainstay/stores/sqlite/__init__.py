"""SQLite through the standard library: one lane that writes, others that read, each a thread with its connection.

It runs statements as they are given; it never looks at a policy, a plan or a request.
"""

from mainstay.stores.sqlite.store import SQLiteSettings, SQLiteStore

__all__ = ["SQLiteSettings", "SQLiteStore"]
