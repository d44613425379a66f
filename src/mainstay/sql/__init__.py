"""The room where a plan becomes SQL text: SQLAlchemy Core writes every piece of it.

In comes a plan, out goes a Statement: text, and where its binds come from. It runs nothing and knows no values.
"""

from mainstay.sql.statement import compile_plan

__all__ = ["compile_plan"]
