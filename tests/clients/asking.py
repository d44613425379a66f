"""One way to ask through both of postgrest's clients: a function builds the request, the asker executes it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest
from postgrest import APIError, AsyncPostgrestClient, SyncPostgrestClient

from cinema.setting import TOKENS

Build: TypeAlias = Callable[[Any], Any]


class Asker:
    """Asks as somebody who has one of the tokens, or as nobody, with one client for each."""

    client_type: Any

    def __init__(self, url: str, tokens: Mapping[str, str] = TOKENS) -> None:
        self.url = url
        self.tokens = tokens
        self._clients: dict[str | None, Any] = {}

    def client(self, who: str | None) -> Any:
        if who not in self._clients:
            client = self.client_type(self.url)
            self._clients[who] = client if who is None else client.auth(self.tokens[who])
        return self._clients[who]

    def __call__(self, build: Build, who: str | None = None) -> Any:
        """The client's response. Raises its APIError."""
        raise NotImplementedError

    def rows(self, build: Build, who: str | None = None) -> Any:
        """What came back, without its count."""
        return self(build, who).data

    def refused(self, build: Build, who: str | None = None) -> APIError:
        with pytest.raises(APIError) as caught:
            self(build, who)
        return caught.value


class SyncAsker(Asker):
    client_type = SyncPostgrestClient

    def __call__(self, build: Build, who: str | None = None) -> Any:
        return build(self.client(who)).execute()

    def close(self) -> None:
        for client in self._clients.values():
            client.aclose()


class AsyncAsker(Asker):
    client_type = AsyncPostgrestClient

    def __init__(self, url: str, tokens: Mapping[str, str] = TOKENS) -> None:
        super().__init__(url, tokens)
        self._runner = asyncio.Runner()

    def __call__(self, build: Build, who: str | None = None) -> Any:
        async def execute() -> Any:
            return await build(self.client(who)).execute()

        return self._runner.run(execute())

    def close(self) -> None:
        for client in self._clients.values():
            self._runner.run(client.aclose())
        self._runner.close()
