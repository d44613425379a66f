"""docs/how-to/live-queries.md: its app is served, and its subscription hears what its rules show."""

from typing import Any

from docs.page_examples import ROOT, blocks_of
from event.boards import Stage, on_stage

PAGE = ROOT / "docs" / "how-to" / "live-queries.md"


def test_the_pages_subscription_hears_of_changes(database: str) -> None:
    blocks = {block.language: block.text for block in blocks_of(PAGE)}
    names: dict[str, Any] = {"__name__": "page"}
    exec(blocks["python"], names)

    async def play(stage: Stage) -> None:
        text = blocks["graphql"].removeprefix("subscription ")
        ada, ben = (stage.subscribe(text, {"board": 1}, role="member", sub=name) for name in ("ada", "ben"))
        assert await ada.next() == [{"id": 1, "text": "Tide"}]
        assert await ben.next() == [{"id": 2, "text": "Salt"}]
        await stage.run("UPDATE notes SET owner = 'ben' WHERE id = 1")
        assert await ada.next() == []
        assert await ben.next() == [{"id": 1, "text": "Tide"}, {"id": 2, "text": "Salt"}]

    on_stage(database, play, app=names["app"])
