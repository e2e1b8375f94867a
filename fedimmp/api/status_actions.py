"""What people do with a post: favourite, boost, bookmark, pin, mute; and who did."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from fedimmp.access import access_status
from fedimmp.api.forms.statuses import BoostForm
from fedimmp.api.statuses import answer_status
from fedimmp.app import App
from fedimmp.entities.accounts import render_accounts
from fedimmp.services import interacting
from fedimmp.web.call import Call
from fedimmp.web.responses import paged
from fedimmp.web.routes import Handler, Route
from storage import interactions
from storage.database import Connection
from storage.interactions import Reaction
from storage.paging import Page

Action = Callable[[App, int, int], Awaitable[Any]]
Listing = Callable[[Connection, int, int, Page], Awaitable[Sequence[Reaction]]]


def _does(action: Action) -> Handler:
    """Return the edge that does something with a status and answers with the status."""

    async def edge(call: Call) -> web.StreamResponse:
        status_id = call.path_id()
        await action(call.app, call.viewer.account_id, status_id)
        return await answer_status(call, status_id)

    edge.__doc__ = action.__doc__
    return edge


async def boost(call: Call) -> web.StreamResponse:
    """Boost a post; answers with the boost, which holds the original."""
    form = await call.form()
    boost_id = await interacting.boost(
        call.app, call.viewer.account_id, call.path_id(), visibility=form["visibility"]
    )
    return await answer_status(call, boost_id)


async def unboost(call: Call) -> web.StreamResponse:
    """Take a boost back; answers with the original."""
    original_id = await interacting.unboost(call.app, call.viewer.account_id, call.path_id())
    return await answer_status(call, original_id)


def _lists(listing: Listing) -> Handler:
    """Return the edge that lists who did something with a status; the cursor is hidden."""

    async def edge(call: Call) -> web.StreamResponse:
        page = call.page(40, 80)
        async with call.app.db.reader() as conn:
            status = await access_status(conn, call.viewer.account_id, call.path_id())
            found = await listing(conn, status.id, call.viewer.account_id, page)
            rendered = await render_accounts(call.app, conn, [one.account_id for one in found])
        return paged(
            call,
            rendered,
            first=found[0].row_id if found else None,
            last=found[-1].row_id if found else None,
            full=len(found) == page.limit,
            prev="since_id",
        )

    edge.__doc__ = listing.__doc__
    return edge


_WRITE = ("write:statuses",)
_STATUS = "/api/v1/statuses/{id}"


def _action(name: str, action: Action, scope: str) -> Route:
    return Route("POST", f"{_STATUS}/{name}", _does(action), (scope,), returns="Status")


def _listing(name: str, listing: Listing) -> Route:
    return Route(
        "GET",
        f"{_STATUS}/{name}",
        _lists(listing),
        ("read:accounts",),
        returns="[Account]",
        paged="row",
    )


ROUTES = (
    _action("favourite", interacting.favourite, "write:favourites"),
    _action("unfavourite", interacting.unfavourite, "write:favourites"),
    _action("bookmark", interacting.bookmark, "write:bookmarks"),
    _action("unbookmark", interacting.unbookmark, "write:bookmarks"),
    _action("pin", interacting.pin, "write:accounts"),
    _action("unpin", interacting.unpin, "write:accounts"),
    _action("mute", interacting.mute_conversation, "write:mutes"),
    _action("unmute", interacting.unmute_conversation, "write:mutes"),
    Route(
        "POST",
        f"{_STATUS}/reblog",
        boost,
        _WRITE,
        limit="posting",
        accepts=BoostForm(),
        returns="Status",
    ),
    Route("POST", f"{_STATUS}/unreblog", unboost, _WRITE, limit="deletes", returns="Status"),
    _listing("favourited_by", interactions.list_favouriters),
    _listing("reblogged_by", interactions.list_boosters),
)
