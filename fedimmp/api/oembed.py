"""Posts as pages of the intranet embed them."""

from typing import Final

from aiohttp import web

from fedimmp.access import access_status
from fedimmp.api.forms.oembed import OEmbedForm
from fedimmp.entities.oembed import oembed_entity
from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import accounts, statuses

_WIDTH: Final = 400


async def show(call: Call) -> web.StreamResponse:
    """Show a public or unlisted post of this office, named by its address, for embedding."""
    form = await call.form()
    async with call.app.db.reader() as conn:
        found = await statuses.find_by_url(conn, form["url"])
        if found is None or not found.local or found.visibility not in {"public", "unlisted"}:
            raise NotFound
        status = await access_status(conn, call.viewer.account_id, found.id)
        author = await accounts.get(conn, status.account_id)
    width = min(form["maxwidth"] or _WIDTH, _WIDTH)
    return json_response(
        oembed_entity(call.app, status, author, width=width, height=form["maxheight"])
    )


ROUTES = (
    Route(
        "GET",
        "/api/oembed",
        show,
        ("read:statuses",),
        accepts=OEmbedForm(),
        returns="OEmbed",
        deviation=(
            "Posts are for members alone, so a token is needed, and the HTML is a quotation instead"
            " of a frame."
        ),
    ),
)
