"""Conditional requests (RFC 9110, 13): reads If-Match and If-None-Match, and answers a read with its entity tag.

What a write must meet, it only reads; whoever runs the write sees to it, in the write's own transaction.
"""

import re

from mainstay.core.exchange import Headers, Response
from mainstay.core.precondition import Precondition, Tags, entity_tag, failed
from mainstay.core.problem import Problem

TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
LIST = re.compile(rf"{TAG.pattern}(?:[ \t]*,[ \t]*{TAG.pattern})*")
NOTHING: frozenset[str] = frozenset()


def parse_precondition(headers: Headers) -> Precondition | None:
    """None where the request has none. Raises MS477 for what are no entity tags."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is None and none_match is None:
        return None
    return Precondition(_parse_tags(match, "If-Match"), _parse_tags(none_match, "If-None-Match"))


def _parse_tags(header: str | None, name: str) -> Tags | None:
    if header is None:
        return None
    text = header.strip()
    if text == "*":
        return Tags(any=True)
    if LIST.fullmatch(text) is None:
        raise Problem(
            "MS477",
            f"{name} holds no entity tags",
            hint='Send the ETag of an answer as it came, quotes included: "…"; or *.',
            where=name,
        )
    found: list[tuple[str, str]] = TAG.findall(text)
    return Tags(
        frozenset(tag for weak, tag in found if not weak),
        frozenset(tag for weak, tag in found if weak),
    )


def tagged(response: Response, body: bytes | None, precondition: Precondition | None) -> Response:
    """A read's answer, with the tag of `body`: as it is, or 304 where the caller has it. No tag where there is no body.

    Raises MS475 where If-Match does not hold.
    """
    if body is not None:
        tag = entity_tag(body)
        response.headers.append(("etag", tag))
    if precondition is None:
        return response
    tags = NOTHING if body is None else frozenset((tag,))
    if not precondition.matches(tags, exists=True):
        raise failed()
    if precondition.is_new(tags, exists=True):
        return response
    return Response(304, [line for line in response.headers if line[0] != "content-type"])
