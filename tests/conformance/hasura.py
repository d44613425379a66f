"""Runs the two Hasura corpora against the real server and tells what passed.

The corpora are data beside the repository (their README says what they hold); nothing of them is copied here. Their own
runner asks and compares; this starts what it needs: a cluster with PostGIS, and a server for each set-up.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from conformance import outcome
from conformance.outcome import HERE, REPOSITORY, SHARED, Case, Outcome, find_runner, free_port
from services.postgis import cluster

RUNNER = "run_hasura.py"
CORPORA = (SHARED / "hasura", SHARED / "hasura-hspec")
CORPUS = CORPORA[0]
FAILURES = HERE / "hasura-failures.toml"
LOCALE = "en_US.utf8"
CASE_BYTES_MAX = 2000


def find_corpus(named: Path | None) -> Path | None:
    return outcome.find_corpus(named, CORPUS)


def known_failures() -> dict[str, str]:
    return outcome.known_failures(FAILURES)


def run(corpus: Path, only: str | None = None) -> Outcome:
    """Every case in scope, of both corpora where it is our own, or those whose id or area matches `only`."""
    folders = CORPORA if corpus == CORPUS else (corpus,)
    with ThreadPoolExecutor(len(folders)) as pool:
        parts = list(pool.map(lambda folder: _run(folder, only), folders))
    cases = sorted((case for part in parts for case in part), key=lambda case: case.id)
    return Outcome(tuple(cases))


def _run(corpus: Path, only: str | None) -> list[Case]:
    runner = find_runner(RUNNER, corpus)
    with cluster(locale=LOCALE) as database, tempfile.TemporaryDirectory() as home:
        report = Path(home) / "report.json"
        launch = f"{shlex.quote(sys.executable)} -m conformance.hasura_launch"
        launch += " --dsn {dsn} --metadata {metadata} --port {port}"
        command = [sys.executable, str(runner), "--corpus", str(corpus), "--report", str(report), "--launch", launch]
        command += ["--dsn", f"host={database.directory} dbname=postgres user=postgres", "--port", str(free_port())]
        command += ["--only", only] if only else []
        log = Path(os.environ.get("CONFORMANCE_LOGS", home)) / f"{corpus.name}.log"
        environ = _environ(log)
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"{runner} failed:\n{done.stdout}\n{done.stderr}")
        results: Any = json.loads(report.read_text())
    cases = results["results"] if isinstance(results, dict) else results
    return [Case(f"{corpus.name}::{each['id']}", each["area"], _why(each)) for each in cases]


def _why(result: Any) -> tuple[str, ...]:
    return () if result["ok"] else (str(result["detail"])[:CASE_BYTES_MAX] or "it failed",)


def _environ(log: Path) -> dict[str, str]:
    """For the runner, and through it for the servers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAINSTAY_", "PG"))}
    paths = [str(HERE.parent), str(REPOSITORY), own.get("PYTHONPATH", "")]
    return own | {"PYTHONPATH": os.pathsep.join(path for path in paths if path), "CONFORMANCE_LOG": str(log)}
