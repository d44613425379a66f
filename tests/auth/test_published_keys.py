"""Keys from a URL, of a real server on this machine: rotation, outage, and answers that are slow, huge or wrong."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from auth_signing import OTHER_RSA, P256, RSA, SECRET, Clock, b64, jwk, private_jwk, token

from mainstay.auth.authenticate import Authenticator
from mainstay.auth.jwks import FetchError, FetchRules, fetch, published_keys
from mainstay.auth.jwt import TokenRules
from mainstay.cache.bounded import Bounded
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem


class Publisher(ThreadingHTTPServer):
    """Answers every GET with `status` and `body`, once `gate` is open; counts what it was asked.

    Until then it says nothing, or with `drips`, a byte now and then: of a header, or of the body.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.paths: list[str] = []
        self.drips: str | None = None
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"

    @contextlib.contextmanager
    def silent(self, drips: str | None = None) -> Iterator[None]:
        """No answer ends within this; it opens again whatever happens, or else the fetching thread would stay."""
        self.drips = drips
        self.gate.clear()
        try:
            yield
        finally:
            self.gate.set()

    def publish(self, *keys: Any) -> None:
        self.status, self.body = 200, json.dumps({"keys": keys}).encode()


class Answer(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if self.server.drips:
            return self.drip(b"HTTP/1.1 200 OK\r\n" + (b"X: " if self.server.drips == "header" else b"\r\n"))
        self.server.gate.wait(10)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client had enough
            self.wfile.write(self.server.body)

    def drip(self, start: bytes) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(start)
            for _ in range(500):
                if self.server.gate.wait(0.02):
                    break
                self.wfile.write(b" ")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Asker:
    """An authenticator on a publisher's keys, with both of its clocks in hand; it remembers no token."""

    def __init__(self, publisher: Publisher, **rules: Any) -> None:
        self.watch = Clock(1_000)
        everything = TokenRules(jwks_url=publisher.url, remember_s_max=0, **rules)
        self.authenticator = Authenticator(everything, Bounded(10), clock=Clock(), stopwatch=self.watch)

    async def ask(self, kid: str | None, key: Any = RSA, algorithm: str = "RS256") -> Principal:
        header = {} if kid is None else {"kid": kid}
        text = token({"role": "author"}, algorithm=algorithm, key=key, **header)
        return await self.authenticator.verify(f"Bearer {text}", None)

    async def refused(self, kid: str | None, key: Any = RSA, algorithm: str = "RS256") -> Problem:
        with pytest.raises(Problem) as caught:
            await self.ask(kid, key, algorithm)
        return caught.value


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_the_keys_are_fetched_once_and_kept(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"), jwk(P256, kid="two"))
        asker = Asker(publisher)
        assert publisher.paths == []
        assert (await asker.ask("one")).role == "author"
        assert (await asker.ask("two", P256, "ES256")).role == "author"
        assert (await asker.ask(None)).role == "author"
        assert publisher.paths == ["/keys"]

    run(scenario())


def test_many_tokens_at_once_make_one_fetch(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        with publisher.silent():
            asking = [asyncio.create_task(asker.ask("one")) for _ in range(20)]
            while not publisher.paths:
                await asyncio.sleep(0.001)
        assert {principal.role for principal in await asyncio.gather(*asking)} == {"author"}
        assert len(publisher.paths) == 1

    run(scenario())


def test_one_who_gives_up_does_not_spoil_the_fetch_for_the_others(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        with publisher.silent():
            first, second = (asyncio.create_task(asker.ask("one")) for _ in range(2))
            while not publisher.paths:
                await asyncio.sleep(0.001)
            first.cancel()
        assert (await second).role == "author"
        assert len(publisher.paths) == 1

    run(scenario())


def test_a_new_name_is_looked_up_at_once_and_then_not_too_often(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        await asker.ask("one")
        publisher.publish(jwk(OTHER_RSA, kid="two"), jwk(RSA, kid="one"))
        asker.watch.now += 9
        assert (await asker.refused("two", OTHER_RSA)).code == "PGRST301"
        assert len(publisher.paths) == 1
        asker.watch.now += 1
        assert (await asker.ask("two", OTHER_RSA)).role == "author"
        assert len(publisher.paths) == 2
        for number in range(50):
            assert (await asker.refused(f"made up {number}", OTHER_RSA)).code == "PGRST301"
        assert len(publisher.paths) == 2

    run(scenario())


def test_keys_are_refreshed_when_they_age_and_a_withdrawn_one_stops_working(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher, jwks_refresh_s=600)
        await asker.ask("one")
        publisher.publish(jwk(OTHER_RSA, kid="two"))
        asker.watch.now += 599
        await asker.ask("one")
        assert len(publisher.paths) == 1
        asker.watch.now += 1
        problem = await asker.refused("one")
        assert problem.details == "No suitable key was found to decode the JWT"
        assert len(publisher.paths) == 2
        assert (await asker.ask("two", OTHER_RSA)).role == "author"

    run(scenario())


def test_a_key_whose_name_is_taken_over_verifies_the_new_signer_only(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        await asker.ask("one")
        publisher.publish(jwk(OTHER_RSA, kid="one"))
        asker.watch.now += 600
        assert (await asker.ask("one", OTHER_RSA)).role == "author"
        assert (await asker.refused("one")).details == "None of the keys was able to decode the JWT"

    run(scenario())


def test_an_empty_set_withdraws_every_key(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        await asker.ask("one")
        publisher.publish()
        asker.watch.now += 600
        assert (await asker.refused("one")).code == "PGRST301"

    run(scenario())


OUTAGES = [
    pytest.param(500, b"", {}, id="500"),
    pytest.param(404, b"", {}, id="404"),
    pytest.param(200, b"", {}, id="empty"),
    pytest.param(200, b"<html>", {}, id="html"),
    pytest.param(200, b'{"error": "x"}', {}, id="no keys"),
    pytest.param(200, b'{"keys": {}}', {}, id="keys are no list"),
    pytest.param(200, b"[" * 100_000, {}, id="deep"),
    pytest.param(200, json.dumps({"keys": [{}] * 101}).encode(), {}, id="too many"),
    pytest.param(200, b'{"keys": []}' + b" " * 262_144, {}, id="oversized"),
    pytest.param(200, b'{"keys": []', {"Content-Length": "99"}, id="cut off"),
    pytest.param(302, b"", {"Location": "/elsewhere"}, id="redirect"),
    pytest.param(307, b"", {"Location": "file:///etc/hostname"}, id="redirect to a file"),
]


@pytest.mark.parametrize(("status", "body", "headers"), OUTAGES)
def test_an_answer_that_is_no_key_set_leaves_the_old_keys(
    publisher: Publisher, status: int, body: bytes, headers: dict[str, str]
) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        await asker.ask("one")
        publisher.status, publisher.body, publisher.headers = status, body, headers
        asker.watch.now += 600
        assert (await asker.ask("one")).role == "author"
        assert len(publisher.paths) == 2
        assert set(publisher.paths) == {"/keys"}

    run(scenario())


@pytest.mark.parametrize(("status", "body", "headers"), OUTAGES)
def test_before_the_first_keys_an_outage_is_the_servers_and_tried_again_later(
    publisher: Publisher, status: int, body: bytes, headers: dict[str, str]
) -> None:
    async def scenario() -> None:
        publisher.status, publisher.body, publisher.headers = status, body, headers
        asker = Asker(publisher)
        for _ in range(3):
            problem = await asker.refused("one")
            assert (problem.code, problem.retry_after_s) == ("MS503", 10)
            assert "127.0.0.1" not in f"{problem} {problem.details} {problem.hint}"
        assert len(publisher.paths) == 1
        publisher.headers = {}
        publisher.publish(jwk(RSA, kid="one"))
        asker.watch.now += 10
        assert (await asker.ask("one")).role == "author"

    run(scenario())


def test_a_server_that_is_gone_leaves_the_old_keys_and_comes_back(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher)
        await asker.ask("one")
        publisher.status = 500
        asker.watch.now += 600
        assert (await asker.ask("one")).role == "author"
        # A name that may be among the keys that can't be had is not called a bad token.
        assert (await asker.refused("two", OTHER_RSA)).code == "MS503"
        assert asker.authenticator.published is not None
        assert asker.authenticator.published.failure == "answered 500"
        publisher.publish(jwk(OTHER_RSA, kid="two"))
        asker.watch.now += 10
        assert (await asker.ask("two", OTHER_RSA)).role == "author"
        assert asker.authenticator.published.failure is None

    run(scenario())


def test_nobody_listening_is_an_outage_too() -> None:
    async def scenario() -> None:
        silent = Publisher()
        silent.server_close()
        assert (await Asker(silent).refused("one")).code == "MS503"

    run(scenario())


@pytest.mark.parametrize(
    ("drips", "failures"),
    [(None, {"TimeoutError", "takes too long"}), ("header", {"takes too long"}), ("body", {"takes too long"})],
)
def test_a_slow_answer_is_given_up_and_not_waited_for_again(
    publisher: Publisher, drips: str | None, failures: set[str]
) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher, jwks_timeout_s=0.5)
        await asker.ask("one")
        asker.watch.now += 600
        with publisher.silent(drips):
            for _ in range(3):
                assert (await asker.ask("one")).role == "author"
            assert (await asker.refused("two", OTHER_RSA)).code == "MS503"
            assert len(publisher.paths) == 2
            assert asker.authenticator.published is not None
            assert asker.authenticator.published.failure in failures

    run(scenario())


def test_while_fetching_fails_a_known_key_waits_for_nothing(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher, jwks_timeout_s=60)
        await asker.ask("one")
        publisher.status = 500
        asker.watch.now += 600
        await asker.ask("one")
        asker.watch.now += 10
        with publisher.silent():
            # The next fetch gets no answer until this has its own.
            assert (await asyncio.wait_for(asker.ask("one"), timeout=5)).role == "author"

    run(scenario())


def test_a_body_that_trickles_is_given_up_though_every_byte_is_in_time(publisher: Publisher) -> None:
    with publisher.silent("body"), pytest.raises(FetchError, match="takes too long"):
        fetch(FetchRules(url=publisher.url, timeout_s=0.2))


def test_a_secret_that_is_published_is_none(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish({"kty": "oct", "k": b64(SECRET.encode()), "kid": "one"})
        asker = Asker(publisher)
        assert (await asker.refused("one", SECRET, "HS256")).code == "PGRST301"
        # An HMAC can't be any published key's, so it does not even cause a fetch.
        assert publisher.paths == []
        assert published_keys(publisher.body) == ()

    run(scenario())


def test_entries_that_can_not_be_used_are_passed_over() -> None:
    entries = [
        5,
        None,
        {},
        {"kty": "future"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": "AQ", "e": 5},
        jwk(RSA, use="enc"),
        private_jwk(P256),
        {**jwk(P256), "x": jwk(P256)["y"]},
        jwk(P256, key_ops=["sign"]),
        jwk(P256, key_ops=5),
        jwk(P256, kid="good", use="sig", key_ops=["verify"]),
    ]
    assert [key.kid for key in published_keys(json.dumps({"keys": entries}).encode())] == ["good"]


def test_what_is_no_key_set_is_an_error() -> None:
    with pytest.raises(FetchError, match="no JSON object"):
        published_keys(b"[]")


def test_declared_keys_work_beside_published_ones_and_need_no_fetch(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher, secret=SECRET, keys=jwk(P256, kid="own"))
        assert (await asker.ask(None, SECRET, "HS256")).role == "author"
        assert (await asker.ask("own", P256, "ES256")).role == "author"
        assert publisher.paths == []
        assert (await asker.ask("one")).role == "author"

    run(scenario())


def test_the_rules_algorithms_narrow_published_keys_too(publisher: Publisher) -> None:
    async def scenario() -> None:
        publisher.publish(jwk(RSA, kid="one"))
        asker = Asker(publisher, algorithms=("RS256",))
        assert (await asker.ask("one")).role == "author"
        assert (await asker.refused("one", RSA, "PS256")).message == "Wrong or unsupported encoding algorithm"

    run(scenario())
