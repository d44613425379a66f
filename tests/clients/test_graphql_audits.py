"""graphql-http's audits, unchanged: each is a test of whether this is a server of GraphQL over HTTP."""

from collections.abc import Iterator

import pytest

from clients.javascript import Steps, run_session
from clients.node import SCRIPTS
from clients.serving import serve_cinema
from services.postgres import Postgres

GRAPHQL = SCRIPTS.parent / "graphql"
AUDITS = 61

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def audited(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    home = tmp_path_factory.mktemp("served")
    with serve_cinema(postgres, home, MAINSTAY_GRAPHQL_INTROSPECTION="always") as api:
        yield run_session("audits.mjs", api, {}, scripts=GRAPHQL)


def test_every_audit_passes(audited: Steps) -> None:
    assert [step for step in audited.values() if not step["passed"]] == []
    assert len(audited) == AUDITS
