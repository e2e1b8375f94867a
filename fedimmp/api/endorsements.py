"""People whom somebody recommends on the profile."""

from typing import Final

from aiohttp import web

from fedimmp.access import access_account
from fedimmp.api.people import answer_people, answer_relationship, page_of
from fedimmp.services import endorsing
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import endorsements, relationships


async def index(call: Call) -> web.StreamResponse:
    """Show whom the viewer recommends, the latest first."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        cursors = await endorsements.list_page(conn, call.viewer.account_id, page)
    return await answer_people(call, cursors, page)


async def show_of_account(call: Call) -> web.StreamResponse:
    """Show whom an account recommends; a suspended one recommends nobody."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if account.suspended_at is not None or await relationships.blocks(
            conn, account.id, call.viewer.account_id
        ):
            return json_response([])
        cursors = await endorsements.list_page(conn, account.id, page)
    return await answer_people(call, cursors, page)


async def endorse(call: Call) -> web.StreamResponse:
    """Recommend somebody whom the viewer follows on the profile."""
    await endorsing.endorse(call.app, call.viewer.account_id, call.path_id())
    return await answer_relationship(call, call.path_id())


async def unendorse(call: Call) -> web.StreamResponse:
    """Recommend somebody on the profile no longer."""
    await endorsing.unendorse(call.app, call.viewer.account_id, call.path_id())
    return await answer_relationship(call, call.path_id())


_ACCOUNT: Final = "/api/v1/accounts/{id}"
_READ: Final = ("read:accounts",)
_WRITE: Final = ("write:accounts",)
_RELATIONSHIP: Final = "Relationship"

ROUTES = (
    Route("GET", "/api/v1/endorsements", index, _READ, returns="[Account]", paged="row"),
    Route(
        "GET",
        f"{_ACCOUNT}/endorsements",
        show_of_account,
        _READ,
        returns="[Account]",
        paged="row",
        deviation="Of people at other offices nothing is known, so the list is empty.",
    ),
    Route("POST", f"{_ACCOUNT}/endorse", endorse, _WRITE, returns=_RELATIONSHIP),
    Route("POST", f"{_ACCOUNT}/unendorse", unendorse, _WRITE, returns=_RELATIONSHIP),
    Route("POST", f"{_ACCOUNT}/pin", endorse, _WRITE, returns=_RELATIONSHIP),
    Route("POST", f"{_ACCOUNT}/unpin", unendorse, _WRITE, returns=_RELATIONSHIP),
)
