"""The organisation's list: how old it is, whom it names, its troubles, what waits for a person."""

from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, page_route, submit
from fedimmp.errors import Conflict, NotFound
from fedimmp.permissions import Permission
from fedimmp.services import organising, reviewing_manifest

_PATH: Final = "/admin/organisation"


async def show(desk: Desk) -> web.StreamResponse:
    """Show how the organisation stands, also where there is none."""
    return await _show(desk, Filled())


async def _show(desk: Desk, filled: Filled) -> web.Response:
    try:
        found = await reviewing_manifest.overview(desk.app)
    except NotFound:
        return desk.page(
            "organisation.html", "peers", status=filled.status, filled=filled, found=None
        )
    return desk.page(
        "organisation.html",
        "peers",
        status=filled.status,
        filled=filled,
        found=found,
        known=found.organisation,
        changes=await reviewing_manifest.changes(desk.app),
    )


async def confirm(desk: Desk) -> web.StreamResponse:
    """Take the version that waits because of whom it removes."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        try:
            await organising.confirm(desk.app, form["version"], actor=desk.visitor.username)
        except NotFound as error:
            # The page stays; what waited has gone or is another version by now.
            raise Conflict(error.sentence) from error
        return gone(_PATH, "done")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _show(desk, filled)

    return await submit(desk, work, again, dangerous=True)


_MAY: Final = Permission.MANAGE_FEDERATION

ROUTES: Final = (
    page_route(_PATH, _MAY, show),
    act_route(_PATH, _MAY, confirm, accepts=forms.ConfirmManifestForm()),
)
