"""The streaming routes. Only here may a token come in the query, since browsers can't set headers.

Each stream asks for its own scope, so the routes name none.
"""

from fedimmp.streaming.server_sent import events, health
from fedimmp.streaming.websocket import stream
from fedimmp.web.routes import Route

_CHANNELS = (
    "user|user/notification|public|public/local|public/remote|hashtag|hashtag/local|list|direct"
)

ROUTES = (
    Route("GET", "/api/v1/streaming", stream, query_token=True, limit="streaming"),
    Route("GET", "/api/v1/streaming/health", health, public=True),
    Route(
        "GET",
        f"/api/v1/streaming/{{channel:{_CHANNELS}}}",
        events,
        query_token=True,
        limit="streaming",
    ),
)
