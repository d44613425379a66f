"""Casts to the catalog's own types."""

import pytest

from mainstay.core.catalog import Catalog, Column, ColumnType, Kind, Table, TableKey
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.plan.casts import cast_name
from mainstay.plan.view import View
from mainstay.policy.defer import Deferred


def view_with(spelling: str) -> View:
    mood = ColumnType(Kind.ENUM, spelling, labels=("glad", "sad"))
    key = TableKey("public", "people")
    catalog = Catalog({key: Table(key, {"mood": Column("mood", mood)})})
    return View(catalog, Deferred(catalog), "anyone", Limits())


@pytest.mark.parametrize("spelling", ["mood", "api.mood", '"My.Own".mood', 'api."mood"'])
def test_an_enum_goes_by_its_own_name_whatever_its_schema(spelling: str) -> None:
    assert cast_name("mood", view_with(spelling), "select") == spelling
    assert cast_name("mood[]", view_with(spelling), "select") == f"{spelling}[]"


@pytest.mark.parametrize("name", ["api", "api.mood; DROP", "regclass", "ood"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(Problem) as raised:
        cast_name(name, view_with("api.mood"), "select")
    assert raised.value.code == "42704"
