"""Serves a set-up's database as its metadata says: `python -m conformance.hasura_launch --dsn --metadata --port`.

The app is the program that `mainstay import hasura` writes; only who is believed, and where the database is, are said
beside it, through the environment.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

from conformance.hasura_project import metadata_of
from mainstay.evolve.hasura import read_metadata, write_program
from mainstay.observe.log import LogFormat
from mainstay.serve.server import run


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--metadata", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    log = os.environ.get("CONFORMANCE_LOG")
    if log is not None:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.stderr.fileno())
    said = json.loads(arguments.metadata.read_text())
    home = Path(tempfile.mkdtemp(prefix="ms-hasura-"))
    exported = home / "metadata.json"
    exported.write_text(json.dumps(metadata_of(said["steps"])))
    environ = said["server_env"] or {}  # of the server that the cases were made on
    infers = environ.get("HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS") != "false"
    program = write_program(read_metadata(exported), infers=infers)
    (home / "carried_over.py").write_text(program.text)
    print(program.text, file=sys.stderr, flush=True)
    os.environ |= {
        "MAINSTAY_DATABASE_URL": url_of(arguments.dsn),
        "MAINSTAY_ADMIN_OPEN": "true",
        "MAINSTAY_ANONYMOUS_ROLE": "",
        "MAINSTAY_GRAPHQL_NUMBER_TEXTS": "true",  # as the server that the cases were made on
        "MAINSTAY_GRAPHQL_PATHS": "/v1/graphql,/v1alpha1/graphql",
        "MAINSTAY_GRAPHQL_INTROSPECTION": "always",
        "MAINSTAY_EXTRA_SEARCH_PATH": "hasura,public",
        "PYTHONPATH": os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")]),
    }
    sys.path.insert(0, str(home))
    return run("carried_over:app", port=arguments.port, drain_grace_ms=0, log_format=LogFormat.CONSOLE)


def url_of(dsn: str) -> str:
    """`host=… dbname=… user=…` as a URL."""
    parts = dict(part.split("=", 1) for part in shlex.split(dsn))
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"


if __name__ == "__main__":
    sys.exit(main())
