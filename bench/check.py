"""Compares a server's answers with the right ones before it is timed: the wrong answer is often the faster one."""

import http.client
from collections.abc import Sequence
from functools import partial

from bench.cases import Case, Content, Key, right_answer
from bench.database import Database
from bench.load import Request
from bench.server import Server

CHECKED = 20
"""How many keys of each case."""


class WrongAnswer(RuntimeError):
    """A server answered something else than what is in the database."""


def check(server: Server, case: Case, keys: Sequence[Key], database: Database) -> None:
    """Ask for some of the keys. Raises WrongAnswer."""
    for key in keys[:CHECKED]:
        right = server.can_hold(database.ask(partial(right_answer, case=case, key=key)))
        request = server.request(case, key)
        body = send(server.port, request)
        if case is Case.INSERT:
            compare(server, request, list(server.inserted()), [right])
            server.remove_inserted()
        else:
            compare(server, request, server.content(case, body), right)


def send(port: int, request: Request) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status not in (200, 201):
        raise WrongAnswer(f"{request.method} {request.path}: {response.status} {body.decode(errors='replace')}")
    return body


def compare(server: Server, request: Request, content: Content, right: Content) -> None:
    if content != right:
        raise WrongAnswer(
            f"{server.name} answers {request.method} {request.path} with\n{content}\nand right would be\n{right}"
        )
