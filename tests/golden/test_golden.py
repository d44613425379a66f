"""Golden bundles: each request with its operation, plan, SQL and answer, a file each, so that changes show.

`make golden` writes them anew; a person reads the diff. Rejected requests are as specified as the others.
"""

import asyncio
import tomllib
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up
from mainstay import Mainstay
from mainstay.cli.layout import layout
from mainstay.cli.pretty import render
from mainstay.core.exchange import Request, Response
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem

HERE = Path(__file__).parent
PREFIX = "/rest/v1"
GROUPS = ("reads", "writes", "rejected")
CASES = {
    f"{group}/{name}": case
    for group in GROUPS
    for name, case in tomllib.loads((HERE / f"{group}.toml").read_text()).items()
}
RESET = """
SELECT setval(pg_get_serial_sequence(quote_ident(table_name), 'id'), 100)
FROM information_schema.columns WHERE table_schema = 'public' AND is_identity = 'YES'
"""


class Stage:
    """The app on its database, and a loop to run it on."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = cinema(database_url=url, lanes_read=1, lanes_write=1)
        self.run(set_up(url, self.app.metadata))
        self.connection: Any = self.run(asyncpg.connect(url))
        self.run(self.app.start())

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.app.stop())
        self.run(self.connection.close())
        self.loop.close()


@pytest.fixture(scope="module")
def stage(postgres: Any) -> Any:
    stage = Stage(postgres.create_database())
    yield stage
    stage.close()


@pytest.mark.parametrize("name", CASES)
def test_the_bundle_is_what_the_request_becomes(name: str, stage: Stage, pytestconfig: pytest.Config) -> None:
    request = request_of(CASES[name])
    stage.run(stage.connection.execute(RESET))
    response = stage.run(stage.app.handle(request))
    bundle = bundle_of(stage.app, CASES[name], request, response)
    folder = HERE / "cases" / name
    if pytestconfig.getoption("--update-golden"):
        write(folder, bundle)
    assert bundle == {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_every_bundle_has_its_case() -> None:
    assert {f"{path.parent.name}/{path.name}" for path in HERE.glob("cases/*/*")} == set(CASES)


def test_there_are_at_least_120_cases() -> None:
    assert len(CASES) >= 120


def request_of(case: dict[str, Any]) -> Request:
    method, _, target = case["request"].partition(" ")
    path, _, query = target.partition("?")
    headers = dict(case.get("headers", {}))
    if case.get("as", "anonymous") != "anonymous":
        headers["authorization"] = f"Bearer {TOKENS[case['as']]}"
    if "accept" in case:
        headers["accept"] = case["accept"]
    preferences = [case["prefer"]] if "prefer" in case else []
    if method not in ("GET", "HEAD"):
        preferences.append("tx=rollback")
    if preferences:
        headers["prefer"] = ",".join(preferences)
    if "body" in case:
        headers.setdefault("content-type", "application/json")
    return Request(method, PREFIX + path, query, headers, case.get("body", "").encode())


def bundle_of(app: Mainstay, case: dict[str, Any], request: Request, response: Response) -> dict[str, str]:
    """File names to texts; what the request never came to is not there."""
    files = {"request.txt": written_request(case, request), "response.txt": written_response(response)}
    try:
        operation = app.parse(request)
        files["operation.txt"] = render(operation) + "\n"
        plan, statement = app.prepare(operation, principal_of(case))
        files["plan.txt"] = render(plan) + "\n"
        files["postgres.sql"] = layout(statement.text) + "\n"
    except Problem:
        pass  # the response says it
    return dict(sorted(files.items()))


def principal_of(case: dict[str, Any]) -> Principal:
    who = case.get("as", "anonymous")
    return Principal(
        {"anna": "member", "bert": "member", "nobody": "member"}.get(who, who), anonymous=who == "anonymous"
    )


def written_request(case: dict[str, Any], request: Request) -> str:
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}  # type: ignore[attr-defined]
    lines = [f"{case['request']}", *(f"{name}: {value}" for name, value in headers.items())]
    lines.append(f"as: {case.get('as', 'anonymous')}")
    if "body" in case:
        lines += ["", case["body"]]
    return "\n".join(lines).rstrip("\n") + "\n"


def written_response(response: Response) -> str:
    headers = [f"{name}: {value}" for name, value in response.headers if name != "server-timing"]
    lines = [str(response.status), *headers]
    if response.body:
        media = dict(response.headers).get("content-type", "")
        body = response.body
        text = body.decode() if "json" not in media else msgspec.json.format(body, indent=2).decode()
        lines += ["", text]
    return "\n".join(lines).rstrip("\n") + "\n"


def write(folder: Path, bundle: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in bundle:
            path.unlink()
    for name, text in bundle.items():
        (folder / name).write_text(text)
