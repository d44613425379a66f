"""Which operators a filter on a column may use, by the column's type, and how one is spelt."""

from mainstay.core.catalog import ColumnType, Kind

COMPARISONS = "eq neq gt gte lt lte in is isdistinct"
SEARCHES = "fts plfts phfts wfts"

OPERATORS: dict[Kind, str] = {
    Kind.BOOLEAN: "eq neq is isdistinct",
    Kind.TEXT: f"{COMPARISONS} like ilike match imatch {SEARCHES}",
    Kind.ARRAY: f"{COMPARISONS} cs cd ov",
    Kind.RANGE: f"{COMPARISONS} cs cd ov sl sr nxr nxl adj",
    Kind.JSON: f"{COMPARISONS} cs cd",
    Kind.TEXT_SEARCH: f"{SEARCHES} is",
}
"""By kind; every other kind has the comparisons alone."""

EXAMPLES: dict[Kind, str] = {
    Kind.BOOLEAN: "is.true",
    Kind.INTEGER: "gte.10",
    Kind.NUMERIC: "lt.9.99",
    Kind.FLOAT: "lt.0.5",
    Kind.TEXT: "ilike.*word*",
    Kind.DATE: "gte.2026-01-31",
    Kind.TIME: "gte.12:30",
    Kind.TIMESTAMP: "gte.2026-01-31T12:30:00",
    Kind.INTERVAL: "lt.02:30:00",
    Kind.UUID: "eq.6f2c1b9e-3a57-4a0d-9f0e-0d6c2f5b7a11",
    Kind.JSON: 'cs.{"key":"value"}',
    Kind.BINARY: "eq.\\x00ff",
    Kind.ARRAY: "cs.{one,two}",
    Kind.RANGE: "ov.[1,5)",
    Kind.VECTOR: "not.is.null",
    Kind.TEXT_SEARCH: "wfts.two words",
    Kind.OTHER: "not.is.null",
}

GUIDE = """\
**Filters.** A filter is a parameter named after a column: `column=operator.value`. Several filters must all hold;
`and=(…)` and `or=(…)` make other combinations, and `not.` before an operator negates it.

<details><summary>All operators</summary>

| operator | holds where the column |
|---|---|
| `eq` `neq` | is equal, is not equal |
| `gt` `gte` `lt` `lte` | is greater, at least, less, at most |
| `in` | is one of a list: `in.(1,2,"with, comma")` |
| `is` | is `null`, `not_null`, `true`, `false` or `unknown` |
| `isdistinct` | differs, null counting as a value |
| `like` `ilike` | is like a pattern, in which `*` stands for anything; `ilike` ignores case |
| `match` `imatch` | matches a POSIX regular expression; `imatch` ignores case |
| `fts` `plfts` `phfts` `wfts` | matches a text search, plain, as a phrase or as on the web: `fts(english).word` |
| `cs` `cd` `ov` | contains, is contained in, overlaps: `cs.{a,b}`, `ov.[1,5)` |
| `sl` `sr` `nxr` `nxl` `adj` | (ranges) lies left, right, not right, not left of, is next to |

`eq`, `like`, `ilike`, `gt`, `gte`, `lt`, `lte`, `match` and `imatch` take a list with `(any)` or `(all)`:
`like(any).{A*,B*}`. A place inside a JSON column is a column too: `data->>key=eq.value`.

</details>
"""


def operators_of(column: ColumnType) -> list[str]:
    if column.name.upper() == "JSON":  # without jsonb's operators, not even equality
        return ["is"]
    return OPERATORS.get(column.kind, COMPARISONS).split()


def example_of(column: ColumnType) -> str:
    """A filter that the column's type can read."""
    if column.labels:
        return f"eq.{column.labels[0]}"
    if column.name.upper() == "JSON":
        return "not.is.null"
    if column.kind is Kind.ARRAY and column.element is not None:
        return f"cs.{{{_element(column.element)}}}"
    return EXAMPLES.get(column.kind, "not.is.null")


def _element(column: ColumnType) -> str:
    if column.labels:
        return column.labels[0]
    if column.kind is Kind.TEXT:
        return "one,two"
    return EXAMPLES.get(column.kind, "").partition(".")[2]
