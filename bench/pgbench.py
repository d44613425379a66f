"""How fast PostgreSQL answers the same SQL by itself: pgbench with prepared statements, 8 clients, one thread.

A statement's `$n` become pgbench's variables. A number that may be random is drawn by pgbench for each transaction; of
texts it can draw none, so there is a script for each of some requests, and pgbench draws a script.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from bench.load import Measurement

CLIENTS = 8
SCRIPTS_MAX = 64
"""pgbench takes 128 at most, and each is planned on each connection."""

ENVIRONMENT = {**os.environ, "PGOPTIONS": "-c jit=off"}
"""As Mainstay has it."""

PLACEHOLDER = re.compile(r"\$(\d+)")
NAME_LIKE = re.compile(r"(?<!:):(?=[A-Za-z0-9_])")
"""What pgbench would take for a variable, quoted or not; `::type` isn't."""


class Random(msgspec.Struct, frozen=True):
    """A whole number from `low` to `high`, drawn for each transaction."""

    low: int
    high: int


Value: TypeAlias = str | Random | None


class Script(msgspec.Struct, frozen=True):
    """One statement and its binds, `$1` first."""

    text: str
    binds: tuple[Value, ...] = ()


def with_random(script: Script, text: str, number: Random) -> Script:
    """The same with the binds that are `text` drawn at random."""
    return Script(script.text, tuple(number if bind == text else bind for bind in script.binds))


def pgbench(program: Path, database: str, scripts: Sequence[Script], seconds: float) -> Measurement:
    """Raises RuntimeError with pgbench's own words if it fails or any transaction did."""
    command = [str(program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(max(1, round(seconds)))]
    with tempfile.TemporaryDirectory() as directory:
        for number, script in enumerate(scripts[:SCRIPTS_MAX]):
            file = Path(directory, f"{number}.sql")
            file.write_text(written(script, number))
            command += [f"--file={file}", *definitions(script, number)]
        done = subprocess.run([*command, database], capture_output=True, text=True, check=False, env=ENVIRONMENT)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    if done.returncode != 0 or rate is None or (failed and failed[1] != "0"):
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")
    return Measurement(requests_per_s=float(rate[1]))


def written(script: Script, number: int) -> str:
    """The script's file. Raises ValueError for a statement that pgbench would misread."""
    if NAME_LIKE.search(script.text):
        raise ValueError(f"pgbench would take a part of this for a variable: {script.text}")
    drawn = [
        f"\\set {variable(index, number)} random({bind.low}, {bind.high})"
        for index, bind in enumerate(script.binds, 1)
        if isinstance(bind, Random)
    ]
    statement = PLACEHOLDER.sub(lambda found: f":{variable(int(found[1]), number)}", script.text)
    return "\n".join([*drawn, f"{statement};\n"])


def definitions(script: Script, number: int) -> list[str]:
    """pgbench's options for the binds that stay. It sends an undefined variable as null."""
    return [
        f"--define={variable(index, number)}={bind}"
        for index, bind in enumerate(script.binds, 1)
        if isinstance(bind, str)
    ]


def variable(index: int, number: int) -> str:
    return f"b{index}_{number}"
