"""Our custom emoji, for the offices that show what our people write."""

from typing import Final

from aiohttp import web

from activitypub import writing
from fedimmp.errors import NotFound
from fedimmp.outbound.emojis import outgoing_emoji
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import document, signer_of
from storage import emojis


async def show(call: Call) -> web.Response:
    """Show a custom emoji of ours."""
    await signer_of(call)
    async with call.app.db.reader() as conn:
        found = await emojis.find_own(conn, call.path_id())
    if found is None:
        raise NotFound
    return document(writing.emoji(outgoing_emoji(call.app, found)))


ROUTES: Final = (Route("GET", "/ap/emojis/{id}", show, public=True, limit="none"),)
