"""The page of limits names each of them, with its default."""

import re
from pathlib import Path

import msgspec
import pytest

from mainstay.core.limits import Limits

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "limits.md"
ROWS = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| (\w+)[^|]* \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("field", msgspec.structs.fields(Limits), ids=lambda field: field.name)
def test_each_limit_is_on_the_page_with_its_default_and_what_happens_past_it(
    field: msgspec.structs.FieldInfo,
) -> None:
    defaults = {name: default.replace(",", "") for name, default, _, _ in ROWS}
    assert defaults.get(field.name) == str(field.default)


def test_the_page_names_no_limit_that_is_not_there() -> None:
    assert {row[0] for row in ROWS} == {field.name for field in msgspec.structs.fields(Limits)}
