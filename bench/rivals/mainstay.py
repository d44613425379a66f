"""Mainstay itself: `bench.app` under `mainstay serve`, one worker, and the SQL that it sends for each case."""

import json
import sys
from collections.abc import Sequence
from urllib.parse import unquote

import msgspec

from bench.cases import EMBED_ROWS, PAGE_ROWS, Case, Content, Key, normal, without_key
from bench.database import Database
from bench.load import Request
from bench.pgbench import Script
from bench.process import Process, free_port
from bench.tokens import SECRET, bearer, claims
from mainstay.core.exchange import Request as Exchange
from mainstay.core.principal import Principal
from mainstay.pipeline import bind_value

PREFIX = "/rest/v1"
MINIMAL = (("Content-Type", "application/json"), ("Prefer", "return=minimal"))
EMBED = f"select=*,flights(*,airline(*),destination(*))&flights.order=time_hour.desc,id.desc&flights.limit={EMBED_ROWS}"


class Mainstay:
    name = "mainstay"
    cases: Sequence[Case] = tuple(Case)

    def __init__(self, database: Database) -> None:
        self.database = database
        self.port = free_port()
        self.process: Process | None = None

    def start(self) -> None:
        serve = [sys.executable, "-m", "mainstay", "serve", "bench.app:app", "--workers", "1"]
        options = ["--database", self.database.url, "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = Process(self.name, [*serve, *options], {"MAINSTAY_JWT_SECRET": SECRET})
        self.process.wait(self.port, "/health/ready")

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def request(self, case: Case, key: Key) -> Request:
        match case:
            case Case.KEY:
                return Request("GET", f"{PREFIX}/flights?id=eq.{key.flight}")
            case Case.PAGE:
                return Request("GET", f"{PREFIX}/flights?id=gt.{key.flight}&order=id&limit={PAGE_ROWS}")
            case Case.EMBED:
                return Request("GET", f"{PREFIX}/planes?tailnum=eq.{key.tailnum}&{EMBED}")
            case Case.CLAIM:
                return Request("GET", f"{PREFIX}/flights?id=eq.{key.flight}", bearer(key.user))
            case Case.INSERT:
                body = json.dumps(without_key(key.row))
                return Request("POST", f"{PREFIX}/flights", (*MINIMAL, *bearer(key.user)), body)

    def content(self, case: Case, body: bytes) -> Content:
        rows = normal(msgspec.json.decode(body))
        return rows if case is Case.PAGE else rows[0]

    def can_hold(self, content: Content) -> Content:
        return content

    def inserted(self) -> Sequence[Content]:
        return self.database.inserted()

    def remove_inserted(self) -> None:
        self.database.remove_inserted()

    def script(self, case: Case, key: Key) -> Script:
        """What it sends to PostgreSQL for a request, when no other waits: the statement for one, with its binds."""
        from bench.app import app

        sent = self.request(case, key)
        path, _, query = sent.path.partition("?")
        headers = {name.lower(): value for name, value in sent.headers}
        operation = app.parse(Exchange(sent.method, unquote(path), query, headers, sent.body.encode()))
        known = claims(key.user) if key.user else {}
        principal = Principal(known.get("role", "anonymous"), known, anonymous=not known)
        _, statement = app.prepare(operation, principal)
        return Script(statement.text, tuple(bind_value(bind, operation.values, principal) for bind in statement.binds))
