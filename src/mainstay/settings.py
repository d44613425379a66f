"""Every knob: its type, its default, one line on what it does.

Only `app` and `cli` see the whole object; every other room is passed the few values that it needs. A value comes from
a keyword of `Mainstay(...)`, else from the environment (`MAINSTAY_<NAME>`, `MAINSTAY_LIMITS_<NAME>`), else it is the
default. Nothing is read from files, and no secret is ever in a repr.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args, get_origin

import msgspec
from msgspec import Meta

from mainstay.core.limits import Limits
from mainstay.core.problem import DeclarationError

PREFIX = "MAINSTAY_"
LIMITS_PREFIX = "MAINSTAY_LIMITS_"
SECRETS = frozenset({"jwt_secret", "jwt_public_key", "jwt_jwks", "admin_secret"})
PUBLIC_KEYS = ("jwt_public_key", "jwt_jwks", "jwt_jwks_url")
"""Settings that name keys which verify and can not sign."""
HIDDEN = "***"
URL_PASSWORD = re.compile(r"(?<=://)([^:@/?]*):([^@/?]*)@|(?<=[?&]password=)[^&]*")
TransactionEnd: TypeAlias = Literal["commit", "commit-allow-override", "rollback", "rollback-allow-override"]
WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the app runs; what it serves is declared with models and rules instead."""

    database_url: str | None = None
    """The database, `postgresql://user:password@host:5432/name` or `sqlite:///a.db`; unset, `mainstay dev` runs one."""
    rest_prefix: Annotated[str, Meta(pattern=r"^(/[^/?#]+)*$")] = "/rest/v1"
    """The path under which tables are served; supabase-js expects the default."""
    graphql_paths: tuple[Annotated[str, Meta(pattern=r"^(/[^/?#]+)+$")], ...] = ("/v1/graphql", "/graphql")
    """The paths at which GraphQL is served; empty serves none."""
    live_poll_ms: Annotated[int, Meta(ge=50)] = 1_000
    """Milliseconds after which a live query is asked for again where the database does not tell of changes."""
    graphql_naming: Literal["hasura-default", "graphql-default"] = "hasura-default"
    """What GraphQL calls things: as the database does, or fields in camelCase and types in PascalCase."""
    graphql_introspection: Literal["development", "always", "never"] = "development"
    """When GraphQL tells a role its schema, of what that role may use."""
    graphql_number_texts: bool = False
    """Whether GraphQL answers `bigint`, `numeric` and `float8` as texts, which no client rounds."""
    live_interval_ms: Annotated[int, Meta(ge=1)] = 20
    """Milliseconds between two evaluations of live queries of one form; what changes meanwhile is in one of them."""
    graphiql: Literal["development", "always", "never"] = "development"
    """When GraphiQL, a page to try GraphQL with, is served."""
    graphiql_path: Annotated[str, Meta(pattern=r"^(/[^/?#]+)+$")] = "/graphiql"
    """The path of GraphiQL."""
    graphql_allow_list: str | None = None
    """The file, written by `mainstay lock`, of the GraphQL operations that alone are served; not in development."""
    graphql_record: str | None = None
    """A directory to record GraphQL operations in, for `mainstay lock`; in development `.mainstay/operations`."""
    docs_path: Annotated[str, Meta(pattern=r"^(/[^/?#]+)+$")] | None = "/docs"
    """The path of the API reference page; empty serves none."""
    jwt_secret: str | None = None
    """The shared secret that HS256, HS384 and HS512 tokens are signed with; at least 32 bytes."""
    jwt_secret_is_base64: bool = False
    """Whether the secret is base64 (or base64url) of the bytes to verify with."""
    jwt_public_key: str | None = None
    """A public key that verifies tokens, as PEM text: RSA, EC or Ed25519."""
    jwt_jwks: str | None = None
    """A JSON Web Key Set, as JSON text, whose keys verify tokens."""
    jwt_jwks_url: str | None = None
    """The URL of a JSON Web Key Set; fetched, cached and refreshed when an unknown key is named."""
    jwt_algorithms: tuple[str, ...] = ()
    """The signature algorithms that are accepted; empty accepts those that fit the keys."""
    jwt_audience: tuple[str, ...] = ()
    """A token must be meant for one of these (`aud`); empty accepts any."""
    jwt_audience_required: bool = True
    """Whether a token without `aud` is refused where an audience is set; PostgREST lets it in."""
    jwt_issuer: str | None = None
    """A token must come from this issuer (`iss`); unset accepts any."""
    jwt_leeway_s: Annotated[int, Meta(ge=0)] = 30
    """Seconds by which clocks may differ when `exp`, `nbf` and `iat` are checked."""
    jwt_lifetime_s_max: Annotated[int, Meta(ge=1)] | None = None
    """The longest time from a token's `iat` to its `exp`, in seconds; a token without `exp` is then refused, too."""
    jwt_role_claim: str = "role"
    """Where in the claims the role is, with dots between steps: `role`, `app_metadata.role`."""
    jwt_claims_namespace: str | None = None
    """The claim that holds Hasura's: `https://hasura.io/jwt/claims`; `x-hasura-role` then chooses among its roles."""
    admin_secret: str | None = None
    """What a request sends as `x-hasura-admin-secret` to act as `admin`, or as the role in `x-hasura-role`."""
    admin_open: bool = False
    """Whether a request without credentials may act as any role, too: for development, never in production."""
    anonymous_role: str | None = "anonymous"
    """The role of a request without a token, and of a token without a role; empty refuses both."""
    security: Literal["policy", "database", "both"] = "policy"
    """Who decides: the rules declared in Python, the database's grants and row-level security, or both together."""
    schemas: tuple[str, ...] = ("public",)
    """The schemas whose tables and functions are served, where a database is reflected; the first is the default."""
    extra_search_path: tuple[str, ...] = ("public",)
    """Schemas that code in the database finds by itself besides the request's own; not in policy mode."""
    pre_request: str | None = None
    """A function of the database, `schema.name`, that runs at the start of each transaction; not in policy mode."""
    database_settings: tuple[str, ...] = ()
    """Settings that each connection has, `name=value`: for code in the database, such as `app.settings.host=…`."""
    reload_channel: str = "pgrst"
    """The channel on which `NOTIFY` makes a reflected database be read anew; empty listens to none."""
    unfiltered_allowed: bool = False
    """Whether PATCH and DELETE may come without a filter where the database decides."""
    aggregates_enabled: bool = True
    """Whether `select` may hold aggregates."""
    cors_origins: tuple[str, ...] = ("*",)
    """The origins whose pages may call the API; `*` is any, empty none."""
    plan_enabled: bool = False
    """Whether a request may ask for the database's plan (`Accept: application/vnd.pgrst.plan`)."""
    transaction_end: TransactionEnd = "commit"
    """How a request's transaction ends, and whether it may ask for the other end (`Prefer: tx=rollback`)."""
    trace_header: Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """A request's header that its answer repeats, such as `X-Request-Id`, so that logs can be matched."""
    server_timing: bool = True
    """Whether answers tell how long the database took (`Server-Timing`)."""
    batch_path: Annotated[str, Meta(pattern=r"^[^/?#]+$")] | None = "batch"
    """Where below the prefix a batch is posted, unless a table is called so; empty takes none."""
    idempotency_hours: Annotated[int, Meta(ge=1)] = 24
    """How long the answer to a request with an `Idempotency-Key` is kept."""
    etags: bool = True
    """Whether reads are answered with an `ETag`, and with 304 where the client has that already."""
    error_details: bool = True
    """Whether a problem tells details and a hint besides its code and message."""
    openapi_enabled: bool = True
    """Whether the prefix answers with an OpenAPI document of what the caller's role may see."""
    root_function: str | None = None
    """A function of the first schema that answers at the prefix itself, in place of the OpenAPI document."""
    lanes_read: Annotated[int, Meta(ge=1)] = 8
    """Database connections for reads, in each worker."""
    lanes_write: Annotated[int, Meta(ge=1)] = 4
    """Database connections for writes, in each worker."""
    lanes_shared: Annotated[int, Meta(ge=1)] = 2
    """How many of these connections requests that share a statement may use at once; the fewer, the more they share."""
    limits: Limits = Limits()
    """What one request, and one process, may cost; each has a variable of its own."""
    log_format: Literal["auto", "json", "console"] = "auto"
    """How log lines are written: a JSON object each, as text for people, or as text on a terminal alone (`auto`)."""
    log_requests: bool = False
    """Whether each request is logged."""
    dev: bool = False
    """Set by `mainstay dev`: the app is being written, and its caller is its author."""

    @classmethod
    def load(cls, overrides: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> "Settings":
        """Settings from keywords, which win, and the environment (`os.environ` where None is given).

        Raises `DeclarationError` for a name that is no setting and for a value of another type.
        """
        environment = os.environ if environ is None else environ
        values = dict(_from_environment(environment))
        limits = dict(_limits_from_environment(environment))
        for name, value in overrides.items():
            where = f"setting {name}"
            if name == "limits" and isinstance(value, Mapping):
                limits |= _limits_from_mapping(value)
            elif name == "limits":
                limits |= msgspec.structs.asdict(_convert(value, Limits, where))
            else:
                values[name] = _convert(value, _type_of(cls, name, where), where)
        return cls(**values, limits=Limits(**limits))

    def replace(self, **changes: Any) -> "Settings":
        """A copy with some of it changed; the changes are checked as keywords are."""
        for name, value in changes.items():
            where = f"setting {name}"
            changes[name] = _convert(value, _type_of(type(self), name, where), where)
        return msgspec.structs.replace(self, **changes)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, shown(name, getattr(self, name))) for name in self.__struct_fields__]


