"""`mainstay dev` and `mainstay serve` as processes."""

import re
import shlex
import signal
import socket
import stat
import subprocess
from pathlib import Path

import httpx
import pytest

from cli.conftest import APP, Run, assert_refused
from cli.running import free_port, running, wait_until, wait_until_answering
from commands.curl import search_path
from mainstay.cli import embedded
from services.postgres import Postgres

pytestmark = pytest.mark.slow

SECRET = "a-development-secret-of-more-than-32-bytes"


def change(project: Path, line: str) -> None:
    """Give films another column."""
    (project / "app.py").write_text(APP.replace("title: Mapped[str]", f"title: Mapped[str]\n    {line}"))


def test_dev_creates_serves_reloads_survives_a_broken_file_and_stops(project: Path, mainstay: Run) -> None:
    port = free_port()
    films = f"http://127.0.0.1:{port}/rest/v1/films"
    with running(project, "dev", "app.py", "--port", str(port)) as dev:
        text = dev.wait_for("created table films", "Try:")
        assert httpx.get(films).json() == []

        curl = re.search(r"^  (curl .*)$", text, re.MULTILINE)
        assert curl is not None
        command, path = [*shlex.split(curl[1]), "-sf"], {"PATH": search_path()}
        assert subprocess.run(command, env=path, capture_output=True, check=True).stdout == b"[]"

        token = re.search(r"^  editor: (\S+)$", text, re.MULTILINE)
        assert token is not None
        assert httpx.get(films, headers={"Authorization": f"Bearer {token[1]}"}).status_code == 200
        assert stat.S_IMODE((project / ".mainstay" / "jwt-secret").stat().st_mode) == 0o600

        made = mainstay("token", "--role", "editor", "--claims", '{"sub": "ada"}').stdout.strip()
        headers = {"Authorization": f"Bearer {made}", "Prefer": "return=representation"}
        assert httpx.post(films, json={"title": "A", "owner": "ada"}, headers=headers).status_code == 201

        explained = mainstay("explain", "GET /films?id=eq.1", "--role", "editor", "--claims", '{"sub": "ada"}')
        assert (explained.returncode, explained.stderr) == (0, "")
        assert "films_pkey" in explained.stdout.partition("-- postgresql")[2]

        seen = len(dev.text)
        change(project, "year: Mapped[int]")
        problem = dev.wait_for("Waiting for a change", after=seen)
        assert problem.count("The app does not start") == 1
        assert "films.year" in problem
        assert "server_default" in problem
        assert "Traceback" not in problem

        seen = len(dev.text)
        (project / "app.py").write_text("def broken(:")
        problem = dev.wait_for("Waiting for a change", after=seen)
        assert "app.py:1: SyntaxError" in problem
        assert "Traceback" not in problem

        seen = len(dev.text)
        change(project, "year: Mapped[int | None]")
        dev.wait_for("added column films.year (INTEGER)", "Try:", after=seen)
        assert httpx.get(f"{films}?select=title,year").json() == [{"title": "A", "year": None}]

        assert dev.stop() == 0
    assert embedded.running_url(project / ".mainstay") is None
    with pytest.raises(httpx.TransportError):
        httpx.get(films)


def test_dev_with_a_database_starts_none(project: Path, postgres: Postgres, database: str) -> None:
    port = free_port()
    with running(project, "dev", "app.py", "--port", str(port), "--database", database) as dev:
        dev.wait_for("Try:")
        assert httpx.get(f"http://127.0.0.1:{port}/rest/v1/films").json() == []
        announcing = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'mainstay_live%'"
        assert postgres.run(announcing, url=database) == "8\n"
        assert dev.stop(signal.SIGINT) == 0
    assert not (project / ".mainstay" / "postgres").exists()


def test_dev_says_what_it_leaves_alone(project: Path, postgres: Postgres) -> None:
    url = postgres.create_database("CREATE TABLE films (id int PRIMARY KEY, title int NOT NULL)")
    with running(project, "dev", "app.py", "--port", str(free_port()), "--database", url) as dev:
        dev.wait_for("left alone: films.title: character varying in the model, integer in the database", "Try:")


def test_dev_refuses_a_port_that_is_taken(project: Path, mainstay: Run, database: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        says = f"can't listen on 127.0.0.1:{port}"
        assert_refused(mainstay("dev", "app.py", "--port", port), says=says)
        assert_refused(
            mainstay("serve", "app:app", "--port", port, "--database", database, MAINSTAY_JWT_SECRET=SECRET), says=says
        )


def test_dev_says_that_a_database_can_not_be_reached(project: Path) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/films"
    with running(project, "dev", "app.py", "--port", str(free_port()), "--database", url) as dev:
        text = dev.wait_for("Waiting for a change")
        assert "can't connect to the database" in text
        assert "Traceback" not in text


def test_serve_answers_with_several_workers_and_takes_tokens(project: Path, mainstay: Run, postgres: Postgres) -> None:
    url = postgres.create_database(
        "CREATE TABLE directors (id int PRIMARY KEY, name text NOT NULL)",
        "CREATE TABLE films (id int PRIMARY KEY, title text NOT NULL, owner text, director_id int)",
        "INSERT INTO films VALUES (1, 'A', 'ada', NULL), (2, 'B', 'bob', NULL)",
    )
    port = free_port()
    arguments = ["serve", "app:app", "--database", url, "--port", str(port), "--workers", "2", "--log-requests"]
    token = mainstay("token", "--role", "editor", "--claims", '{"sub": "ada"}', "--secret", SECRET).stdout.strip()
    with running(project, *arguments, MAINSTAY_JWT_SECRET=SECRET) as serve:
        wait_until_answering(f"http://127.0.0.1:{port}/health/ready")
        answer = httpx.get(
            f"http://127.0.0.1:{port}/rest/v1/films?owner=eq.ada&select=id,owner",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.json() == [{"id": 1, "owner": "ada"}]
        serve.wait_for('"path":"/rest/v1/films"')
        assert serve.stop() == 0
    assert token not in serve.text
    assert SECRET not in serve.text
    assert "only the anonymous role works" not in serve.text


def test_serve_without_a_key_says_that_only_the_anonymous_role_works(project: Path, postgres: Postgres) -> None:
    url = postgres.create_database("CREATE TABLE films (id int, title text, director_id int)")
    path = project / "web.sock"
    with running(project, "serve", "app.py", "--uds", str(path), MAINSTAY_DATABASE_URL=url) as serve:
        serve.wait_for("only the anonymous role works")
        wait_until(lambda: "there" if path.exists() else None, otherwise=lambda: serve.text)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path), retries=3)) as client:
            assert client.get("http://web/rest/v1/films").json() == []
        assert serve.stop() == 0


def test_serve_says_in_one_line_that_the_database_can_not_be_reached(mainstay: Run) -> None:
    url = f"postgresql://127.0.0.1:{free_port()}/films"
    done = mainstay("serve", "app:app", "--database", url, "--port", str(free_port()), MAINSTAY_JWT_SECRET=SECRET)
    assert_refused(done, says="database")
