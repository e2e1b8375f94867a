"""The custom emoji of this office."""

from aiohttp import web

from fedimmp.entities.emojis import emoji_entities
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import emojis


async def index(call: Call) -> web.StreamResponse:
    """List the custom emoji of this office, which anybody may write."""
    async with call.app.db.reader() as conn:
        found = await emojis.list_own(conn)
    return json_response(emoji_entities(call.app, found))


ROUTES = (Route("GET", "/api/v1/custom_emojis", index, public=True, returns="[CustomEmoji]"),)
