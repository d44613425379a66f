"""ARCHITECTURE.md speaks of this house: its rooms, files, contracts and tests are there."""

import ast
import configparser
import re

import pytest

from docs.page_examples import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
PACKAGE = ROOT / "src" / "mainstay"
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
INVARIANTS = re.findall(r"^\| (?!X never)(.*never.*) \| (.*) \|$", TEXT, re.MULTILINE)


def contracts() -> dict[str, str]:
    """The import contracts' names, with their ids."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return {parser[section]["name"]: section for section in parser.sections() if section.startswith("importlinter:c")}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_paragraph(room: str) -> None:
    assert f"- **`{room}/`**" in TEXT


def test_no_room_is_made_up() -> None:
    assert sorted(re.findall(r"^- \*\*`(\w+)/`\*\*", TEXT, re.MULTILINE)) == ROOMS


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`([\w/.]+\.(?:py|md))[`:]", TEXT))
    assert len(named) > 30
    missing = [name for name in named if not (PACKAGE / name).exists() and not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize(("claim", "held_by"), INVARIANTS)
def test_what_never_happens_is_held_by_a_test_or_a_contract(claim: str, held_by: str) -> None:
    names = re.findall(r"`([^`]+)`", held_by)
    assert names, claim
    for name in names:
        assert name in contracts() if held_by.startswith("contract") else _is_test(name), name


def test_every_contract_is_among_them() -> None:
    listed = " ".join(held_by for _, held_by in INVARIANTS)
    assert [name for name in contracts() if f"`{name}`" not in listed] == []


def _is_test(name: str) -> bool:
    place, _, function = name.partition("::")
    tree = ast.parse((ROOT / place).read_text())
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function for node in tree.body)
