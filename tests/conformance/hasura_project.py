"""The metadata steps of a set-up as the metadata that a Hasura server would export after them.

So each set-up goes the way of `mainstay import hasura`, and nothing of a case is known to the app that serves it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Metadata = dict[str, Any]
Table = dict[str, Any]


def metadata_of(steps: Iterable[Mapping[str, Any]]) -> Metadata:
    project = _Project()
    for step in steps:
        project.take(step)
    source = {
        "name": "default",
        "kind": "postgres",
        "tables": list(project.tables.values()),
        "functions": list(project.functions.values()),
    }
    return {"version": 3, "sources": [source], "inherited_roles": project.inherited}


class _Project:
    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], Table] = {}
        self.functions: dict[tuple[str, str], dict[str, Any]] = {}
        self.inherited: list[dict[str, Any]] = []

    def take(self, step: Mapping[str, Any]) -> None:
        match step["op"]:
            case "track_table":
                table = self._table(step["table"])
                table["configuration"] = step.get("configuration") or {}
                table["is_enum"] = bool(step.get("is_enum"))
            case "set_table_customization":
                self._table(step["table"])["configuration"] = step.get("configuration") or {}
            case "create_relationship":
                kind = f"{step['kind']}_relationships"
                said = {"name": step["name"], "using": step["using"]}
                self._table(step["table"]).setdefault(kind, []).append(said)
            case "create_permission":
                kind = f"{step['action']}_permissions"
                said = {"role": step["role"], "permission": step["permission"]}
                self._table(step["table"]).setdefault(kind, []).append(said)
            case "add_computed_field":
                said = {"name": step["name"], "definition": step["definition"], "comment": step.get("comment")}
                self._table(step["table"]).setdefault("computed_fields", []).append(said)
            case "track_function":
                self.functions[_key(step["function"])] = {
                    "function": step["function"],
                    "configuration": step.get("configuration") or {},
                    "permissions": [],
                }
            case "create_function_permission":
                self.functions[_key(step["function"])]["permissions"].append({"role": step["role"]})
            case "add_inherited_role":
                self.inherited.append({"role_name": step["role_name"], "role_set": step["role_set"]})
            case other:
                raise ValueError(f"{other} is no step that is known")

    def _table(self, said: Any) -> Table:
        return self.tables.setdefault(_key(said), {"table": said})


def _key(said: Any) -> tuple[str, str]:
    if isinstance(said, Mapping):
        return str(said.get("schema") or "public"), str(said["name"])
    return "public", str(said)
