"""The reference page on models: its examples run, and it names every reserved word."""

import re
from pathlib import Path

import pytest

from mainstay.reflect.checks import RESERVED, ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "models.md").read_text()


def test_the_examples_run() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 4
    exec("\n".join(examples), {"__name__": "models_page"})


@pytest.mark.parametrize("word", sorted(RESERVED | ROUTES))
def test_each_reserved_word_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE
