"""Pages for people who read and try the API: the reference, by Swagger UI, and GraphiQL. All of it is served from here.

The files in `assets` are as npm has them (`make viewer` fetches them anew); the rest of the pages is ours.
"""

from mainstay.wires.docs.wire import DocsWire, GraphiqlWire, PageWire

__all__ = ["DocsWire", "GraphiqlWire", "PageWire"]
