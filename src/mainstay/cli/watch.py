"""Which files a developer may change, and when one of them did.

Only directories that can hold the app's modules are watched, each by itself: an environment or a database directory
in the project has thousands of files that change for other reasons.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
SETTLE_MS = 100
TICK_MS = 250
DIRECTORIES_MAX = 2_000


def directories(root: Path) -> list[Path]:
    """`root` and the directories below it that may hold modules: no hidden ones, no environments."""
    found: list[Path] = []
    for place, below, files in os.walk(root):
        if "pyvenv.cfg" in files:
            below.clear()
            continue
        below[:] = sorted(name for name in below if name not in SKIPPED and not name.startswith("."))
        found.append(Path(place))
        if len(found) == DIRECTORIES_MAX:  # someone runs it in their home directory
            break
    return found


def changes(root: Path, stop: threading.Event) -> Iterator[set[Path]]:
    """The Python files that changed, or an empty set at each tick, until `stop` is set."""
    from watchfiles import PythonFilter, watch

    while not stop.is_set():
        # New directories are watched from the next change on.
        for found in watch(
            *directories(root),
            watch_filter=PythonFilter(),
            stop_event=stop,
            debounce=1_000,
            step=SETTLE_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            yield {Path(path) for _, path in found}
            if found:
                break
