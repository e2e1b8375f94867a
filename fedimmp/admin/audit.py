"""The audit log, narrowed by who, what, on what and when."""

from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, links_between, page_route, read_query
from fedimmp.permissions import Permission
from fedimmp.services import auditing
from storage.audit import Filter


async def index(desk: Desk) -> web.StreamResponse:
    """List who did what to whom, the latest first."""
    form, filled = await read_query(desk)
    page = desk.call.page(50, 200)
    wanted = Filter(**{name: form.get(name) or None for name in _NAMES})
    found = []
    if not filled.alert:
        found = await auditing.list_page(desk.app, wanted, page, actor=desk.visitor.username)
    values: dict[str, Any] = {"entries": found, "filled": filled}
    values["links"] = links_between(desk, [each.id for each in found], page)
    return desk.page("audit.html", "audit", status=filled.status, **values)


_NAMES: Final = ("actor", "action", "target", "since", "until")

ROUTES: Final = (
    page_route("/admin/audit", Permission.VIEW_AUDIT_LOG, index, accepts=forms.AuditQuery()),
)
