"""The streaming routes. Only here may a token come in the query, since browsers can't set headers.

Each stream asks for its own scope, so the routes name none.
"""

from marshmallow import Schema

from fedimmp.streaming.forms import ListForm, PlainForm, PublicForm, SocketForm, TagForm
from fedimmp.streaming.server_sent import BASE, events, health, unknown
from fedimmp.streaming.websocket import stream
from fedimmp.web.routes import Route


def _events(path: str, form: Schema) -> Route:
    return Route(
        "GET",
        f"{BASE}{path}",
        events,
        query_token=True,
        limit="streaming",
        accepts=form,
        returns="stream of Event",
    )


ROUTES = (
    Route(
        "GET",
        "/api/v1/streaming",
        stream,
        query_token=True,
        limit="streaming",
        accepts=SocketForm(),
        returns="WebSocket",
    ),
    Route("GET", "/api/v1/streaming/health", health, public=True, returns="text"),
    _events("user", PlainForm()),
    _events("user/notification", PlainForm()),
    _events("public", PublicForm()),
    _events("public/local", PublicForm()),
    _events("public/remote", PublicForm()),
    _events("hashtag", TagForm()),
    _events("hashtag/local", TagForm()),
    _events("list", ListForm()),
    _events("direct", PlainForm()),
    Route("GET", f"{BASE}{{channel:.+}}", unknown, query_token=True, limit="streaming"),
)
