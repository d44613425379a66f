"""The page about stock clients: each of its examples runs, and prints what it says that it prints."""

import contextlib
import io
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from cinema.setting import TOKENS
from clients.node import SCRIPTS, node
from clients.serving import Api

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "use-postgrest-and-supabase-clients.md").read_text()
ORIGIN = "http://127.0.0.1:8000"


def examples(language: str, api: Api) -> str:
    """The page's blocks in that language, one after the other, which is how a reader runs them."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    return "\n".join(blocks).replace(ORIGIN, api.origin)


def promised(code: str, print_: str, comment: str) -> Iterator[str]:
    """What the comments under lines that print say is printed."""
    lines = [line.strip() for line in code.splitlines()]
    for line, following in pairwise(lines):
        if line.startswith(print_):
            assert following.startswith(f"{comment} "), f"nothing says what this prints: {line}"
            yield following.removeprefix(f"{comment} ")


def test_the_python_examples_print_what_they_say(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKENS["owner"])
    code = textwrap.dedent(examples("python", api))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "use-postgrest-and-supabase-clients.md", "exec"), {})
    assert printed.getvalue().splitlines() == list(promised(code, "print(", "#"))


def test_the_javascript_examples_print_what_they_say(api: Api) -> None:
    code = examples("js", api)
    done = subprocess.run(
        [node(), "--input-type=module", "-"],
        input=code,
        cwd=SCRIPTS,
        env={**os.environ, "TOKEN": TOKENS["owner"], "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(promised(code, "console.log(", "//"))
