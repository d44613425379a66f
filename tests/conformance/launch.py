"""Serves the corpus's database as one of its configurations says: `python -m conformance.launch --port --config`.

What is served is `served.py`, in a worker as in production; the configuration reaches it through the environment.
"""

import argparse
import os
import sys
from pathlib import Path

from mainstay.observe.log import LogFormat
from mainstay.serve.server import run


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ["CONFORMANCE_CONFIG"] = str(arguments.config)
    log = os.environ.get("CONFORMANCE_LOG")
    if log is not None:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), sys.stderr.fileno())
    return run("conformance.served:app", port=arguments.port, drain_grace_ms=0, log_format=LogFormat.CONSOLE)


if __name__ == "__main__":
    sys.exit(main())
