"""What came back from a store: the finished body and a few numbers, never rows."""

import msgspec


class Result(msgspec.Struct, frozen=True):
    """`body` as the database wrote it; None where none was asked for.

    `rows` counts what the body holds (or, for a write, the rows it touched); `total` counts what there is without
    the page, where a count was asked for. `inserted` counts an upsert's new rows. `key` is the JSON object of the
    written row's primary key, where it was asked for.
    """

    body: bytes | None
    rows: int
    total: int | None = None
    inserted: int | None = None
    key: bytes | None = None
    database_us: int = 0
