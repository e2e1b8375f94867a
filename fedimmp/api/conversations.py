"""Direct conversations of the viewer."""

from aiohttp import web

from fedimmp.entities.conversations import render_conversations
from fedimmp.errors import NotFound
from fedimmp.services import conversing
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import conversations


async def index(call: Call) -> web.StreamResponse:
    """Show the viewer's direct conversations, paged by the id of the last status."""
    page = call.page(20, 40)
    async with call.app.db.reader() as conn:
        rows = await conversations.list_page(conn, call.viewer.account_id, page)
        rendered = await render_conversations(call.app, conn, rows, call.viewer.account_id)
    return paged(
        call,
        rendered,
        first=rows[0].last_status_id if rows else None,
        last=rows[-1].last_status_id if rows else None,
        full=len(rows) == page.limit,
    )


def _marks(*, unread: bool) -> Handler:
    async def edge(call: Call) -> web.StreamResponse:
        """Mark a conversation as read or unread, and answer with it."""
        viewer_id, conversation_id = call.viewer.account_id, call.path_id()
        await conversing.mark(call.app, viewer_id, conversation_id, unread=unread)
        async with call.app.db.reader() as conn:
            row = await conversations.find(conn, viewer_id, conversation_id)
            if row is None:
                raise NotFound
            rendered = await render_conversations(call.app, conn, [row], viewer_id)
        return json_response(rendered[0])

    return edge


async def hide(call: Call) -> web.StreamResponse:
    """Remove a conversation from the viewer's list; the posts stay."""
    await conversing.hide(call.app, call.viewer.account_id, call.path_id())
    return empty()


_WRITE = ("write:conversations",)

ROUTES = (
    Route(
        "GET",
        "/api/v1/conversations",
        index,
        ("read:statuses",),
        returns="[Conversation]",
        paged="id",
    ),
    Route("DELETE", "/api/v1/conversations/{id}", hide, _WRITE, returns="{}"),
    Route(
        "POST",
        "/api/v1/conversations/{id}/read",
        _marks(unread=False),
        _WRITE,
        returns="Conversation",
    ),
    Route(
        "POST",
        "/api/v1/conversations/{id}/unread",
        _marks(unread=True),
        _WRITE,
        returns="Conversation",
    ),
)