def shown(name: str, value: Any) -> Any:
    """The setting's value as it may be printed: a secret, or a URL's password, is three stars."""
    if value is None:
        return None
    if name in SECRETS:
        return HIDDEN
    if name == "database_url":
        return URL_PASSWORD.sub(_without_password, str(value))
    return value


def variable(name: str, *, limit: bool = False) -> str:
    """The environment variable of a setting, or of a limit."""
    return f"{LIMITS_PREFIX if limit else PREFIX}{name.upper()}"


def _without_password(match: re.Match[str]) -> str:
    return HIDDEN if match[1] is None else f"{match[1]}:{HIDDEN}@"


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    known = {variable(name): name for name in Settings.__struct_fields__ if name != "limits"}
    for key, text in environ.items():
        if key.startswith(PREFIX) and not key.startswith(LIMITS_PREFIX):
            name = _known(key, known, f"environment variable {key}", "Mainstay has no such setting")
            yield name, _parse(text, _type_of(Settings, name, key), f"environment variable {key}")


def _limits_from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    known = {variable(name, limit=True): name for name in Limits.__struct_fields__}
    for key, text in environ.items():
        if key.startswith(LIMITS_PREFIX):
            where = f"environment variable {key}"
            yield _known(key, known, where, "Mainstay has no such limit"), _positive(_parse(text, int, where), where)


