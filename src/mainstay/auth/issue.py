"""Makes development tokens: HS256, with the secret that the server verifies with.

For the demo and `mainstay token`. A product's tokens come from its identity provider; nothing that serves requests
calls this.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.jws import serialize_compact

from mainstay.auth.keys import UnusableKey, key_from_secret, secret_bytes
from mainstay.core.problem import DeclarationError


def issue_token(secret: str | bytes, claims: Mapping[str, Any], *, secret_is_base64: bool = False) -> str:
    """A signed token of these claims, as they are: `exp` and the like are the caller's to add.

    Raises `DeclarationError` for a secret that no server would take.
    """
    try:
        key = key_from_secret(secret_bytes(secret, is_base64=secret_is_base64))
    except UnusableKey as error:
        raise DeclarationError(
            f"this secret can't sign tokens: {error}", where="secret", hint="Use 32 or more random bytes."
        ) from None
    return serialize_compact({"alg": "HS256", "typ": "JWT"}, msgspec.json.encode(claims), key.key, ["HS256"])
