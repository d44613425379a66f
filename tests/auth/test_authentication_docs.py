"""The reference page's Python runs, and what it makes fits together."""

import asyncio
import re
from pathlib import Path

import pytest

from mainstay.auth.authenticate import Authenticator
from mainstay.auth.jwt import TokenRules
from mainstay.auth.keys import SUPPORTED
from mainstay.cache.bounded import Bounded

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "authentication.md").read_text()


def test_the_pages_token_is_let_in_by_the_pages_rules() -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    rules, token = names["rules"], names["token"]
    assert isinstance(rules, TokenRules)
    principal = asyncio.run(Authenticator(rules, Bounded(1)).verify(f"Bearer {token}", None))
    assert (principal.role, principal.claims["sub"]) == ("editor", "ada")


@pytest.mark.parametrize("field", TokenRules.__struct_fields__)
def test_the_page_names_every_rule(field: str) -> None:
    assert f"`{field}`" in PAGE


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_the_page_names_every_algorithm(algorithm: str) -> None:
    assert algorithm in PAGE
