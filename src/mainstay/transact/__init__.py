"""What takes more than one statement: a write under a precondition.

Each operation in a transaction goes through the corridor as it would by itself; nothing here plans or compiles.
"""
