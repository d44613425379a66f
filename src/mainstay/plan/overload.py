"""Which of a function's overloads a call means, by the names of what is given, as PostgREST chooses.

Only those that the role may call take part, also in hints: a function that it may not call is as if it were not there.
"""

from collections.abc import Iterable, Sequence

from mainstay.core.catalog import Argument, Function, Kind
from mainstay.core.operation import Body, BodyKind, Invoke
from mainstay.core.problem import Problem
from mainstay.plan.view import View, nearest

# What a parameter without a name must be of to take a body of the kind whole, as problems say it.
WHOLE = {
    BodyKind.JSON: "json/jsonb",
    BodyKind.TEXT: "text",
    BodyKind.XML: "xml",
    BodyKind.BINARY: "bytea",
}
RAW = (BodyKind.TEXT, BodyKind.XML, BodyKind.BINARY)

# Lists of parameters that are less alike than this are no hint for each other.
LIKENESS = 0.5


def choose(view: View, invoke: Invoke) -> tuple[Function, bool]:
    """The one function that takes what is given, and whether it takes the body whole.

    Names come first, as in PostgREST. Raises PGRST202 where there is none, PGRST203 where there are several.
    """
    overloads = view.functions(invoke.function)
    names = given_names(invoke)
    takers = [each for each in overloads if _takes_whole(each, invoke.body)]
    by_name = [each for each in overloads if each not in takers and _takes(each, names, invoke.body)]
    found = by_name or takers
    if not found:
        raise unknown_function(view, invoke)
    if len(found) > 1:
        raise _ambiguous(found)
    return found[0], not by_name


def given_names(invoke: Invoke) -> frozenset[str]:
    """The names of all arguments that the request gives."""
    in_body = invoke.body.names if invoke.body is not None else ()
    return frozenset((*in_body, *(each.name for each in invoke.given)))


def _takes_whole(function: Function, body: Body | None) -> bool:
    """True where the body can be the value of the function's one parameter, which has no name."""
    if body is None or len(function.arguments) != 1 or function.arguments[0].name:
        return False
    return body.kind is _kind_of(function.arguments[0])


def _kind_of(argument: Argument) -> BodyKind | None:
    match argument.type.kind:
        case Kind.JSON:
            return BodyKind.JSON
        case Kind.BINARY:
            return BodyKind.BINARY
        case Kind.TEXT if argument.type.name.lower() == "text":
            return BodyKind.TEXT
        case _:
            return BodyKind.XML if argument.type.name.lower() == "xml" else None


def _takes(function: Function, names: frozenset[str], body: Body | None) -> bool:
    """True where the names are all those that the function needs, and none that it does not have."""
    if body is not None and body.kind in RAW:
        return False
    required = {each.name for each in function.arguments if each.required}
    possible = {each.name for each in function.arguments if each.name}
    return required <= names <= possible


def unknown_function(view: View, invoke: Invoke) -> Problem:
    """PGRST202: what was searched for, and what may have been meant."""
    names = given_names(invoke)
    schema = invoke.function.schema or view.catalog.schemas[0]
    name = f"{schema}.{invoke.function.name}"
    kind = invoke.body.kind if invoke.body is not None else None
    unnamed = f" with a single unnamed {WHOLE[kind]} parameter" if kind in WHOLE else ""
    listed = ", ".join(sorted(names))
    if kind in RAW:
        said, searched = "", unnamed
    else:
        said = f"({listed})" if names else " without parameters"
        plural = "s" if len(names) > 1 else ""
        searched = (f" with parameter{plural} {listed}" if names else said) + (f" or{unnamed}" if unnamed else "")
    return Problem(
        "PGRST202",
        f"Could not find the function {name}{said} in the schema cache",
        details=f"Searched for the function {name}{searched}, but no matches were found in the schema cache.",
        hint=None if kind in RAW else _hint(view, schema, invoke),
        where="path",
    )


def _hint(view: View, schema: str, invoke: Invoke) -> str | None:
    name, overloads = invoke.function.name, view.functions(invoke.function)
    if overloads:
        named = [[argument.name for argument in each.arguments] for each in overloads]
        lists = [_listed(names) for names in named if all(names)]
        near = nearest(_listed(given_names(invoke)), lists, LIKENESS)
        near = None if near is None else f"{name}{near}"
    else:
        near = nearest(name, [key.name for key in view.callable(schema)])
    return None if near is None else f"Perhaps you meant to call the function {schema}.{near}"


def _listed(names: Iterable[str]) -> str:
    return f"({', '.join(sorted(names))})"


def _ambiguous(functions: Sequence[Function]) -> Problem:
    spelt = ", ".join(
        f"{each.key}({', '.join(f'{argument.name} => {argument.type.name}' for argument in each.arguments)})"
        for each in functions
    )
    return Problem(
        "PGRST203",
        f"Could not choose the best candidate function between: {spelt}",
        hint="Try renaming the parameters or the function itself in the database so function overloading can be "
        "resolved",
        where="path",
    )
