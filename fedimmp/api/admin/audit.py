"""The audit log, a method of ours: Mastodon shows it on its pages alone."""

from typing import Final

from aiohttp import web

from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_audit import AuditForm
from fedimmp.entities.admin.audit import audit_entry_entity
from fedimmp.permissions import Permission
from fedimmp.services import auditing, moderating
from fedimmp.web.call import Call
from fedimmp.web.responses import paged
from fedimmp.web.routes import Route
from storage.audit import Filter

_NAMES: Final = ("actor", "action", "target", "since", "until")


async def index(call: Call) -> web.StreamResponse:
    """List who did what to whom as staff, or looked at what, the latest first."""
    form = await call.form()
    wanted = Filter(**{name: form[name] or None for name in _NAMES})
    page = call.page(100, 200)
    actor = await moderating.name_of(call.app, call.viewer.account_id)
    found = await auditing.list_page(call.app, wanted, page, actor=actor)
    return paged(
        call,
        [audit_entry_entity(each) for each in found],
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
        keep=_NAMES,
    )


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/admin/audit",
        permitted(Permission.VIEW_AUDIT_LOG, index),
        ("admin:read",),
        accepts=AuditForm(),
        returns="[Admin::AuditEntry]",
        paged="id",
        deviation="Mastodon has no such method.",
    ),
)