def _limits_from_mapping(values: Mapping[str, Any]) -> dict[str, int]:
    known = {name: name for name in Limits.__struct_fields__}
    checked = {}
    for name, value in values.items():
        where = f"setting limits.{name}"
        _known(name, known, where, "Mainstay has no such limit")
        checked[name] = _positive(_convert(value, int, where), where)
    return checked


def _positive(value: int, where: str) -> int:
    if value < 1:
        raise DeclarationError(f"{value} is not a bound", where=where, hint="A limit is at least 1.")
    return value


def _known(name: str, known: Mapping[str, str], where: str, what: str) -> str:
    """What `name` is known as, or an error that says which known name is meant."""
    if name in known:
        return known[name]
    bare = {key.removeprefix(LIMITS_PREFIX).removeprefix(PREFIX): key for key in known}  # the prefix is alike in all
    close = difflib.get_close_matches(name.removeprefix(LIMITS_PREFIX).removeprefix(PREFIX), bare, n=1)
    hint = f"Did you mean '{bare[close[0]]}'?" if close else "docs/reference/settings.md lists every setting."
    raise DeclarationError(what, where=where, hint=hint)


def _type_of(settings: type[Settings], name: str, where: str) -> Any:
    types = {field.name: field.type for field in msgspec.structs.fields(settings)}
    _known(name, {known: known for known in types}, where, "Mainstay has no such setting")
    return types[name]


def _parse(text: str, expected: Any, where: str) -> Any:
    """A variable's text as a value: words for booleans, commas between a list's items, nothing for None."""
    if expected is bool:
        if text.lower() not in WORDS:
            raise DeclarationError(f"{text!r} is neither true nor false", where=where, hint="Say 'true' or 'false'.")
        return WORDS[text.lower()]
    if _is_list(expected):
        items = tuple(item.strip() for item in text.split(",") if item.strip())
        return _convert(items, expected, where)
    if text == "" and type(None) in get_args(expected):
        return None
    return _convert(text, expected, where, strict=False)


def _convert(value: Any, expected: Any, where: str, *, strict: bool = True) -> Any:
    if _is_list(expected) and isinstance(value, str):
        value = (value,)  # one origin, one audience: a list of one
    try:
        return cast("Any", msgspec.convert(value, expected, strict=strict))
    except msgspec.ValidationError as error:
        # The value itself is left out: it may be a secret that was put into the wrong setting.
        raise DeclarationError(str(error), where=where, hint=f"It takes {_type_in_words(expected)}.") from None


def _is_list(expected: Any) -> bool:
    return get_origin(expected) is tuple


def _type_in_words(expected: Any) -> str:
    if _is_list(expected):
        return "a list of texts (in a variable, with commas between them)"
    if expected is Limits:
        return "mainstay.core.limits.Limits(...) or a mapping of limits to whole numbers"
    parts = () if get_origin(expected) is Annotated else get_args(expected)
    options = [option for option in parts if option is not type(None)] or [expected]
    plain = [get_args(option)[0] if get_origin(option) is Annotated else option for option in options]
    names = {str: "a text", int: "a whole number", bool: "true or false"}
    return " or ".join(names.get(option, repr(option)) for option in plain)
