"""The nouns that travel the corridor: frozen, hashable where they are keys, free of I/O.

Everyone may import them; they import nothing of ours and no library but msgspec.
"""
