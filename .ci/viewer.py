"""Fetches what the pages are shown with from npm into the package, as it is there, and writes down what came.

    python .ci/viewer.py                        the versions that the notes name; their integrity must be what is noted
    python .ci/viewer.py swagger-ui-dist 5.35.0     another version of one package

npm checks an archive against the registry's hash; the note keeps that one and one of each file, which a test compares.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "src/mainstay/wires/docs"
PACKAGES: dict[str, tuple[Path, dict[str, str]]] = {
    "swagger-ui-dist": (
        DOCS / "assets/viewer.json",
        {name: name for name in ("swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css")}
        | {"LICENSE": "LICENSE", "NOTICE": "NOTICE"},
    ),
    "graphiql": (
        DOCS / "graphiql/assets/graphiql.json",
        {"graphiql.min.js": "graphiql.min.js", "graphiql.min.css": "graphiql.min.css", "LICENSE": "graphiql.LICENSE"},
    ),
    "react": (
        DOCS / "graphiql/assets/react.json",
        {"umd/react.production.min.js": "react.production.min.js", "LICENSE": "react.LICENSE"},
    ),
    "react-dom": (
        DOCS / "graphiql/assets/react-dom.json",
        {"umd/react-dom.production.min.js": "react-dom.production.min.js", "LICENSE": "react-dom.LICENSE"},
    ),
}
"""Of each package: its note, and which of its files are kept under which name beside that."""


def main(arguments: list[str]) -> int:
    versions = dict([arguments]) if arguments else dict.fromkeys(PACKAGES)
    return max(fetch(package, version) for package, version in versions.items())


def fetch(package: str, version: str | None) -> int:
    place, files = PACKAGES[package]
    noted: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {}
    version = version or noted["version"]
    with tempfile.TemporaryDirectory() as folder:
        archive, integrity = pack(f"{package}@{version}", Path(folder))
        if version == noted.get("version") and integrity != noted["integrity"]:
            print(f"error: {package} {version} is no longer what it was: {integrity}", file=sys.stderr)
            return 1
        contents = read(archive, files)
    for name, content in contents.items():
        (place.parent / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in contents.items()}
    note = {"package": package, "version": version, "integrity": integrity, "sha256": hashes}
    place.write_text(json.dumps(note, indent=2) + "\n")
    print(f"{package} {version}")
    return 0


def pack(package: str, folder: Path) -> tuple[Path, str]:
    """The package's archive, in `folder`, and the hash that npm found right."""
    command = ["npm", "pack", "--json", "--pack-destination", str(folder), package]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    (one,) = told.values() if isinstance(told, dict) else told
    return folder / one["filename"], one["integrity"]


def read(archive: Path, files: dict[str, str]) -> dict[str, bytes]:
    """By the names under which they are kept."""
    contents: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for name, kept in files.items():
            member = tar.extractfile(f"package/{name}")
            if member is None:
                raise FileNotFoundError(f"{archive.name} has no file {name} any more")
            contents[kept] = member.read()
    return contents


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
