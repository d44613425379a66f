"""SQL on several lines, for reading: each clause of each SELECT begins one, as far in as the SELECT is nested.

It knows quotes, parentheses and a few keywords, and changes nothing but white space outside of quotes.
"""

import re

PIECE = re.compile(r"(\s*)('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(),]|[^\s'\"(),]+)")
CLAUSES = frozenset({"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "JOIN", "LEFT", "UNION"})
CLAUSES |= {"RETURNING", "SET", "VALUES", "ON"}
STATEMENTS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES"})
INDENT = "  "


def layout(text: str) -> str:
    """The statement, laid out."""
    found = PIECE.findall(text)
    pieces = ["", *(piece for _, piece in found), ""]  # so that each has one before and one after it
    written = ""
    nested: list[bool] = []  # for each open parenthesis: whether a statement is in it
    for place, (space, piece) in enumerate(found, 1):
        closes_statement = piece == ")" and bool(nested) and nested.pop()
        begins = (not nested or nested[-1]) and _begins_clause(pieces[place - 1], piece, pieces[place + 1])
        opened = pieces[place - 1] == "(" and piece in STATEMENTS
        if closes_statement or opened or (begins and written):
            written = f"{written.rstrip()}\n{INDENT * sum(nested)}"
        elif space and not written.endswith(" "):
            written += " "
        written += piece
        if piece == "(":
            nested.append(pieces[place + 1] in STATEMENTS)
    return written.strip()


def _begins_clause(before: str, piece: str, after: str) -> bool:
    """LEFT JOIN is one clause; ON belongs to its JOIN; ON CONFLICT, GROUP BY and ORDER BY begin one."""
    if piece not in CLAUSES:
        return False
    match piece:
        case "JOIN":
            return before not in {"LEFT", "OUTER", "INNER", "CROSS", "FULL", "RIGHT"}
        case "ON":
            return after == "CONFLICT"
        case "FROM":
            return before != "DISTINCT"  # IS DISTINCT FROM
        case "SET":
            return before != "UPDATE"  # DO UPDATE SET
        case "LEFT":
            return after in {"OUTER", "JOIN"}
        case _:
            return True
