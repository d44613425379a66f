"""The tokens of the benchmark's users, for the servers that share a secret."""

import functools
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey

from bench.cases import User

SECRET = "a secret that nobody needs to keep, as it guards a benchmark's data"
SECONDS = 12 * 3600


@functools.cache
def claims(user: User) -> dict[str, Any]:
    now = int(time.time())
    return {"sub": user.name, "role": "carrier", "carrier": user.carrier, "iat": now, "exp": now + SECONDS}


@functools.cache
def token(user: User) -> str:
    return token_of(claims(user))


def token_of(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))


def bearer(user: User | None) -> tuple[tuple[str, str], ...]:
    """The header that says who asks; none for nobody."""
    return (("Authorization", f"Bearer {token(user)}"),) if user else ()
