"""The page about stock clients: each of its examples runs, and prints what it says that it prints."""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from cinema.setting import TOKENS
from clients.node import CLIENTS, SCRIPTS, node
from clients.serving import Api, serve
from mainstay.core.limits import Limits
from mainstay.settings import Settings
from services.postgres import Postgres
from shop import setting as shop

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "use-postgrest-and-supabase-clients.md").read_text()
ORIGIN = "http://127.0.0.1:8000"
ON_THE_SHOP = re.search(r"^## From Supabase$.*?(?=^## Good to know$)", PAGE, re.MULTILINE | re.DOTALL)
assert ON_THE_SHOP
SUPABASE = ON_THE_SHOP[0]
CINEMA = PAGE.replace(SUPABASE, "")
LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()


def examples(language: str, api: Api, page: str) -> str:
    """The blocks in that language, one after the other, which is how a reader runs them."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    return "\n".join(blocks).replace(ORIGIN, api.origin)


def promised(code: str, print_: str, comment: str) -> Iterator[str]:
    """What the comments under lines that print say is printed."""
    lines = [line.strip() for line in code.splitlines()]
    for line, following in pairwise(lines):
        if line.startswith(print_):
            assert following.startswith(f"{comment} "), f"nothing says what this prints: {line}"
            yield following.removeprefix(f"{comment} ")


def printed_by_node(code: str, environment: Mapping[str, str]) -> list[str]:
    done = subprocess.run(
        [node(), "--input-type=module", "-"],
        input=code,
        cwd=SCRIPTS,
        env={**os.environ, **environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_python_examples_print_what_they_say(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKENS["owner"])
    code = textwrap.dedent(examples("python", api, CINEMA))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "use-postgrest-and-supabase-clients.md", "exec"), {})
    assert printed.getvalue().splitlines() == list(promised(code, "print(", "#"))


def test_the_javascript_examples_print_what_they_say(api: Api) -> None:
    code = examples("js", api, CINEMA)
    assert printed_by_node(code, {"TOKEN": TOKENS["owner"]}) == list(promised(code, "console.log(", "//"))


@pytest.fixture(scope="module")
def project(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The shop as the page's command serves it, but for the secret, the database and the port."""
    block = re.search(r"^```sh\nexport (\w+)='.*'\nmainstay serve (.*)\n```$", SUPABASE, re.MULTILINE)
    assert block
    arguments = shlex.split(block[2])
    arguments[arguments.index("--database") + 1] = shop.create_shop(postgres)
    with serve(tmp_path_factory.mktemp("served"), *arguments, **{block[1]: shop.SECRET}) as served:
        yield served


def test_the_examples_for_supabase_print_what_they_say(project: Api) -> None:
    code = examples("js", project, SUPABASE)
    keys = {"ANON_KEY": shop.TOKENS["anon"], "SERVICE_KEY": shop.TOKENS["service"], "USER_TOKEN": shop.TOKENS["anna"]}
    assert printed_by_node(code, keys) == list(promised(code, "console.log(", "//"))


def test_the_settings_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"MAINSTAY_([A-Z_]+)", PAGE))
    limits = {name.removeprefix("LIMITS_") for name in named if name.startswith("LIMITS_")}
    others = {name for name in named if not name.startswith("LIMITS_")}
    assert limits
    assert limits <= {name.upper() for name in Limits.__struct_fields__}
    assert others <= {name.upper() for name in Settings.__struct_fields__}


def test_the_page_names_the_clients_and_the_versions_that_are_run() -> None:
    named = dict(re.findall(r"^\| `([^`]+)` \| ([0-9.]+) \|", PAGE, re.MULTILINE))
    locked = json.loads((SCRIPTS / "package-lock.json").read_text())["packages"]
    python = re.search(r"^postgrest==(\S+)", LOCK, re.MULTILINE)
    assert python
    versions = {name: locked[f"node_modules/{name}"]["version"] for name in CLIENTS}
    assert named == {"postgrest": python[1], **versions}
    assert versions == CLIENTS, "package.json pins what package-lock.json has"
