"""The other offices beyond what Mastodon's lists hold: methods of ours."""

from typing import Final

from aiohttp import web

from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_peers import PreviewForm
from fedimmp.entities.admin.peers import peer_preview_entity
from fedimmp.permissions import Permission
from fedimmp.services import peer_previews
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


async def preview(call: Call) -> web.StreamResponse:
    """Say what giving an office a state would cut, before it is done."""
    form = await call.form()
    found = await peer_previews.preview(call.app, form["domain"], form["state"])
    shown = peer_preview_entity(found.pattern, found.state, found.turns, found.holdings)
    return json_response(shown)


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/admin/peers/preview",
        permitted(Permission.MANAGE_FEDERATION, preview),
        ("admin:read:domain_allows",),
        accepts=PreviewForm(),
        returns="Admin::PeerPreview",
        deviation="Mastodon has no such method.",
    ),
)
