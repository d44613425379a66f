"""Every example of every page is run: here, by the page's own tests, or it says that it is not meant to be.

`follow` does a page's blocks in order (`page_examples` says how). A page that other tests run is named with them.
"""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from docs.page_examples import ROOT, blocks_of, follow
from mainstay import Mainstay

DOCS = ROOT / "docs"
EXECUTABLE = {"console", "python", "sql", "diff"}
"""Languages whose blocks do something. Any other block is read and not run, such as `text`, `sh` or `yaml`."""

FOLLOWED = [
    "README.md",
    "docs/index.md",
    "docs/how-to/write-a-policy.md",
    "docs/how-to/write-nested.md",
    "docs/how-to/change-safely.md",
    "docs/how-to/retry-safely.md",
    "docs/how-to/write-several-at-once.md",
    "docs/how-to/find-out-why.md",
    "docs/how-to/use-an-existing-database.md",
    "docs/how-to/call-database-functions.md",
    "docs/how-to/serve-a-database.md",
    "docs/how-to/mount-in-fastapi-or-starlette.md",
    "docs/explanation/one-statement.md",
    "docs/explanation/security.md",
    "docs/reference/extensions.md",
    "docs/reference/policies.md",
    "docs/reference/reflection.md",
    "docs/reference/settings.md",
    "docs/reference/sqlite.md",
]
RUN_ELSEWHERE = {
    "docs/reference/graphql.md": "tests/docs/test_graphql_page.py",
    "docs/how-to/live-queries.md": "tests/event/test_live_page.py",
    "docs/how-to/use-postgrest-and-supabase-clients.md": "tests/clients/test_clients_page.py",
    "docs/tutorial/from-install-to-a-deployed-policy.md": "tests/docs/test_tutorial.py",
    "docs/reference/authentication.md": "tests/auth/test_authentication_docs.py",
    "docs/reference/models.md": "tests/reflect/test_models_page.py",
}
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


class Base(DeclarativeBase):
    """What a page takes for granted."""


class Film(Base):
    __tablename__ = "films"
    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.mark.parametrize("page", FOLLOWED)
def test_a_page_can_be_followed(page: str, database: str) -> None:
    given = {"Base": Base, "Mainstay": Mainstay}
    follow(ROOT / page, {"postgresql://shop:password@localhost/shop": f"'{database}'"}, given)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_example_is_forgotten(page: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    forgotten = [block for block in blocks_of(page) if block.language in EXECUTABLE]
    assert not forgotten or name in FOLLOWED or name in RUN_ELSEWHERE, f"line {forgotten[0].line}"


@pytest.mark.parametrize(("page", "test"), RUN_ELSEWHERE.items())
def test_a_page_that_is_run_elsewhere_is_run_there(page: str, test: str) -> None:
    assert (ROOT / page).exists()
    assert Path(page).name in (ROOT / test).read_text()


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_links_from_the_projects_root_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_has_a_place_for_the_benchmarks_table() -> None:
    assert re.search(r"^<!-- bench -->\n(.*\n)*?<!-- /bench -->$", (ROOT / "README.md").read_text(), re.MULTILINE)
