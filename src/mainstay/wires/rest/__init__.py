"""REST in PostgREST 14's URL grammar: what supabase-js, postgrest-js, postgrest-py and ra-data-postgrest speak."""

from mainstay.core.told import TOLD
from mainstay.wires.rest.batch import Batch, BatchWire
from mainstay.wires.rest.call import Call, Reply
from mainstay.wires.rest.wire import RestWire

__all__ = ["TOLD", "Batch", "BatchWire", "Call", "Reply", "RestWire"]
