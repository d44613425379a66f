"""The command line: one file per command, and this one, which gathers them.

A command imports what it needs when it runs, so that `--help` is quick. Whatever goes wrong is one line on standard
error, or the three of a `DeclarationError`, never a traceback; and exit code 1, or 2 for a line that can't be read.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from mainstay.cli.check import check
from mainstay.cli.dev import dev
from mainstay.cli.explain import explain
from mainstay.cli.failure import Failure
from mainstay.cli.importing import import_
from mainstay.cli.inspect import inspect
from mainstay.cli.live import live
from mainstay.cli.lock import lock
from mainstay.cli.models import models
from mainstay.cli.serve import serve
from mainstay.cli.sql import sql
from mainstay.cli.token import token
from mainstay.cli.why import why
from mainstay.core.problem import DeclarationError, Problem

COMMANDS: dict[Callable[..., None], str] = {
    dev: "mainstay dev app.py --port 8000",
    serve: "mainstay serve app:app --database postgresql://localhost/films --workers 4",
    check: "mainstay check app:app",
    sql: "mainstay sql 'GET /films?select=title&id=eq.1' --role editor --claims '{\"sub\": \"ada\"}'",
    explain: "mainstay explain 'GET /films?order=title&limit=10' --analyze",
    inspect: "mainstay inspect postgresql://localhost/films --schema public",
    models: "mainstay models postgresql://localhost/films --output models.py",
    live: "mainstay live install app:app --database postgresql://localhost/films",
    lock: "mainstay lock --output operations.lock.json",
    import_: "mainstay import hasura ./my-project --output app.py",
    why: "mainstay why 'GET /films?id=eq.1' --role editor --claims '{\"sub\": \"ada\"}'",
    token: 'curl -H "Authorization: Bearer $(mainstay token --role editor)" http://127.0.0.1:8000/rest/v1/films',
}
"""Each command with the example that closes its help."""


def make_app() -> App:
    """The command line as cyclopts knows it."""
    app = App(
        name="mainstay",
        help="Serve SQLAlchemy models and policies as an API.",
        help_format="plaintext",
        version=lambda: version("mainstay"),
        help_epilogue="Example: mainstay dev app.py",
    )
    for command, example in COMMANDS.items():
        app.command(App(name=name_of(command), default_command=command, help_epilogue=f"Example: {example}"))
    return app


def name_of(command: Callable[..., None]) -> str:
    """`import` is a word of Python's, so that its function is called `import_`."""
    return command.__name__.rstrip("_")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    tokens = sys.argv[1:] if arguments is None else list(arguments)
    try:
        make_app()(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        sys.exit(complain(f"{_one_line(error)} (try: mainstay --help)", code=2))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        sys.exit(complain(in_words(error)))


def in_words(error: Exception) -> str:
    """What went wrong, for the person at the terminal."""
    match error:
        case Failure():
            return str(error)
        case DeclarationError():
            return f"{error.what}\n  where: {error.where}\n  hint: {error.hint}"
        case Problem():
            hint = f" ({error.hint})" if error.hint else ""
            return f"{error.code}: {_one_line(error)}{hint}"
        case _:
            from mainstay.serve.load import explain as explained

            return explained(error)


def complain(text: str, *, code: int = 1) -> int:
    """Print it to standard error; gives the exit code."""
    print(f"mainstay: {text}", file=sys.stderr)
    return code


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
