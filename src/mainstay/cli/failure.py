"""How a command fails: with one line that a person can act on."""


class Failure(Exception):
    """A command can't do what it was asked to; its text is the line."""
