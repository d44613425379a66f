"""Commands that look at a database: what they print, and how they fail."""

import json
from pathlib import Path

import pytest

from cli.conftest import Run, assert_refused
from services.postgres import Postgres

pytestmark = pytest.mark.slow

SHOP = """
CREATE SCHEMA shop;
CREATE TYPE shop.size AS ENUM ('small', 'large');
CREATE TABLE shop.makers (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE shop.things (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    maker_id int NOT NULL REFERENCES shop.makers,
    size shop.size NOT NULL DEFAULT 'small'
);
CREATE VIEW shop.sizes AS SELECT DISTINCT size FROM shop.things;
CREATE FUNCTION shop.count_of(maker int, VARIADIC sizes shop.size[] DEFAULT '{}') RETURNS bigint STABLE LANGUAGE sql
    AS $$ SELECT count(*) FROM shop.things WHERE maker_id = maker $$;
CREATE FUNCTION shop.totals() RETURNS TABLE (size shop.size, number bigint) STABLE LANGUAGE sql
    AS $$ SELECT size, count(*) FROM shop.things GROUP BY size $$
"""


@pytest.fixture
def shop(postgres: Postgres, database: str) -> str:
    postgres.run(SHOP, url=database)
    return database


def test_inspect_prints_what_is_there(shop: str, mainstay: Run) -> None:
    done = mainstay("inspect", shop, "--schema", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "3 tables and views, 2 functions in shop\n"
        "\n"
        "shop.makers  (table; key id; unique name)\n"
        "  id         integer  required\n"
        "  name       text\n"
        "  -> things  many     by things_maker_id_fkey (id)\n"
        "\n"
        "shop.sizes  (view; no key; read only)\n"
        "  size  shop.size\n"
        "\n"
        "shop.things  (table; key id)\n"
        "  id         bigint     generated\n"
        "  maker_id   integer    required\n"
        "  size       shop.size  default 'small'::shop.size\n"
        "  -> makers  one        by things_maker_id_fkey (maker_id)\n"
        "\n"
        "functions\n"
        "  shop.count_of(maker integer, variadic sizes shop.size[] = …)  bigint            stable\n"
        "  shop.totals()                                                 (size, number)[]  stable\n"
    )


def test_inspect_prints_it_for_machines(shop: str, mainstay: Run) -> None:
    found = json.loads(mainstay("inspect", shop, "--schema", "shop", "--json").stdout)
    assert found["schemas"] == ["shop"]
    assert found["mentioned"] == []
    tables = {table["key"]["name"]: table for table in found["tables"] if table["form"] != "rows"}
    assert [*tables] == ["makers", "sizes", "things"]
    assert tables["things"]["columns"]["size"]["default"] == "'small'::shop.size"
    assert [function["key"]["name"] for function in found["functions"]] == ["count_of", "totals"]


def test_models_can_be_served(shop: str, project: Path, mainstay: Run) -> None:
    done = mainstay("models", shop, "--schema", "shop", "--output", "models.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (project / "shop.py").write_text(
        "from mainstay import Mainstay\nfrom models import Base\napp = Mainstay(Base)\n"
        "app.role('anyone').may('read', Base.metadata.tables['shop.things'], columns='*')\n"
    )
    checked = mainstay("check", "shop.py")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "shop.things  read  3 of 3 columns" in checked.stdout


def test_models_are_printed_and_never_written_over(shop: str, project: Path, mainstay: Run) -> None:
    (project / "models.py").write_text("mine = True\n")
    assert "class Things(Base)" in mainstay("models", shop, "--schema", "shop").stdout
    assert_refused(mainstay("models", shop, "--output", "models.py"), says="models.py is there already")
    assert (project / "models.py").read_text() == "mine = True\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [("inspect", "MS503: The database can't be reached"), ("models", "the database can't be read")],
)
def test_a_database_that_is_not_there_is_told_of_in_a_line(command: str, says: str, mainstay: Run) -> None:
    assert_refused(mainstay(command, "postgresql://nobody@/nowhere?host=/nowhere"), says=says)


def test_live_installs_tells_of_and_removes_what_announces(
    postgres: Postgres, database: str, project: Path, mainstay: Run
) -> None:
    postgres.run(
        "CREATE TABLE directors (id int PRIMARY KEY, name text)",
        "CREATE TABLE films (id int PRIMARY KEY, title text, owner text, director_id int REFERENCES directors)",
        url=database,
    )
    silent = (
        "  public.directors  asked for at an interval: public.directors does not announce\n"
        "  public.films      asked for at an interval: public.films does not announce\n"
    )
    announcing = "  public.directors  announces, by id\n  public.films      announces, by director_id, id\n"
    count = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'mainstay%'"
    script = mainstay("live", "install", "--database", database, "--sql").stdout
    assert mainstay("live", "status", "--database", database).stdout == silent
    for _ in range(2):
        done = mainstay("live", "install", "--database", database)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", announcing)
        assert postgres.run(count, url=database) == "8\n"
    assert mainstay("live", "remove", "--database", database).stdout == silent
    assert postgres.run(count, url=database) == "0\n"
    postgres.run(script.removesuffix(";\n"), url=database)
    assert mainstay("live", "status", "--database", database).stdout == announcing


def test_live_says_what_it_can_not_do(mainstay: Run) -> None:
    assert_refused(mainstay("live", "install"), says="there is no database to ask")
    assert_refused(mainstay("live", "install", "--database", "postgresql://nobody@/no?host=/no"), says="MS503")
    assert_refused(mainstay("live", "instal"), says="instal", code=2)
