"""Quotes of a post: list them, take consent back, decide who may quote."""

from aiohttp import web

from fedimmp.access import access_status
from fedimmp.api.forms.statuses import PolicyForm
from fedimmp.api.statuses import answer_status
from fedimmp.entities.statuses import render_statuses
from fedimmp.services import quoting
from fedimmp.web.call import Call
from fedimmp.web.responses import paged
from fedimmp.web.routes import Route
from storage import quotes


async def index(call: Call) -> web.StreamResponse:
    """List the posts that quote this one by consent, newest first."""
    viewer_id, page = call.viewer.account_id, call.page(20, 40)
    async with call.app.db.reader() as conn:
        status = await access_status(conn, viewer_id, call.path_id())
        found = await quotes.list_quoting(conn, viewer_id, status.uri, page)
        rendered = await render_statuses(call.app, conn, found, viewer_id)
    return paged(
        call,
        rendered,
        first=found[0] if found else None,
        last=found[-1] if found else None,
        full=len(found) == page.limit,
        prev="since_id",
    )


async def revoke(call: Call) -> web.StreamResponse:
    """Take back the consent to a quote of an own post; answers with the post that quoted it."""
    quoting_id = call.path_id("quoting_id")
    await quoting.revoke(call.app, call.viewer.account_id, call.path_id(), quoting_id)
    return await answer_status(call, quoting_id)


async def set_policy(call: Call) -> web.StreamResponse:
    """Decide who may quote an own post from now on."""
    form = await call.form()
    status_id = call.path_id()
    await quoting.set_policy(
        call.app, call.viewer.account_id, status_id, form["quote_approval_policy"]
    )
    return await answer_status(call, status_id)


_WRITE = ("write:statuses",)
_STATUS = "/api/v1/statuses/{id}"

ROUTES = (
    Route("GET", f"{_STATUS}/quotes", index, ("read:statuses",), returns="[Status]", paged="row"),
    Route("POST", f"{_STATUS}/quotes/{{quoting_id}}/revoke", revoke, _WRITE, returns="Status"),
    Route(
        "PUT",
        f"{_STATUS}/interaction_policy",
        set_policy,
        _WRITE,
        accepts=PolicyForm(),
        returns="Status",
    ),
)
