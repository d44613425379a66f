"""Hasura's metadata → a Python program that says the same, and a list of what it can't say.

The program is for people to read and go on with. What is left out is never left out quietly: a permission that can't
be carried whole is not carried at all, because a part of one would show more than it did.
"""

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mainstay.evolve.hasura.spelling import Left, condition, constant, name_of, named_function, spelled, value_of

ADMIN = "admin"
"""Hasura's role that may do everything; no permission is declared for it."""
HEAD = '''"""The API of a Hasura project, as `mainstay import hasura` carried it over: read it, and go on with it."""
'''
WIDTH = 120
POSTGRES = ("postgres", "pg", None)
OTHERS = {
    "actions": "write each as a function of the database, or behind another route",
    "remote_schemas": "call them from your own code",
    "cron_triggers": "schedule them elsewhere for now",
    "query_collections": "they are for allow-lists and REST endpoints",
    "allow_list": "`mainstay lock` writes a list of what your clients ask",
    "rest_endpoints": "REST is served at /rest/v1 for every table",
    "api_limits": "see limits.md: every limit is on by default",
    "network": "set it where the server runs",
    "opentelemetry": "set it where the server runs",
    "graphql_schema_introspection": "each role sees what it may use",
}
SOURCE_OTHERS = ("native_queries", "logical_models", "stored_procedures")
TABLE_OTHERS = {
    "event_triggers": "events are not sent yet",
    "remote_relationships": "relations lead to tables of the same database",
}


class Program(NamedTuple):
    """`text` is the program's; `left` says what it does not carry, and what to do about it."""

    text: str
    left: list[str]


def write_program(metadata: Mapping[str, Any], *, infers: bool = True) -> Program:
    """Raises nothing for what it does not know: that is among what is left.

    `infers`: every role may call functions of queries, as on a Hasura server that is not told otherwise.
    """
    writer = _Writer(metadata, infers=infers)
    return Program(writer.text(), writer.left)


