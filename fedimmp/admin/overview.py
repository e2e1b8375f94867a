"""The first page: traffic lights, and what each office has to do with it."""

from typing import Final

from aiohttp import web

from fedimmp.admin.desk import Desk, page_route
from fedimmp.admin.sections import sections_of
from fedimmp.permissions import Permission
from fedimmp.services import overseeing


async def show(desk: Desk) -> web.StreamResponse:
    """Show how the office is."""
    found = await overseeing.overview(desk.app)
    paths = {each.key: each for each in sections_of(desk.visitor.role)}
    return desk.page("overview.html", "overview", overview=found, cures=paths)


ROUTES: Final = (page_route("/admin", Permission.VIEW_DASHBOARD, show),)
