"""The runner of the pages' examples: what it takes for true, and that it fails where a page is wrong."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from docs.page_examples import Block, assert_same, blocks_of, change, commands_of, reading


def test_a_page_is_its_blocks_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('# T\n\n```python title="app.py"\na = 1\n```\n\n1. x\n\n    ```console\n    $ ls\n    ```\n')
    assert blocks_of(page) == [Block("python", "app.py", "a = 1\n", 3), Block("console", None, "$ ls\n", 9)]


def test_a_console_block_is_commands_and_what_they_print() -> None:
    text = "$ curl a \\\n  -H b\n[]\n$ mainstay dev\nServing\n...\n^C\n$ ls\n"
    assert list(commands_of(text)) == [
        ("curl a \\\n  -H b", "[]"),
        ("mainstay dev", "Serving\n..."),
        ("^C", ""),
        ("ls", ""),
    ]


def test_a_console_block_without_a_command_is_what_the_server_prints() -> None:
    assert list(commands_of("Changed: app.py\n")) == [(None, "Changed: app.py")]


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a ... c", "a b c\n"),
        ("a\n...\nc", "a\nc\n"),
        ("a\n...\nc", "a\nb\nb\nc"),
        ("a\n...", "a\nb"),
        ('[{"id": 1, "name": "..."}]', '[{"id":1,"name":"x"}]'),
        ("HTTP/1.1 200 OK\n...\n[]", "HTTP/1.1 200 OK\nserver: x\n\n[]"),
    ],
)
def test_what_a_page_shows_fits_what_is_printed(shown: str, printed: str) -> None:
    assert_same(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a", "a\nb\n"),
        ("a", "ab"),
        ("b", "a\nb"),
        ("a ... c", "a\nc"),
        ("a.c", "abc"),
        ("[]", "[1]"),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
        ('[{"a": "..."}]', "[]"),
        ("{}", "no JSON"),
    ],
)
def test_what_a_page_shows_is_not_what_is_printed(shown: str, printed: str) -> None:
    with pytest.raises(AssertionError):
        assert_same(shown, printed)


def test_a_difference_changes_the_lines_it_names() -> None:
    assert change("a\nb\nc\nd\n", " a\n-b\n+B\n...\n c\n+C\n") == "a\nB\nc\nC\nd\n"


@pytest.mark.parametrize("text", ["a\nc\n", "a\nb\na\nb\n"])
def test_a_difference_that_does_not_fit_fails(text: str) -> None:
    with pytest.raises(AssertionError, match="not there once"):
        change(text, " a\n-b\n")


@pytest.mark.parametrize(
    "block",
    [
        Block("console", None, "$ echo yes\nno\n", 1),
        Block("console", None, "$ false\n", 1),
        Block("console", None, "Serving\n", 1),
        Block("json", None, "[]", 1),
        Block("sql", None, "SELECT 1", 1),
        Block("python", None, "assert False\n", 1),
        Block("diff", "app.py", "-a\n", 1),
    ],
)
def test_a_block_that_is_not_true_fails(block: Block) -> None:
    with reading({}) as reader, pytest.raises((AssertionError, ValueError, OSError)):
        reader.do(block)


def test_the_shell_keeps_its_variables_and_ports_are_free_ones() -> None:
    with reading({"path/to/it": "/somewhere"}) as reader:
        reader.do(Block("console", None, "$ PLACE=path/to/it\n$ echo $PLACE :8000\n/somewhere :8000\n", 1))
        assert reader.environment["PLACE"] == "/somewhere"
        assert reader.ports["8000"] != "8000"


def test_a_page_imports_its_own_files_whatever_has_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("place")
    monkeypatch.setitem(sys.modules, "place", other)
    with reading({}) as reader:
        reader.do(Block("python", "place.py", "here = 1\n", 1))
        reader.do(Block("python", None, "from place import here\nassert here == 1\n", 4))
    assert sys.modules["place"] is other
