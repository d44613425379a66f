"""What the benchmark asks of a server that it measures. `bench.rivals` holds them."""

from collections.abc import Sequence
from typing import Protocol

from bench.cases import Case, Content, Key
from bench.load import Request


class Server(Protocol):
    """A server in a process of its own, with the flights in its database, or in the one that it shares."""

    name: str
    port: int
    cases: Sequence[Case]
    """Those that it is measured in."""

    def start(self) -> None:
        """Return once it answers. Raises RuntimeError if it can't be started."""

    def stop(self) -> None: ...

    def request(self, case: Case, key: Key) -> Request:
        """How its clients ask for the case."""

    def content(self, case: Case, body: bytes) -> Content:
        """A response's body, brought to the form of `bench.cases.right_answer`."""

    def can_hold(self, content: Content) -> Content:
        """What is left of the right answer in the server's types."""

    def inserted(self) -> Sequence[Content]:
        """The flights of `NEW_YEAR`, without their keys."""

    def remove_inserted(self) -> None: ...
