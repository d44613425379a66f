"""Runs the PostgREST corpus against the real server and tells what passed.

The corpus is data beside the repository (its README says what it holds); nothing of it is copied here. Its own runner
asks and compares; this starts what it needs: a cluster with the fixtures, and a server for each configuration.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from conformance import outcome
from conformance.outcome import HERE, REPOSITORY, SHARED, Case, Outcome, find_runner, free_port
from services.postgis import Cluster, cluster

CORPUS = SHARED / "postgrest"
RUNNER = "run_postgrest.py"
FAILURES = HERE / "postgrest-failures.toml"
RELAXED = ("content-length", "plan", "header-text")
ROLE = "Postgrest_Test_Authenticator"
DATABASE = "conformance"
SHARDS = 3


def find_corpus(named: Path | None) -> Path | None:
    return outcome.find_corpus(named, CORPUS)


def known_failures() -> dict[str, str]:
    return outcome.known_failures(FAILURES)


def run(corpus: Path, only: str | None = None) -> Outcome:
    """Every case of the corpus, or those whose id or title matches `only`."""
    runner = find_runner(RUNNER, corpus)
    shards = _shards(corpus, only)
    with ThreadPoolExecutor(SHARDS) as pool:
        parts = pool.map(lambda item: _run_shard(corpus, runner, only, item), shards)
        results = [result for part in parts for result in part]
    return _outcome(results)


def _shards(corpus: Path, only: str | None) -> list[list[str]]:
    """The configurations, dealt out so that each shard has about as much to do; starting a server weighs most."""
    cases = json.loads((corpus / "cases.json").read_text())["cases"]
    names: dict[str, object] = json.loads((corpus / "configs.json").read_text())["configs"]
    asked = [case for case in cases if only is None or re.search(only, case["id"]) or re.search(only, case["title"])]
    counts = {name: sum(case["config"] == name for case in asked) for name in names}
    weights = {name: 60 + count for name, count in counts.items() if count}
    shards: list[list[str]] = [[] for _ in range(min(SHARDS, len(weights)))]
    for name in sorted(weights, key=weights.__getitem__, reverse=True):
        min(shards, key=lambda shard: sum(weights[name] for name in shard)).append(name)
    order = list(names)  # the last ones commit what they write
    return [sorted(shard, key=order.index) for shard in shards]


def _run_shard(corpus: Path, runner: Path, only: str | None, configs: Sequence[str]) -> list[Any]:
    """The runner's results, on a cluster of their own: some configurations commit what they write."""
    with cluster() as database, tempfile.TemporaryDirectory() as home:
        load(database, corpus / "fixtures")
        report = Path(home) / "report.json"
        launch = f"{shlex.quote(sys.executable)} -m conformance.launch --port {{port}} --config {{config}}"
        command = [sys.executable, str(runner), "--corpus", str(corpus), "--report", str(report), "--launch", launch]
        command += ["--port", str(free_port())]
        command += [argument for name in configs for argument in ("--config", name)]
        command += [argument for name in RELAXED for argument in ("--relax", name)]
        command += ["--only", only] if only else []
        done = subprocess.run(command, env=_environ(database, home), capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"{runner} failed:\n{done.stderr}")
        results: list[Any] = json.loads(report.read_text())["results"]
        return results


def load(database: Cluster, fixtures: Path) -> None:
    """The role that the server connects as, and the corpus's own rows."""
    database.run("-c", f'CREATE ROLE "{ROLE}" LOGIN NOINHERIT', "-c", f"CREATE DATABASE {DATABASE}")
    environ = {"PGTZ": "utc", "PGOPTIONS": "-c search_path=public,test"}
    script = str(fixtures / "load.sql")
    database.run("-v", f"PGUSER={ROLE}", "-f", script, database=DATABASE, environ=environ)
    database.run("-c", "VACUUM ANALYZE", database=DATABASE)


def _environ(database: Cluster, home: str) -> dict[str, str]:
    """For the runner, and through it for the servers, whose log and worker find themselves by it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAINSTAY_", "PG"))}
    paths = [str(HERE.parent), str(REPOSITORY), own.get("PYTHONPATH", "")]
    return own | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "CONFORMANCE_DATABASE": database.url(DATABASE, ROLE),
        "CONFORMANCE_LOG": str(Path(os.environ.get("CONFORMANCE_LOGS", home)) / f"{database.directory.name}.log"),
    }


def _outcome(results: Iterable[Any]) -> Outcome:
    counted: list[Case] = []
    apart: list[Case] = []
    for result in sorted(results, key=lambda result: result["id"]):
        why = tuple(
            f"{step.get('request', '')}: {failure}" for step in result["detail"] for failure in step["failures"]
        )
        case = Case(result["id"], result["title"], why)
        (apart if "OpenApi/" in result["file"] or "PgSafeUpdate" in result["file"] else counted).append(case)
    return Outcome(tuple(counted), tuple(apart))
