"""Reports as staff works on them."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_accounts import ReportChangeForm, ReportsForm
from fedimmp.app import App
from fedimmp.entities.admin.reports import render_admin_reports
from fedimmp.errors import NotFound
from fedimmp.permissions import Permission
from fedimmp.services import moderating, report_handling
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import reports
from storage.reports import Report, ReportFilter

_KEPT: Final = (
    "resolved",
    "unresolved",
    "account_id",
    "target_account_id",
    "by_target_domain",
    "target_origin",
)


async def index(call: Call) -> web.StreamResponse:
    """List the reports that are open, or with `resolved` those that are closed."""
    form = await call.form()
    page = call.page(100, 200)
    wanted = ReportFilter(
        resolved=bool(form["resolved"]) and not form["unresolved"],
        account_id=form["account_id"],
        target_id=form["target_account_id"],
        target_domain=form["by_target_domain"] or None,
        target_origin=form["target_origin"],
    )
    await moderating.note_reading(call.app, call.viewer.account_id, "report.list", "reports")
    async with call.app.db.reader() as conn:
        found = await reports.list_page(conn, wanted, page)
        entities = await render_admin_reports(call.app, conn, found, call.viewer.account_id)
    return paged(
        call,
        entities,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
        keep=_KEPT,
    )


async def show(call: Call) -> web.StreamResponse:
    """Show a report with those concerned and the posts that were reported."""
    async with call.app.db.reader() as conn:
        report = await reports.find(conn, call.path_id())
    if report is None:
        raise NotFound
    await moderating.note_reading(call.app, call.viewer.account_id, "report.show", str(report.id))
    return await _answer(call, report)


async def update(call: Call) -> web.StreamResponse:
    """Change what a report is about: its category and the rules that were broken."""
    form = await call.form()
    report = await report_handling.reclassify(
        call.app,
        call.viewer.account_id,
        call.path_id(),
        category=form["category"],
        rule_ids=form["rule_ids"],
    )
    return await _answer(call, report)


def _doing(act: Callable[[App, int, int], Awaitable[Report]], sentence: str) -> Handler:
    async def do(call: Call) -> web.StreamResponse:
        return await _answer(call, await act(call.app, call.viewer.account_id, call.path_id()))

    do.__doc__ = sentence
    return do


async def _answer(call: Call, report: Report) -> web.StreamResponse:
    async with call.app.db.reader() as conn:
        (entity,) = await render_admin_reports(call.app, conn, [report], call.viewer.account_id)
    return json_response(entity)


_READ: Final = ("admin:read:reports",)
_WRITE: Final = ("admin:write:reports",)
_REPORT: Final = "/api/v1/admin/reports/{id}"
_MAY: Final = Permission.MANAGE_REPORTS


def _post(verb: str, act: Callable[[App, int, int], Awaitable[Report]], sentence: str) -> Route:
    handler = permitted(_MAY, _doing(act, sentence))
    return Route("POST", f"{_REPORT}/{verb}", handler, _WRITE, returns="Admin::Report")


ROUTES = (
    Route(
        "GET",
        "/api/v1/admin/reports",
        permitted(_MAY, index),
        _READ,
        accepts=ReportsForm(),
        returns="[Admin::Report]",
        paged="id",
    ),
    Route("GET", _REPORT, permitted(_MAY, show), _READ, returns="Admin::Report"),
    Route(
        "PUT",
        _REPORT,
        permitted(_MAY, update),
        _WRITE,
        accepts=ReportChangeForm(),
        returns="Admin::Report",
    ),
    _post("assign_to_self", report_handling.assign, "Take a report on."),
    _post("unassign", report_handling.unassign, "Let nobody in particular look at a report."),
    _post("resolve", report_handling.resolve, "Close a report."),
    _post("reopen", report_handling.reopen, "Open a closed report again."),
)
