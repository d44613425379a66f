"""What a developer is told once the app runs: where it is, a token for each role, and a line to copy that works."""

from typing import TYPE_CHECKING

from mainstay.cli.asking import role_names
from mainstay.cli.failure import Failure
from mainstay.cli.tokens import sign
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Action

if TYPE_CHECKING:
    from mainstay.app import Mainstay

LIFETIME_S = 7 * 86_400


def welcome(app: "Mainstay", origin: str) -> str:
    """The text; `origin` is the server's, such as http://127.0.0.1:8000."""
    settings = app.settings
    lines = ["", f"Serving {len(app.catalog.named)} tables on {origin}{settings.rest_prefix}"]
    if settings.docs_path is not None:
        lines.append(f"API reference: {origin}{settings.docs_path}")
    if settings.graphql_paths and settings.graphiql != "never":
        lines.append(f"GraphiQL: {origin}{settings.graphiql_path}")
    lines += ["", *_token_lines(app), "", *_curl_lines(app, origin), ""]
    return "\n".join(lines)


def _token_lines(app: "Mainstay") -> list[str]:
    try:
        tokens = [(role, _token(app, role)) for role in _token_roles(app)]
    except (Failure, DeclarationError):
        return ["Tokens come from where the app's public keys do."]
    if not tokens:
        return ["There are no roles that need a token."]
    lifetime = "a week" if _lifetime_s(app) == LIFETIME_S else f"{_lifetime_s(app)} s"
    return [f"A token for each role, good for {lifetime} (mainstay token makes others, with claims):"] + [
        f"  {role}: {token}" for role, token in tokens
    ]


def _curl_lines(app: "Mainstay", origin: str) -> list[str]:
    """A request of someone without a token if such a one may read anything, else of the first role that may."""
    base = f"{origin}{app.settings.rest_prefix}"
    anonymous = app.settings.anonymous_role
    for role in (*filter(None, [anonymous]), *_token_roles(app)):
        table = _readable(app, role)
        if table is not None:
            token = "" if role == anonymous else f" -H 'Authorization: Bearer {_token(app, role)}'"
            return ["Try:", f"  curl '{base}/{table}?limit=3'{token}"]
    return ["No role may read anything yet; let one: app.role('anonymous').may('read', Model, columns='*')"]


def _token(app: "Mainstay", role: str) -> str:
    return sign(app.settings, role, {}, _lifetime_s(app))


def _lifetime_s(app: "Mainstay") -> int:
    return min(LIFETIME_S, app.settings.jwt_lifetime_s_max or LIFETIME_S)


def _token_roles(app: "Mainstay") -> list[str]:
    return [role for role in role_names(app) if role != app.settings.anonymous_role]


def _readable(app: "Mainstay", role: str) -> str | None:
    """The first table of the first schema that the role reads."""
    for key in app.catalog.tables:
        if key.schema == app.catalog.schemas[0] and Action.READ in app.policy.actions(role, key):
            return key.name
    return None
