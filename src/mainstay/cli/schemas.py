"""The option `--schema`, as every command takes it: `--schema api,public`, or once for each."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token


def _listed(_: type[Any], tokens: Sequence[Token]) -> tuple[str, ...]:
    names = (name.strip() for token in tokens for name in token.value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


Schemas = Annotated[
    tuple[str, ...], Parameter(negative="", show_default=False, converter=_listed, n_tokens=1, accepts_keys=False)
]
