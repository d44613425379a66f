"""Development secrets and the tokens signed with them. Production tokens come from an identity provider."""

import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mainstay.cli.embedded import make_directory
from mainstay.cli.failure import Failure
from mainstay.settings import Settings

SECRET_FILE = "jwt-secret"  # noqa: S105 - a file's name
DURATION = re.compile(r"(\d+)([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def read_secret(data: Path) -> str | None:
    """The development secret of `data`, if there is one."""
    try:
        return (data / SECRET_FILE).read_text().strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"can't read {data / SECRET_FILE}: {error.strerror}") from None


def development_secret(data: Path) -> str:
    """The development secret of `data`, made on first use; only its owner may read the file."""
    found = read_secret(data)
    if found is not None:
        return found
    make_directory(data)
    made = secrets.token_urlsafe(48)
    descriptor = os.open(data / SECRET_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{made}\n")
    return made


def sign(settings: Settings, role: str, claims: Mapping[str, Any], lifetime_s: int) -> str:
    """A token that an app with these settings takes for `role`. Raises `Failure` where there is no secret."""
    from mainstay.auth.issue import issue_token
    from mainstay.auth.jwt import role_path

    if settings.jwt_secret is None:
        raise Failure("there is no secret to sign a token with; set MAINSTAY_JWT_SECRET or run: mainstay dev")
    longest = settings.jwt_lifetime_s_max
    if longest is not None and lifetime_s > longest:
        raise Failure(f"a token that is good for more than {longest} s is refused (jwt_lifetime_s_max)")
    now = int(time.time())
    body: dict[str, Any] = {"iat": now, "exp": now + lifetime_s, **claims}
    if settings.jwt_issuer is not None:
        body.setdefault("iss", settings.jwt_issuer)
    if settings.jwt_audience:
        body.setdefault("aud", settings.jwt_audience[0])
    _put(body, list(role_path(settings.jwt_role_claim)), role)
    return issue_token(settings.jwt_secret, body, secret_is_base64=settings.jwt_secret_is_base64)


def seconds(text: str) -> int:
    """A duration such as 90s, 30m, 1h, 7d or 4w in seconds."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise Failure(f"{text!r} is no duration; write 90s, 30m, 1h, 7d or 4w")
    return int(match[1]) * SECONDS[match[2]]


def parse_claims(text: str | None) -> dict[str, Any]:
    """The claims that were given as JSON."""
    if text is None:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Failure(f"the claims are no JSON object: {error}") from None


def _put(claims: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for step in outer:
        inner = claims.setdefault(step, {})
        if not isinstance(inner, dict):
            raise Failure(f"the claim {step!r} must be an object, because the role goes into it")
        claims = inner
    claims[last] = value
