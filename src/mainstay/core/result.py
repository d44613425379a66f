"""What came back from a store: the finished body and a few numbers, never rows."""

import msgspec


class Result(msgspec.Struct, frozen=True):
    """`body` as the database wrote it; None where none was asked for.

    `rows` counts what the body holds or, where there is none, what there would be; `affected` counts what a write
    wrote, and `inserted` an upsert's new rows. `total` counts what there is without the page, where a count was asked
    for. `key` is the JSON object of the written row's primary key, where it was asked for. `violations` counts
    written rows that break the policy: such a result is never answered, only rolled back. `status` and `headers` are
    what code in the database asked for (`response.status`, `response.headers`), as it was written. `media` is the
    body's media type, where the statement decided it. `cursor` is the JSON array of the last row's sort values, all
    text, where a page by key is full, or
    any next one was asked for.
    """

    body: bytes | None
    rows: int
    total: int | None = None
    affected: int | None = None
    inserted: int | None = None
    key: bytes | None = None
    violations: int = 0
    database_us: int = 0
    status: str | None = None
    headers: str | None = None
    media: str | None = None
    cursor: bytes | None = None
