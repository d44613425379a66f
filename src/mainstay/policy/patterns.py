"""SQLAlchemy's ways to match text → one LIKE pattern with the backslash as its escape, PostgreSQL's default."""


def like_pattern(pattern: str, escape: str | None) -> str:
    """The same pattern, escaped by backslashes whatever it was escaped by. Raises ValueError where it ends escaped.

    https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-LIKE
    """
    if escape in (None, "\\"):
        return _whole(pattern)
    if escape == "":
        return pattern.replace("\\", "\\\\")
    rewritten: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            follower = next(characters, None)
            if follower is None:
                raise ValueError(f"the pattern {pattern!r} ends with its escape character")
            rewritten.append(follower if follower not in "%_\\" else f"\\{follower}")
        else:
            rewritten.append("\\\\" if character == "\\" else character)
    return "".join(rewritten)


def _whole(pattern: str) -> str:
    trailing = len(pattern) - len(pattern.rstrip("\\"))
    if trailing % 2:
        raise ValueError(f"the pattern {pattern!r} ends with its escape character")
    return pattern