class _Writer:
    def __init__(self, metadata: Mapping[str, Any], *, infers: bool) -> None:
        self.metadata = metadata
        self.infers = infers
        inherited = metadata.get("inherited_roles") or []
        self.inherited: dict[str, list[str]] = {each["role_name"]: list(each["role_set"]) for each in inherited}
        self.left: list[str] = []
        sources = [each for each in metadata.get("sources", []) if isinstance(each, Mapping)]
        usable = [each for each in sources if each.get("kind") in POSTGRES]
        self.source: Mapping[str, Any] = usable[0] if usable else {}
        for each in sources:
            if each is not self.source:
                self.left.append(f"source {each.get('name')!r} ({each.get('kind')}): one PostgreSQL database is served")
        self.tables: list[Mapping[str, Any]] = list(self.source.get("tables") or [])
        self.functions: list[Mapping[str, Any]] = list(self.source.get("functions") or [])
        names = [value_of(each.get("table")) for each in self.tables]
        self.schemas = tuple(dict.fromkeys(sorted((schema for schema, _ in names), key=lambda name: name != "public")))

    def text(self) -> str:
        """All of it, in the order in which a person would write it."""
        self._others()
        parts = [*self._naming(), *self._relating(), *self._computing(), *self._tracking()]
        roles = [*self._admin(), *self._roles()]
        body = "\n".join([*parts, "", *roles]) if parts else "\n".join(roles)
        names = [name for name in ("claim", "excluding") if re.search(rf"\b{name}[^\w:]", body)]
        imports = ["from mainstay import " + ", ".join(["Mainstay", *sorted(names)])]
        if "func.now()" in body:
            imports.insert(0, "from sqlalchemy import func\n")
        schemas = constant(self.schemas or ("public",))
        app = [
            "app = Mainstay(",
            "    reflect=True,",
            f"    schemas={schemas},",
            '    jwt_claims_namespace="https://hasura.io/jwt/claims",',
            ")",
        ]
        return "\n".join([HEAD, *imports, "", *app, "", body, *self._left_notes()]).rstrip("\n") + "\n"

    def _left_notes(self) -> Iterator[str]:
        if self.left:
            yield "\n# Not carried over:"
            yield from (f"# - {each}" for each in self.left)

    def _others(self) -> None:
        for name, hint in OTHERS.items():
            if self.metadata.get(name):
                self.left.append(f"{name}: {hint}")
        for name in SOURCE_OTHERS:
            if self.source.get(name):
                self.left.append(f"{name}: write each as a function or a view of the database")
        for table in self.tables:
            for name, hint in TABLE_OTHERS.items():
                if table.get(name):
                    self.left.append(f"{name} of {name_of(table.get('table'))}: {hint}")

    def _naming(self) -> Iterator[str]:
        for table in self.tables:
            schema, name = value_of(table.get("table"))
            said = table.get("configuration") or {}
            configured = {
                column: each for column, each in (said.get("column_config") or {}).items() if isinstance(each, Mapping)
            }
            columns = dict(said.get("custom_column_names") or {})
            columns |= {column: each["custom_name"] for column, each in configured.items() if each.get("custom_name")}
            comments = {column: each["comment"] for column, each in configured.items() if each.get("comment")}
            roots = {kind: _root(each) for kind, each in (said.get("custom_root_fields") or {}).items() if _root(each)}
            called = said.get("custom_name")
            if called is None and schema != "public" and schema == self.schemas[0]:
                called = f"{schema}_{name}"
            arguments = [name_of(table.get("table")), *([constant(called)] if called else [])]
            arguments += [f"columns={constant(columns)}"] if columns else []
            arguments += [f"roots={constant(roots)}"] if roots else []
            arguments += [f"comment={constant(said['comment'])}"] if said.get("comment") else []
            arguments += [f"comments={constant(comments)}"] if comments else []
            arguments += ["enum=True"] if table.get("is_enum") else []
            if len(arguments) > 1:
                yield call("app.name", arguments)

    def _relating(self) -> Iterator[str]:
        for table in self.tables:
            for kind in ("object_relationships", "array_relationships"):
                for each in table.get(kind) or []:
                    yield from self._relation(name_of(table.get("table")), each, many=kind.startswith("array"))

    def _relation(self, table: str, said: Mapping[str, Any], *, many: bool) -> Iterator[str]:
        using = said.get("using") or {}
        key, manual = using.get("foreign_key_constraint_on"), using.get("manual_configuration")
        arguments = [table, constant(said.get("name"))]
        if manual is not None and manual.get("source", self.source.get("name")) == self.source.get("name"):
            arguments += [f"to={name_of(manual['remote_table'])}", f"on={constant(dict(manual['column_mapping']))}"]
            arguments += ["incoming=True"] if manual.get("insertion_order") == "after_parent" and not many else []
        elif isinstance(key, Mapping) and "table" in key:
            arguments += [f"to={name_of(key['table'])}", f"by={_by(key.get('columns') or key.get('column'))}"]
        elif key is not None:
            arguments.append(f"by={_by(key.get('columns') if isinstance(key, Mapping) else key)}")
        else:
            self.left.append(f"relationship {said.get('name')!r} of {table}: it joins nothing that is known here")
            return
        yield call("app.relate", [*arguments, *(["many=True"] if many else [])])

    def _computing(self) -> Iterator[str]:
        for table in self.tables:
            for each in table.get("computed_fields") or []:
                definition = each.get("definition") or {}
                function = named_function(definition.get("function"), value_of(table.get("table"))[0])
                arguments = [name_of(table.get("table")), constant(each.get("name")), constant(function)]
                for said, argument in (("row", "table_argument"), ("session", "session_argument")):
                    if definition.get(argument):
                        arguments.append(f"{said}={constant(definition[argument])}")
                arguments += [f"comment={constant(each['comment'])}"] if each.get("comment") else []
                yield call("app.compute", arguments)

    def _tracking(self) -> Iterator[str]:
        for each in self.functions:
            said = each.get("configuration") or {}
            arguments = [constant(_function(each))]
            if said.get("exposed_as"):
                arguments.append(f"kind={constant(said['exposed_as'])}")
            called = (said.get("custom_root_fields") or {}).get("function") or said.get("custom_name")
            arguments += [f"name={constant(called)}"] if called else []
            yield call("app.track", arguments)

    def _admin(self) -> Iterator[str]:
        yield 'admin = app.role("admin")'
        if self.tables:
            yield call("admin.administers", [name_of(table.get("table")) for table in self.tables])
        for each in self.functions:
            yield self._call("admin", each, inferred=False)

    def _roles(self) -> Iterator[str]:
        for name in self._role_names():
            if name in self.inherited and self._is_joined(name):
                of = constant(tuple(self.inherited[name]))
                yield f"\n{_variable(name)} = app.role({constant(name)}, inherits={of})"
            else:
                yield from self._role(name)

    def _role(self, name: str) -> Iterator[str]:
        """A role with all that is granted to it, inherited or not."""
        variable, of = _variable(name), self._lineage(name)
        yield f"\n{variable} = app.role({constant(name)})"
        for table in self.tables:
            for action, word in ACTIONS.items():
                where = f"{action} permission of {name!r} on {name_of(table.get('table'))}"
                permissions = self._granted(table, action, name)
                if action != "select" and len(permissions) > 1:
                    self.left.append(f"{where}: its roles have different ones")
                    continue
                for permission in permissions:
                    try:
                        yield _may(variable, word, table, permission)
                    except Left as left:
                        self.left.append(f"{where}: {left}")
        for each in self.functions:
            allowed = any(said.get("role") in of for said in each.get("permissions") or [])
            reading = (each.get("configuration") or {}).get("exposed_as") != "mutation"
            if allowed or (reading and self.infers):
                yield self._call(variable, each, inferred=not allowed)

    def _granted(
        self, table: Mapping[str, Any], action: str, role: str, within: tuple[str, ...] = ()
    ) -> list[Mapping[str, Any]]:
        """The role's own permission, which goes before what it inherits. Of writes that its roles allow in different
        ways Hasura gives none to whoever inherits from them."""
        found = [each for each in table.get(f"{action}_permissions") or [] if each.get("role") == role]
        if found:
            return [found[0].get("permission") or {}]
        joined: list[Mapping[str, Any]] = []
        for parent in self.inherited.get(role, ()):
            granted = [] if parent in within else self._granted(table, action, parent, (*within, role))
            if action == "select" or len(granted) == 1:
                joined += [each for each in granted if each not in joined]
        return joined

    def _is_joined(self, role: str) -> bool:
        """Whether `inherits` says the same: it joins all that the roles may do."""
        for table in self.tables:
            for action in ACTIONS:
                own = any(each.get("role") == role for each in table.get(f"{action}_permissions") or [])
                if own or (action != "select" and len(self._granted(table, action, role)) > 1):
                    return False
        return True

    def _lineage(self, role: str, within: tuple[str, ...] = ()) -> set[str]:
        """The role and all that it inherits."""
        parents = (each for each in self.inherited.get(role, ()) if each not in within)
        return {role}.union(*(self._lineage(each, (*within, role)) for each in parents))

    def _call(self, variable: str, function: Mapping[str, Any], *, inferred: bool) -> str:
        session = (function.get("configuration") or {}).get("session_argument")
        arguments = [constant(_function(function))]
        arguments += [f"presets={{{constant(session)}: claim}}"] if session else []
        return call(f"{variable}.may_call", [*arguments, *(["unchanging=True"] if inferred else [])])

    def _role_names(self) -> list[str]:
        names: dict[str, None] = {}
        for table in self.tables:
            for action in ACTIONS:
                names |= {each["role"]: None for each in table.get(f"{action}_permissions") or []}
        for function in self.functions:
            names |= {each["role"]: None for each in function.get("permissions") or []}
        names |= dict.fromkeys(role for of in self.inherited.values() for role in of if role not in self.inherited)
        names = {name: None for name in names if name not in self.inherited} | dict.fromkeys(self.inherited)
        return [name for name in names if name != ADMIN]


