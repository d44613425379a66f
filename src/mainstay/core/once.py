"""A request that is to have its effect once, however often it is sent (draft-ietf-httpapi-idempotency-key-header)."""

import msgspec


class Once(msgspec.Struct, frozen=True):
    """`key` is the client's name for the request; `fingerprint` differs where anything of the request does."""

    key: str
    fingerprint: str
