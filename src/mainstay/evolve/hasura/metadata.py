"""Reads a Hasura project's metadata: the directory that its command line keeps, or the JSON that its API exports.

Both come out as one mapping, that of an export (`version`, `sources`, …). Nothing is interpreted here.
Source: https://hasura.io/docs/2.0/migrations-metadata-seeds/metadata-format/
"""

import json
from pathlib import Path
from typing import Any

Metadata = dict[str, Any]

SECTIONS = (
    "actions",
    "remote_schemas",
    "cron_triggers",
    "query_collections",
    "allow_list",
    "rest_endpoints",
    "api_limits",
    "inherited_roles",
    "network",
    "opentelemetry",
    "graphql_schema_introspection",
)
"""Files of a directory beside those of its databases; each is called as its member of an export is."""
BYTES_MAX = 50_000_000


class MetadataError(Exception):
    """It can't be read; the text says which file, and why."""


def read_metadata(path: Path) -> Metadata:
    """`path` is a project's directory, its `metadata` directory, or a file of JSON or YAML. Raises MetadataError."""
    if path.is_file():
        return _whole(_load(path), path)
    folder = path / "metadata" if (path / "metadata").is_dir() else path
    if not folder.is_dir():
        raise MetadataError(f"there is no {path}")
    found: Metadata = {"version": 3, "sources": _sources(folder)}
    for name in SECTIONS:
        file = folder / f"{name}.yaml"
        if file.exists() and (said := _load(file)):
            found[name] = said.get("actions", []) if name == "actions" and isinstance(said, dict) else said
    return found


def _whole(said: Any, path: Path) -> Metadata:
    """An export, with or without the answer's envelope; version 2 has its tables at the top."""
    if isinstance(said, dict) and isinstance(said.get("metadata"), dict):
        said = said["metadata"]
    if not isinstance(said, dict) or not {"sources", "tables"} & said.keys():
        raise MetadataError(f"{path} holds no metadata of Hasura: it has neither sources nor tables")
    if "sources" not in said:
        source = {"name": "default", "kind": "postgres", "tables": said["tables"]}
        return {**said, "sources": [{**source, "functions": said.get("functions", [])}]}
    return said


def _sources(folder: Path) -> list[Any]:
    databases = folder / "databases" / "databases.yaml"
    if databases.exists():
        return list(_load(databases) or [])
    if (folder / "tables.yaml").exists():  # version 2
        functions = _load(folder / "functions.yaml") if (folder / "functions.yaml").exists() else []
        return [{"name": "default", "kind": "postgres", "tables": _load(folder / "tables.yaml") or [],
                 "functions": functions or []}]  # fmt: skip
    raise MetadataError(
        f"{folder} holds no metadata of Hasura: neither databases/databases.yaml nor tables.yaml is there"
    )


def _load(path: Path) -> Any:
    """The file's value, with what it includes in its place (`!include public_users.yaml`, as a tag or as text)."""
    if not path.is_file():
        raise MetadataError(f"there is no {path}")
    if path.stat().st_size > BYTES_MAX:
        raise MetadataError(f"{path} is larger than {BYTES_MAX} bytes")
    return _included(_parsed(path), path)


def _parsed(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise MetadataError(f"{path} is no JSON: {error}") from None
    try:
        import yaml
    except ImportError:
        raise MetadataError("metadata is YAML, which PyYAML reads; pip install 'mainstay[hasura]'") from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """With Hasura's tag as the text that it also is."""

    Loader.add_constructor("!include", lambda loader, node: f"!include {loader.construct_scalar(node)}")
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise MetadataError(f"{path} is no YAML: {' '.join(str(error).split())}") from None


def _included(value: Any, path: Path) -> Any:
    match value:
        case str() if value.startswith("!include "):
            return _load(_within(path.parent / value.removeprefix("!include ").strip(), path))
        case list():
            return [_included(item, path) for item in value]
        case dict():
            return {key: _included(item, path) for key, item in value.items()}
    return value


def _within(file: Path, path: Path) -> Path:
    """A file of the project: nothing is read that lies above the directory of the file which names it."""
    resolved = file.resolve()
    if not resolved.is_relative_to(path.parent.resolve()) or resolved == path.resolve():
        raise MetadataError(f"{path} includes {file}, which is not below it")
    return resolved
