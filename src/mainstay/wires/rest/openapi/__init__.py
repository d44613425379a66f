"""OpenAPI 3.1 of what a role may see: a `Description` in, a document out.

This room prints all that a description holds and knows nothing else; who may see what was decided before it.
"""

from mainstay.wires.rest.openapi.document import openapi_document

__all__ = ["openapi_document"]
