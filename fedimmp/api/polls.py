"""Polls: look, and vote."""

from aiohttp import web

from fedimmp.access import access_status
from fedimmp.api.forms.statuses import VoteForm
from fedimmp.entities.polls import poll_entity
from fedimmp.errors import BadRequest, NotFound
from fedimmp.services import voting
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import polls, status_views


async def _answer(call: Call, poll_id: int) -> web.Response:
    """Answer with a poll whose status the viewer may see."""
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        poll = await polls.find(conn, poll_id)
        if poll is None:
            raise NotFound
        await access_status(conn, viewer_id, poll.status_id)
        view = (await status_views.load(conn, [poll.status_id], viewer_id)).get(poll.status_id)
    if view is None or view.ballot is None:
        raise NotFound
    return json_response(poll_entity(call.app, view.ballot, viewer_id, view.emojis))


async def show(call: Call) -> web.StreamResponse:
    """Show a poll."""
    return await _answer(call, call.path_id())


async def vote(call: Call) -> web.StreamResponse:
    """Vote in a poll, by the places of the answers."""
    if "choices" not in await call.params():
        raise BadRequest("The parameter choices is missing")
    form = await call.form()
    await voting.vote(call.app, call.viewer.account_id, call.path_id(), form["choices"])
    return await _answer(call, call.path_id())


ROUTES = (
    Route("GET", "/api/v1/polls/{id}", show, ("read:statuses",), returns="Poll"),
    Route(
        "POST",
        "/api/v1/polls/{id}/votes",
        vote,
        ("write:statuses",),
        accepts=VoteForm(),
        returns="Poll",
    ),
)
