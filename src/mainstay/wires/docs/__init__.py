"""The API reference page: Swagger UI, served from here, which reads the OpenAPI document as its reader may see it.

`assets` are swagger-ui-dist's files as npm has them (`make viewer` fetches them anew); `page` is ours.
"""

from mainstay.wires.docs.wire import DocsWire

__all__ = ["DocsWire"]
