"""The tutorial, done as it says: from `pip install` into an environment of its own to the deployed policy."""

from docs.page_examples import ROOT, follow

TUTORIAL = ROOT / "docs" / "tutorial" / "from-install-to-a-deployed-policy.md"


def test_the_tutorial_can_be_followed(database: str) -> None:
    follow(
        TUTORIAL,
        {"path/to/mainstay": str(ROOT), "postgresql://library:password@localhost/library": f"'{database}'"},
    )
