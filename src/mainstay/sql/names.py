"""Names from the settings as SQL text, quoted: what is not part of a plan."""

from mainstay.sql.binds import DIALECT


def quoted(name: str) -> str:
    return str(DIALECT.identifier_preparer.quote(name))


def search_path_text(schema: str, extra: tuple[str, ...]) -> str:
    """The value of `search_path` for requests that mean the schema, each name quoted as PostgREST has it."""
    quote = DIALECT.identifier_preparer.quote_identifier
    return ", ".join(quote(name) for name in dict.fromkeys((schema, *extra)))


def call_text(function: str) -> str:
    """A statement that calls the function `schema.name`, or one that is on the search path, without arguments."""
    return f"SELECT {'.'.join(quoted(part) for part in function.split('.', 1))}()"
