"""The streaming routes. They authenticate themselves: a token may come in the query here."""

from fedimmp.streaming.server_sent import events, health
from fedimmp.streaming.websocket import stream
from fedimmp.web.routes import Route

_CHANNELS = (
    "user|user/notification|public|public/local|public/remote|hashtag|hashtag/local|list|direct"
)

ROUTES = (
    Route("GET", "/api/v1/streaming", stream, public=True, limit="streaming"),
    Route("GET", "/api/v1/streaming/", stream, public=True, limit="streaming"),
    Route("GET", "/api/v1/streaming/health", health, public=True),
    Route(
        "GET",
        f"/api/v1/streaming/{{channel:{_CHANNELS}}}",
        events,
        public=True,
        limit="streaming",
    ),
)
