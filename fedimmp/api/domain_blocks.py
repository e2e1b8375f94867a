"""Offices that the viewer wants nothing of."""

from typing import Final

from aiohttp import web

from fedimmp.api.forms.domain_blocks import DomainForm
from fedimmp.services import office_blocks
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import domain_blocks

_DEFAULT_LIMIT: Final = 100
_MAXIMUM_LIMIT: Final = 200


async def index(call: Call) -> web.StreamResponse:
    """Show the offices that the viewer blocks, the latest first."""
    page = call.page(_DEFAULT_LIMIT, _MAXIMUM_LIMIT)
    async with call.app.db.reader() as conn:
        found = await domain_blocks.list_page(conn, call.viewer.account_id, page)
    return paged(
        call,
        [each.domain for each in found],
        first=found[0].row_id if found else None,
        last=found[-1].row_id if found else None,
        full=len(found) == page.limit,
        prev="since_id",
    )


async def create(call: Call) -> web.StreamResponse:
    """Block an office for the viewer alone: its people vanish, follows in both directions end."""
    form = await call.form()
    await office_blocks.block_office(call.app, call.viewer.account_id, form["domain"])
    return empty()


async def delete(call: Call) -> web.StreamResponse:
    """Block an office no longer; follows that ended do not come back."""
    form = await call.form()
    await office_blocks.unblock_office(call.app, call.viewer.account_id, form["domain"])
    return empty()


async def preview(call: Call) -> web.StreamResponse:
    """Show how many follows would end if the viewer blocked an office."""
    form = await call.form()
    ties = await office_blocks.preview(call.app, call.viewer.account_id, form["domain"])
    return json_response({"following_count": ties.following, "followers_count": ties.followers})


_PATH: Final = "/api/v1/domain_blocks"
_READ: Final = ("read:blocks",)
_WRITE: Final = ("write:blocks",)

ROUTES = (
    Route(
        "GET",
        _PATH,
        index,
        _READ,
        returns="[String]",
        paged="row",
    ),
    Route(
        "POST",
        _PATH,
        create,
        _WRITE,
        accepts=DomainForm(),
        returns="{}",
        deviation="A member cannot block the own office.",
    ),
    Route("DELETE", _PATH, delete, _WRITE, accepts=DomainForm(), returns="{}"),
    Route(
        "GET",
        f"{_PATH}/preview",
        preview,
        _READ,
        accepts=DomainForm(),
        returns="DomainBlockPreview",
    ),
)
