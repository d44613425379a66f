"""The GraphQL wire: queries, mutations and subscriptions in Hasura v2's grammar, over HTTP and WebSockets.

It turns a document into operations, and their finished JSON into an answer. graphql-core parses a text that is new;
nothing is executed here, and a text that is known is not even parsed.
"""

from mainstay.wires.graphql.allowed import Lock, hash_of, lock_of
from mainstay.wires.graphql.naming import CONVENTIONS
from mainstay.wires.graphql.request import Question
from mainstay.wires.graphql.roots import Index
from mainstay.wires.graphql.vocabulary import Vocabulary
from mainstay.wires.graphql.wire import GraphWire, Prepared

__all__ = ["CONVENTIONS", "GraphWire", "Index", "Lock", "Prepared", "Question", "Vocabulary", "hash_of", "lock_of"]
