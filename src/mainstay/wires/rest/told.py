"""A call with what code in the database may ask about its request."""

from collections.abc import Collection

import msgspec

from mainstay.core.exchange import Request
from mainstay.core.told import told_of
from mainstay.wires.rest.call import Call


def telling(call: Call, request: Request, prefix: str, names: Collection[str]) -> Call:
    """The call with the settings that tell of its request."""
    operation = call.operation
    if operation is None:
        return call
    told = told_of(request, names, prefix)
    operation = msgspec.structs.replace(operation, settings=(*operation.settings, *told))
    return msgspec.structs.replace(call, operation=operation)
