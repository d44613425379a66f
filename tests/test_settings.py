"""Every setting can be given in each way, is checked, is documented, and keeps its secrets."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.pretty import pretty_repr

from mainstay import settings as settings_module
from mainstay.core import limits as limits_module
from mainstay.core.limits import Limits
from mainstay.core.problem import DeclarationError
from mainstay.settings import Settings, variable

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
SECRET = "correct-horse-battery-staple-correct"


def documented(module: Any, name: str) -> dict[str, str]:
    """Each field of the class with the text under it."""
    [body] = [node.body for node in ast.parse(inspect.getsource(module)).body if getattr(node, "name", "") == name]
    texts = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            texts[field.target.id] = str(ast.literal_eval(text.value))
    return texts


def default(value: Any) -> str:
    """A default as the page writes it."""
    if value in (None, ()):
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def test_the_page_lists_every_setting_with_its_variable_default_and_line() -> None:
    page = PAGE.read_text()
    for name, text in documented(settings_module, "Settings").items():
        if name != "limits":
            assert f"| `{name}` | `{variable(name)}` | {default(getattr(Settings(), name))} | {text} |" in page
    for name, text in documented(limits_module, "Limits").items():
        assert f"| `{name}` | `{variable(name, limit=True)}` | `{getattr(Limits(), name)}` | {text} |" in page


def test_the_page_lists_nothing_else() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows) == len(Settings.__struct_fields__) - 1 + len(Limits.__struct_fields__)


def test_every_field_has_its_line() -> None:
    assert set(documented(settings_module, "Settings")) == set(Settings.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("database_url", "postgresql://localhost/films", "postgresql://localhost/films"),
        ("rest_prefix", "", ""),
        ("docs_path", "", None),
        ("anonymous_role", "", None),
        ("jwt_lifetime_s_max", "3600", 3_600),
        ("jwt_secret_is_base64", "true", True),
        ("plan_enabled", "1", True),
        ("openapi_enabled", "off", False),
        ("jwt_algorithms", "HS256, HS512", ("HS256", "HS512")),
        ("cors_origins", "https://a.example,https://b.example", ("https://a.example", "https://b.example")),
        ("cors_origins", "", ()),
        ("graphql_paths", "/v1/graphql,/graph", ("/v1/graphql", "/graph")),
        ("lanes_read", "2", 2),
        ("log_format", "json", "json"),
    ],
)
def test_a_variable_is_read_as_its_setting_is_typed(name: str, text: str, value: object) -> None:
    assert getattr(Settings.load({}, {variable(name): text}), name) == value


def test_each_limit_has_a_variable() -> None:
    environ = {variable(name, limit=True): str(place) for place, name in enumerate(Limits.__struct_fields__, 1)}
    loaded = Settings.load({}, environ).limits
    assert list(msgspec.structs.astuple(loaded)) == list(range(1, len(environ) + 1))


def test_keywords_win_over_the_environment() -> None:
    environ = {"MAINSTAY_REST_PREFIX": "/a", "MAINSTAY_LANES_READ": "3"}
    loaded = Settings.load({"rest_prefix": "/b"}, environ)
    assert (loaded.rest_prefix, loaded.lanes_read) == ("/b", 3)


def test_a_mapping_of_limits_leaves_the_others_to_the_environment() -> None:
    loaded = Settings.load(
        {"limits": {"rows_max": 5}}, {"MAINSTAY_LIMITS_ROWS_MAX": "6", "MAINSTAY_LIMITS_BATCH_MAX": "7"}
    )
    assert (loaded.limits.rows_max, loaded.limits.batch_max) == (5, 7)


def test_variables_of_others_are_left_alone() -> None:
    assert Settings.load({}, {"PATH": "/bin", "MAINSTAYS": "x"}) == Settings()


def test_one_text_is_a_list_of_one() -> None:
    assert Settings.load({"jwt_audience": "films"}, {}).jwt_audience == ("films",)


@pytest.mark.parametrize(
    ("overrides", "environ", "where", "hint"),
    [
        (
            {},
            {"MAINSTAY_JWT_SECRT": "x"},
            "variable MAINSTAY_JWT_SECRT",
            "Did you mean 'MAINSTAY_JWT_SECRET'?",
        ),
        (
            {},
            {"MAINSTAY_LIMITS_ROW_MAX": "1"},
            "variable MAINSTAY_LIMITS_ROW_MAX",
            "'MAINSTAY_LIMITS_ROWS_MAX'",
        ),
        ({}, {"MAINSTAY_ZZZZZZZ": "1"}, "variable MAINSTAY_ZZZZZZZ", "docs/reference/settings.md"),
        ({}, {"MAINSTAY_LANES_READ": "many"}, "variable MAINSTAY_LANES_READ", "a whole number"),
        ({}, {"MAINSTAY_JWT_LIFETIME_S_MAX": "0"}, "variable MAINSTAY_JWT_LIFETIME_S_MAX", "a whole number"),
        ({}, {"MAINSTAY_LANES_READ": "0"}, "variable MAINSTAY_LANES_READ", "a whole number"),
        ({}, {"MAINSTAY_DEV": "maybe"}, "variable MAINSTAY_DEV", "'true' or 'false'"),
        ({}, {"MAINSTAY_LOG_FORMAT": "xml"}, "variable MAINSTAY_LOG_FORMAT", "'json'"),
        ({}, {"MAINSTAY_LIMITS_ROWS_MAX": "0"}, "variable MAINSTAY_LIMITS_ROWS_MAX", "at least 1"),
        ({}, {"MAINSTAY_REST_PREFIX": "rest/"}, "variable MAINSTAY_REST_PREFIX", "a text"),
        ({"jwt_secre": "x"}, {}, "setting jwt_secre", "Did you mean 'jwt_secret'?"),
        ({"jwt_secret": 1}, {}, "setting jwt_secret", "a text"),
        ({"dev": "yes"}, {}, "setting dev", "true or false"),
        ({"cors_origins": [1]}, {}, "setting cors_origins", "a list of texts"),
        ({"limits": 5}, {}, "setting limits", "Limits(...)"),
        ({"limits": {"row_max": 5}}, {}, "setting limits.row_max", "Did you mean 'rows_max'?"),
        ({"limits": {"rows_max": "5"}}, {}, "setting limits.rows_max", "a whole number"),
    ],
)
def test_what_is_no_setting_is_refused(
    overrides: dict[str, Any], environ: dict[str, str], where: str, hint: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        Settings.load(overrides, environ)
    assert caught.value.where.endswith(where)
    assert hint in caught.value.hint


@pytest.mark.parametrize("show", [repr, str, pretty_repr])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt_secret", SECRET),
        ("jwt_public_key", f"-----BEGIN PRIVATE KEY-----\n{SECRET}"),
        ("jwt_jwks", f'{{"keys": [{{"kty": "oct", "k": "{SECRET}"}}]}}'),
        ("database_url", f"postgresql://ada:{SECRET}@db.example/films"),
        ("database_url", f"postgresql://db.example/films?user=ada&password={SECRET}"),
    ],
)
def test_a_secret_is_in_no_repr(show: Any, name: str, value: str) -> None:
    shown = show(Settings.load({name: value}, {}))
    assert SECRET not in shown
    assert "***" in shown


def test_a_refused_secret_is_not_quoted() -> None:
    with pytest.raises(DeclarationError) as caught:
        Settings.load({}, {"MAINSTAY_LANES_READ": SECRET})
    assert SECRET not in str(caught.value)


def test_a_url_without_a_password_is_shown_whole() -> None:
    url = "postgresql://ada@db.example/films?sslmode=require"
    assert url in repr(Settings(database_url=url))


def test_a_replaced_setting_is_checked() -> None:
    with pytest.raises(DeclarationError):
        Settings().replace(lanes_write=0)
    assert Settings().replace(lanes_write=9).lanes_write == 9
