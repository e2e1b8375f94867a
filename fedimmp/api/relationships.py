"""What people do with each other: follow, block, mute, note, and answer requests."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from fedimmp.api.forms.accounts import FollowForm, MuteForm, NoteForm
from fedimmp.api.people import answer_people, answer_relationship, page_of
from fedimmp.app import App
from fedimmp.entities.accounts import muted_account_entity, relationship_entity
from fedimmp.services import blocking, following
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import accounts, relationships

Action = Callable[[App, int, int], Awaitable[Any]]


async def follow(call: Call) -> web.StreamResponse:
    """Follow somebody, or change how.

    An account elsewhere that lets anybody follow is answered as followed, as Mastodon does and apps
    show it. Nothing is granted, and no other answer says so, before their office has accepted.
    """
    form = await call.form()
    target_id = call.path_id()
    await following.follow(
        call.app,
        call.viewer.account_id,
        target_id,
        reblogs=form["reblogs"],
        notify=form["notify"],
        languages=form["languages"],
    )
    async with call.app.db.reader() as conn:
        target = await accounts.get(conn, target_id)
        found = await relationships.load(conn, call.viewer.account_id, [target_id])
    entity = relationship_entity(found[target_id])
    if entity["requested"] and target.domain is not None and not target.locked:
        entity |= {"following": True, "requested": False}
    return json_response(entity)


async def mute(call: Call) -> web.StreamResponse:
    """Mute somebody, or change how."""
    form = await call.form()
    target_id = call.path_id()
    await blocking.mute(
        call.app,
        call.viewer.account_id,
        target_id,
        notifications=form["notifications"] is not False,
        duration_seconds=form["duration"] or 0,
    )
    return await answer_relationship(call, target_id)


async def note(call: Call) -> web.StreamResponse:
    """Keep a private note about somebody; a blank one removes it."""
    form = await call.form()
    target_id = call.path_id()
    await blocking.set_note(call.app, call.viewer.account_id, target_id, form["comment"])
    return await answer_relationship(call, target_id)


def acting(action: Action) -> Handler:
    """Return the handler that does something with an account and answers how one stands to it."""

    async def act(call: Call) -> web.StreamResponse:
        target_id = call.path_id()
        await action(call.app, call.viewer.account_id, target_id)
        return await answer_relationship(call, target_id)

    act.__doc__ = action.__doc__
    return act


async def show_follow_requests(call: Call) -> web.StreamResponse:
    """Show who wants to follow the viewer."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        cursors = await relationships.list_follow_requests(conn, call.viewer.account_id, page)
    return await answer_people(call, cursors, page)


async def show_blocks(call: Call) -> web.StreamResponse:
    """Show whom the viewer blocks."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        cursors = await relationships.list_blocks(conn, call.viewer.account_id, page)
    return await answer_people(call, cursors, page)


async def show_mutes(call: Call) -> web.StreamResponse:
    """Show whom the viewer mutes, and until when."""
    page = page_of(call)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        cursors = await relationships.list_mutes(conn, viewer_id, page)
        ids = [each.account_id for each in cursors]
        views = await accounts.load_views(conn, ids)
        expiries = await relationships.mute_expiries(conn, viewer_id, ids)
    return paged(
        call,
        [muted_account_entity(call.app, views[each], expiries.get(each)) for each in ids],
        first=cursors[0].row_id if cursors else None,
        last=cursors[-1].row_id if cursors else None,
        full=len(cursors) == page.limit,
        prev="since_id",
    )


_FOLLOWS = ("write:follows",)
_BLOCKS = ("write:blocks",)
_MUTES = ("write:mutes",)
_ACCOUNT = "/api/v1/accounts/{id}"
_REQUESTS = "/api/v1/follow_requests"


def _acts(name: str, action: Action, scopes: tuple[str, ...], below: str = _ACCOUNT) -> Route:
    return Route("POST", f"{below}/{name}", acting(action), scopes, returns="Relationship")


ROUTES = (
    Route(
        "POST",
        f"{_ACCOUNT}/follow",
        follow,
        _FOLLOWS,
        limit="follows",
        accepts=FollowForm(),
        returns="Relationship",
    ),
    _acts("unfollow", following.unfollow, _FOLLOWS),
    _acts("remove_from_followers", following.remove_follower, _FOLLOWS),
    _acts("block", blocking.block, _BLOCKS),
    _acts("unblock", blocking.unblock, _BLOCKS),
    Route("POST", f"{_ACCOUNT}/mute", mute, _MUTES, accepts=MuteForm(), returns="Relationship"),
    _acts("unmute", blocking.unmute, _MUTES),
    Route(
        "POST",
        f"{_ACCOUNT}/note",
        note,
        ("write:accounts",),
        accepts=NoteForm(),
        returns="Relationship",
    ),
    Route(
        "GET", _REQUESTS, show_follow_requests, ("read:follows",), returns="[Account]", paged="row"
    ),
    _acts("authorize", following.authorize_request, _FOLLOWS, below=f"{_REQUESTS}/{{id}}"),
    _acts("reject", following.reject_request, _FOLLOWS, below=f"{_REQUESTS}/{{id}}"),
    Route("GET", "/api/v1/blocks", show_blocks, ("read:blocks",), returns="[Account]", paged="row"),
    Route(
        "GET", "/api/v1/mutes", show_mutes, ("read:mutes",), returns="[MutedAccount]", paged="row"
    ),
)
