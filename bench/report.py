"""Turns measurements into a table for people and JSON for programs. Medians of the rounds; measures nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

import msgspec

from bench.cases import Case
from bench.live import Live
from bench.load import Measurement
from bench.startup import StartUp

OURS = "mainstay"
DATABASE = "database_mode"
GRAPHQL = "graphql"
SQLITE = "sqlite"
POCKETBASE = "pocketbase"
TIMES = "\N{MULTIPLICATION SIGN}"
WORDS = 2
"""The first columns of the table."""

EXPAND = "pocketbase_expand"
"""PocketBase asked for the plane with `expand`, which fetches all of its flights: another question, shown beside."""

PEERS = ("pgbench", "fastapi", "pocketbase", EXPAND)

Results: TypeAlias = Mapping[Case, Mapping[str, Sequence[Measurement]]]
"""For each case and each name the measurement of each round."""


class CaseReport(msgspec.Struct, frozen=True):
    """Mainstay's figures of one case, and how many times those of each peer its requests a second are."""

    case: str
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    ratio: dict[str, float]


class Report(msgspec.Struct, frozen=True):
    """`database_mode`, `graphql`: how many times policy mode's requests by REST a second those are, by case.

    `sqlite`: how many times PocketBase's, which keeps its rows in SQLite too, those of Mainstay on SQLite are.
    """

    cases: list[CaseReport]
    database_mode: dict[str, float] = {}
    graphql: dict[str, float] = {}
    sqlite: dict[str, float] = {}
    startup: StartUp | None = None
    live: Live | None = None


def middle(rounds: Sequence[Measurement]) -> Measurement:
    """The medians of each figure by itself."""
    return Measurement(
        requests_per_s=median(each.requests_per_s for each in rounds),
        p50_ms=median_of([each.p50_ms for each in rounds]),
        p99_ms=median_of([each.p99_ms for each in rounds]),
    )


def median_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def summarize(results: Results, startup: StartUp | None = None, live: Live | None = None) -> Report:
    """The report of every case that Mainstay was measured in."""
    cases = []
    for case, names in results.items():
        if OURS not in names:
            continue
        ours = middle(names[OURS])
        ratio = {
            peer: round(ours.requests_per_s / middle(names[peer]).requests_per_s, 3) for peer in PEERS if peer in names
        }
        cases.append(
            CaseReport(case.value, round(ours.requests_per_s, 1), ours.p50_ms or 0.0, ours.p99_ms or 0.0, ratio)
        )
    return Report(
        cases,
        database_mode=rounded(shares(results, DATABASE)),
        graphql=rounded(shares(results, GRAPHQL)),
        sqlite=rounded(shares(results, SQLITE, POCKETBASE)),
        startup=startup,
        live=live,
    )


def rounded(shares: Mapping[Case, float]) -> dict[str, float]:
    return {case.value: round(share, 3) for case, share in shares.items()}


def write_json(report: Report, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def table(results: Results) -> str:
    """The figures as a Markdown table: a row for each case and each of those that were measured."""
    rows = [("case", "server", "requests/s", "p50 ms", "p99 ms", "Mainstay is")]
    for case, names in results.items():
        ours = middle(names[OURS]).requests_per_s if OURS in names else None
        for name, rounds in names.items():
            figures = middle(rounds)
            compared = f"{TIMES} {ours / figures.requests_per_s:.2f}" if ours and name != OURS else ""
            rate = f"{figures.requests_per_s:,.0f}"
            rows.append((case.value, name, rate, shown(figures.p50_ms), shown(figures.p99_ms), compared))
    return "\n".join([lined(rows), *claim_note(results), *share_notes(results)])


def shown(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.2f}"


def lined(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows in columns of even width: words to the left, figures to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    forms = [f"{{:<{width}}}" for width in widths[:WORDS]] + [f"{{:>{width}}}" for width in widths[WORDS:]]
    rule = ["-" * width for width in widths[:WORDS]] + ["-" * (width - 1) + ":" for width in widths[WORDS:]]
    form = f"| {' | '.join(forms)} |"
    return "\n".join(form.format(*row) for row in (rows[0], rule, *rows[1:]))


def shares(results: Results, name: str, of: str = OURS) -> dict[Case, float]:
    """The requests a second of Mainstay so asked, or so run, for one by REST in policy mode, or for another's."""
    return {
        case: middle(names[name]).requests_per_s / middle(names[of]).requests_per_s
        for case, names in results.items()
        if of in names and name in names
    }


def share_notes(results: Results) -> list[str]:
    """What it costs that a request is GraphQL's, and that the database decides."""
    notes = []
    for name, of, said in (
        (GRAPHQL, OURS, "GraphQL is, of REST"),
        (DATABASE, OURS, "Database mode is, of policy mode"),
        (SQLITE, POCKETBASE, "Mainstay on SQLite is, of PocketBase"),
    ):
        found = ", ".join(f"{case.value} {TIMES} {share:.2f}" for case, share in shares(results, name, of).items())
        notes += ["", f"{said}: {found}."] if found else []
    return notes


def claim_note(results: Results) -> list[str]:
    """What a token and a row policy cost."""
    rates = {
        case: middle(results[case][OURS]).requests_per_s
        for case in (Case.KEY, Case.CLAIM)
        if OURS in results.get(case, {})
    }
    if len(rates) < 2:
        return []
    return ["", f"Mainstay's claim is {TIMES} {rates[Case.CLAIM] / rates[Case.KEY]:.2f} of its key."]
