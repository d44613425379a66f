"""What travels from parse to render: the operation, and how to answer it.

Everything of a `Call` but its operation's values and the host of its cross-origin reader is the same for all requests
of one form, so that `memo` can keep it.
"""

import msgspec

from mainstay.core.exchange import Response
from mainstay.core.once import Once
from mainstay.core.operation import FunctionRef, Operation, TableRef

Headers = tuple[tuple[str, str], ...]


class Reply(msgspec.Struct, frozen=True):
    """How to answer: `headers` hold whatever the result does not change.

    `body`: the result's body is sent. `media` is the body's content-type header. `location` is the path of the table,
    for the Location of what was inserted and the Content-Location of what was read. `why`: instead of the rows, it is
    to be told why they are these. `live`: the rows are to be told again whenever they are other ones.
    """

    method: str
    headers: Headers = ()
    media: Headers = ()
    body: bool = True
    location: str = ""
    why: bool = False
    live: bool = False


class Call(msgspec.Struct, frozen=True):
    """One request, understood. Exactly one of these is asked: run `operation`, `describe` the API, or nothing more.

    `answer`: the response is known already (OPTIONS, a preflight), but for what can be done with a `table` or a
    `function`, which the wire does not know. `schema` is the profile that the request named. `query` is a read's
    query string, as sent. `once`: however often it comes, it is to be done once.
    """

    reply: Reply
    operation: Operation | None = None
    describe: bool = False
    answer: Response | None = None
    schema: str | None = None
    query: str = ""
    table: TableRef | None = None
    function: FunctionRef | None = None
    once: Once | None = None