ACTIONS = {"select": "read", "insert": "create", "update": "update", "delete": "delete"}


def _may(variable: str, word: str, table: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Raises Left."""
    arguments = [constant(word), name_of(table.get("table"))]
    if said.get("backend_only"):
        raise Left("it is for the backend alone; give such a role to the backend's own token")
    presets = said.get("set") or {}
    if word != "delete":
        arguments.append(f"columns={_columns(said, presets)}")
    if word != "create" and (rows := condition(said.get("filter") or {})) != "{}":
        arguments.append(f"rows={rows}")
    if word in ("create", "update"):
        check = condition(said.get("check") or {})
        arguments += [f"check={check}"] if check != "{}" or word == "update" else []
        if presets:
            written = ", ".join(f"{constant(name)}: {spelled(value)}" for name, value in presets.items())
            arguments.append(f"presets={{{written}}}")
    if said.get("limit") is not None:
        arguments.append(f"rows_max={int(said['limit'])}")
    if word == "read" and not said.get("allow_aggregations"):
        arguments.append("aggregates=False")
    if word in ("update", "delete"):
        arguments.append("unfiltered=True")
    return call(f"{variable}.may", arguments)


def call(what: str, arguments: Iterable[str]) -> str:
    """On one line, or where that is long with an argument a line."""
    arguments = list(arguments)
    line = f"{what}({', '.join(arguments)})"
    return line if len(line) <= WIDTH else "\n".join([f"{what}(", *(f"    {each}," for each in arguments), ")"])


def _columns(said: Mapping[str, Any], presets: Mapping[str, Any]) -> str:
    columns = said.get("columns", "*")
    computed = list(said.get("computed_fields") or [])
    if columns != "*":
        names = [name for name in columns if name not in presets] + computed
        if not names and not presets:
            raise Left("it names no column")
        return constant(names)
    return f"excluding({', '.join(map(constant, presets))})" if presets else '"*"'


def _by(columns: Any) -> str:
    names: Iterable[str] = [columns] if isinstance(columns, str) else columns or ()
    return constant(columns) if isinstance(columns, str) else constant(list(names))


def _root(said: Any) -> Any:
    return said.get("name") if isinstance(said, Mapping) else said


def _function(said: Mapping[str, Any]) -> str:
    return named_function(said.get("function"), "public")


def _variable(role: str) -> str:
    """A name for the role's variable that is Python's to say, and no other's here."""
    name = re.sub(r"\W", "_", role).lower()
    usable = name.isidentifier() and not keyword.iskeyword(name) and name not in TAKEN
    return name if usable else f"role_{name}"


TAKEN = frozenset({"app", "admin", "claim", "func", "excluding"})
