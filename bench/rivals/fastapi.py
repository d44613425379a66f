"""FastAPI with SQLAlchemy's asyncio: `fastapi_app` under uvicorn, one worker, with uvloop and httptools."""

import json
import sys
from collections.abc import Sequence

import msgspec

from bench.cases import EMBED_ROWS, PAGE_ROWS, Case, Content, Key, normal, without_key
from bench.database import Database
from bench.load import Request
from bench.process import Process, free_port
from bench.tokens import SECRET, bearer

JSON = ("Content-Type", "application/json")


class FastAPI:
    name = "fastapi"
    cases: Sequence[Case] = tuple(Case)

    def __init__(self, database: Database) -> None:
        self.database = database
        self.port = free_port()
        self.process: Process | None = None

    def start(self) -> None:
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        command = [sys.executable, "-m", "uvicorn", "bench.rivals.fastapi_app:app", "--workers", "1", *options]
        environment = {
            "RIVAL_DATABASE": self.database.url.replace("postgresql://", "postgresql+asyncpg://"),
            "RIVAL_SECRET": SECRET,
        }
        self.process = Process(self.name, [*command, "--host", "127.0.0.1", "--port", str(self.port)], environment)
        self.process.wait(self.port, "/flights/1")

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def request(self, case: Case, key: Key) -> Request:
        match case:
            case Case.KEY:
                return Request("GET", f"/flights/{key.flight}")
            case Case.PAGE:
                return Request("GET", f"/flights?after={key.flight}&limit={PAGE_ROWS}")
            case Case.EMBED:
                return Request("GET", f"/planes/{key.tailnum}?latest={EMBED_ROWS}")
            case Case.CLAIM:
                return Request("GET", f"/own/flights/{key.flight}", bearer(key.user))
            case Case.INSERT:
                return Request("POST", "/flights", (JSON, *bearer(key.user)), json.dumps(without_key(key.row)))

    def content(self, case: Case, body: bytes) -> Content:
        return normal(msgspec.json.decode(body))

    def can_hold(self, content: Content) -> Content:
        return content

    def inserted(self) -> Sequence[Content]:
        return self.database.inserted()

    def remove_inserted(self) -> None:
        self.database.remove_inserted()
