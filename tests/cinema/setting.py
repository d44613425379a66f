"""The cinema's database and the tokens of those who ask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import MetaData

from cinema.app import ANNA, BERT, SECRET
from mainstay.auth.issue import issue_token
from mainstay.evolve.sync import create_missing

ROWS = (Path(__file__).parent / "rows.sql").read_text()


def token(role: str, secret: str = SECRET, **claims: Any) -> str:
    return issue_token(secret, {"role": role, **claims})


TOKENS = {
    "anna": token("member", sub=ANNA),
    "bert": token("member", sub=BERT),
    "nobody": token("member"),
    "critic": token("critic", sub=ANNA),
    "editor": token("editor"),
    "owner": token("owner"),
    "expired": token("owner", exp=1),
    "forged": token("owner", secret=SECRET[::-1]),
}


async def set_up(url: str, metadatas: Sequence[MetaData]) -> None:
    """Create the cinema's tables in an empty database and fill them."""
    connection = await asyncpg.connect(url)
    try:
        await create_missing(connection, metadatas)
        await connection.execute(ROWS)
    finally:
        await connection.close()
