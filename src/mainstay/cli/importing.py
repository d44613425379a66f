"""`mainstay import`: another server's project as a Mainstay app."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def import_(
    project: Literal["hasura"],
    path: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(show_default=False)] = None,
    no_inferred: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Write the app that another server's project comes to: a first version, to be read and gone on with.

    Parameters
    ----------
    project
        Whose project it is: hasura (version 2).
    path
        The project's directory, its metadata's, or a file that was exported.
    output
        The file to write; else the app is printed.
    no_inferred
        Let no role call functions of queries unless a permission says so (HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS).
    """
    import sys

    from mainstay.cli.failure import Failure
    from mainstay.evolve.hasura import MetadataError, read_metadata, write_program

    if output is not None and output.exists():
        raise Failure(f"{output} is there already; it may hold changes, and is left alone")
    try:
        program = write_program(read_metadata(path), infers=not no_inferred)
    except MetadataError as error:
        raise Failure(str(error)) from None
    for each in program.left:
        print(f"mainstay: not carried over: {each}", file=sys.stderr)
    if output is None:
        print(program.text, end="")
    else:
        output.write_text(program.text)
