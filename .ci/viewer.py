"""Fetches Swagger UI from npm into the package, as it is there, and writes down what came.

    python .ci/viewer.py            the version that assets/viewer.json names; its integrity must be the one noted there
    python .ci/viewer.py 5.35.0     another version

npm checks the archive against the registry's hash; the note keeps that one and one of each file, which a test compares.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

PACKAGE = "swagger-ui-dist"
ASSETS = Path(__file__).parent.parent / "src/mainstay/wires/docs/assets"
NOTE = ASSETS / "viewer.json"
FILES = ("swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css", "LICENSE", "NOTICE")


def main(arguments: list[str]) -> int:
    noted: dict[str, Any] = json.loads(NOTE.read_text()) if NOTE.exists() else {}
    version = arguments[0] if arguments else noted["version"]
    with tempfile.TemporaryDirectory() as folder:
        archive, integrity = pack(version, Path(folder))
        if version == noted.get("version") and integrity != noted["integrity"]:
            print(f"error: {PACKAGE} {version} is no longer what it was: {integrity}", file=sys.stderr)
            return 1
        contents = read(archive)
    for name, content in contents.items():
        (ASSETS / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in contents.items()}
    note = {"package": PACKAGE, "version": version, "integrity": integrity, "sha256": hashes}
    NOTE.write_text(json.dumps(note, indent=2) + "\n")
    print(f"{PACKAGE} {version}")
    return 0


def pack(version: str, folder: Path) -> tuple[Path, str]:
    """The package's archive, in `folder`, and the hash that npm found right."""
    command = ["npm", "pack", "--json", "--pack-destination", str(folder), f"{PACKAGE}@{version}"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    (one,) = told.values() if isinstance(told, dict) else told
    return folder / one["filename"], one["integrity"]


def read(archive: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for name in FILES:
            member = tar.extractfile(f"package/{name}")
            if member is None:
                raise FileNotFoundError(f"{PACKAGE} has no file {name} any more")
            contents[name] = member.read()
    return contents


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
