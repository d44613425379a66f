"""The reference page on policies: its examples run, and it names every keyword and action."""

import inspect
import re
from pathlib import Path

import pytest

from mainstay.core.rule import Action
from mainstay.policy.declare import Role
from mainstay.policy.operands import FUNCTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policies.md").read_text()
KEYWORDS = [name for name in inspect.signature(Role.may).parameters if name != "self"]


def test_the_examples_run() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 5
    exec("\n".join(examples), {"__name__": "policies_page"})


@pytest.mark.parametrize("word", [*KEYWORDS, *(f'"{action.value}"' for action in Action), '"all"'])
def test_each_keyword_and_action_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("name", sorted({name for name, *_ in FUNCTIONS.values()}))
def test_each_function_is_named(name: str) -> None:
    assert f"`func.{name}`" in PAGE
