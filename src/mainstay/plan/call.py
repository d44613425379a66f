"""Calls of the database's functions: which one, what it is passed, and what the role sees of what it returns.

Rows of a table are read as that table is: the role's row rules and masks apply to them, and their relations can be
embedded. What a function returns of its own, a value or rows that it declares itself, is for whoever may call it.
"""

import msgspec

from mainstay.core.catalog import ANY_MEDIA, Column, Function, Kind, Table, TableForm, Volatility, rows_key
from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.operation import Count, Format, FunctionRef, Given, Invoke
from mainstay.core.plan import Guard, InvokePlan, Passed, Select
from mainstay.core.problem import Problem
from mainstay.plan.group import distinct
from mainstay.plan.handle import content_type, handling, unavailable
from mainstay.plan.limit import limit_select
from mainstay.plan.overload import choose, given_names, unknown_function
from mainstay.plan.resolve import resolve_select, resolve_summary
from mainstay.plan.view import View

TEXT, XML, BINARY = "text/plain", "text/xml", "application/octet-stream"


def plan_invoke(view: View, invoke: Invoke) -> InvokePlan:
    """Raises PGRST202 or PGRST203 where it can't be told which function is meant, PGRST107, PGRST128 and MS450."""
    function, whole = choose(view, invoke)
    _require_visible(view, function)
    media = _media(function, invoke)
    written = handling(view, returned_table(view, function), invoke.select, invoke.accepts)
    if media is None and written is None and invoke.format is None:
        raise unavailable(invoke.accepts)
    single = media is None and written is None and invoke.format is Format.OBJECT
    body = invoke.body
    preset = _preset(view, function)
    members = body is not None and bool(body.names) and not whole
    if invoke.affected_max is not None and not function.many:
        raise Problem(
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
            where="prefer",
        )
    return InvokePlan(
        function=function,
        passed=(*(_passed_whole(function, invoke) if whole else _passed_by_name(function, invoke)), *preset),
        select=_select(view, function, invoke),
        writes=not invoke.safe and function.volatility is Volatility.VOLATILE,
        payload=body.value if body is not None and members else None,
        array=body is not None and body.array,
        # What the planner expects of a function is a number that its author wrote down.
        count=invoke.count if invoke.count is Count.NONE else Count.EXACT,
        format=invoke.format or Format.ARRAY,
        strip_nulls=invoke.strip_nulls,
        media=media,
        handling=written if media is None else None,
        guard=Guard(
            claims=tuple(each.value for each in preset if isinstance(each.value, Claim)),
            affected_max=invoke.affected_max,
            single=single,
            function=function.key.name,
        ),
    )


def _require_visible(view: View, function: Function) -> None:
    """Raises 42501 where it returns rows of a table that the role knows nothing of, whose name is not told."""
    if function.rows is None:
        return
    table = view.catalog.tables[function.rows]
    if table.form is not TableForm.ROWS and not view.policy.actions(view.role, table.key):
        raise Problem("42501", f"permission denied for what the function {function.key.name} returns", where="path")


def may_read(view: View, ref: FunctionRef) -> bool:
    """Whether some overload changes nothing, and so may be got. Raises PGRST202."""
    overloads = view.functions(ref)
    if not overloads:
        raise unknown_function(view, Invoke(ref, safe=True))
    return any(each.volatility is not Volatility.VOLATILE for each in overloads)


def returned_table(view: View, function: Function) -> Table:
    """What the function returns, as a table: a scalar is its one column, named as the function."""
    if function.rows is not None:
        return view.catalog.tables[function.rows]
    name = function.key.name
    return Table(rows_key(function.key), {name: Column(name, function.returns)}, writable=False, form=TableForm.ROWS)


def _select(view: View, function: Function, invoke: Invoke) -> Select:
    table = returned_table(view, function)
    resolved = resolve_select(view, table, invoke.select, invoke.where, invoke.order)
    if invoke.distinct:
        resolved = distinct(view, resolved, invoke.distinct)
    if invoke.summary is not None:
        resolved = msgspec.structs.replace(resolved, summary=resolve_summary(view, table, invoke.summary, "select"))
    return limit_select(view, msgspec.structs.replace(resolved, limit=invoke.limit, offset=invoke.offset))


def _passed_whole(function: Function, invoke: Invoke) -> tuple[Passed, ...]:
    slot = invoke.body.value if invoke.body is not None else 0
    return (Passed(function.arguments[0], Slot(slot)),)


def _passed_by_name(function: Function, invoke: Invoke) -> tuple[Passed, ...]:
    """The arguments that are given, in the function's order."""
    if invoke.body is not None and not invoke.body.named:
        raise Problem(
            "MS450",
            "The body must be one object, whose members are the arguments",
            details=f"'{function.key}' takes its arguments by name",
            where="body",
        )
    given = {each.name: each for each in invoke.given}
    names = given_names(invoke)
    return tuple(
        Passed(argument, _slot(given[argument.name], variadic=argument.variadic) if argument.name in given else None)
        for argument in function.arguments
        if argument.name in names
    )


def _preset(view: View, function: Function) -> tuple[Passed, ...]:
    """The arguments that the policy passes, which are not among those that a caller is offered."""
    presets = dict(view.policy.presets(view.role, function.key))
    if not presets:
        return ()
    whole = next(each for each in view.catalog.functions[function.key] if view.offer(each) == function)
    found = ((argument, presets.get(argument.name)) for argument in whole.arguments)
    return tuple(Passed(argument, value) for argument, value in found if isinstance(value, Claim | Literal))


def _slot(given: Given, *, variadic: bool) -> Slot:
    """Of an argument that came more than once, a variadic parameter takes all, any other the last, as in PostgREST."""
    return Slot(given.all, many=True) if variadic and given.all is not None else Slot(given.value)


def _media(function: Function, invoke: Invoke) -> str | None:
    """The media type as which a value is answered as it is; None: in the request's format, or by a writer of rows."""
    written = function.media or _written_as(function)
    if written is None or not invoke.accepts:
        return None
    return content_type(written) if written in (ANY_MEDIA, *invoke.accepts) else None


def _written_as(function: Function) -> str | None:
    """The media type of a function's one value, where it has one without being made JSON."""
    if function.many or function.rows is not None:
        return None
    match function.returns.kind:
        case Kind.TEXT:
            return TEXT
        case Kind.BINARY:
            return BINARY
        case _:
            return XML if function.returns.name.lower() == "xml" else None
