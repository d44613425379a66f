"""The GraphQL wire: queries in Hasura v2's grammar, over HTTP.

It turns a document into reads, and their finished JSON into an answer. graphql-core parses a text that is new; nothing
is executed here, and a text that is known is not even parsed.
"""

from mainstay.wires.graphql.vocabulary import Vocabulary
from mainstay.wires.graphql.wire import GraphWire

__all__ = ["GraphWire", "Vocabulary"]
