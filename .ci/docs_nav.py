"""A hook of MkDocs: the navigation is the folders, in the order in which Diataxis is read.

A page's place is its file; `index.md` opens its folder, the others follow by name.
"""

from pathlib import Path
from typing import Any

FOLDERS = {
    "tutorial": "Tutorial",
    "how-to": "How-to guides",
    "reference": "Reference",
    "explanation": "Explanation",
    "adr": "Decisions",
}


def on_config(config: Any) -> Any:
    docs = Path(config["docs_dir"])
    nav: list[dict[str, Any]] = [{"Home": "index.md"}] if (docs / "index.md").exists() else []
    for folder, title in FOLDERS.items():
        pages = sorted((docs / folder).rglob("*.md"), key=lambda page: (page.name != "index.md", page))
        if pages:
            nav.append({title: [page.relative_to(docs).as_posix() for page in pages]})
    config["nav"] = nav
    return config
