"""Reports: read, taken on, judged and closed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, links_between, page_route, submit
from fedimmp.app import App
from fedimmp.entities.admin.reports import render_admin_reports
from fedimmp.errors import NotFound
from fedimmp.permissions import Permission, outranks
from fedimmp.services import moderating, report_handling
from fedimmp.services.moderating import Verdict
from storage import members, reports
from storage.reports import Report, ReportFilter

_ACTS: Final[Mapping[str, Callable[[App, int, int], Awaitable[Report]]]] = {
    "assign": report_handling.assign,
    "unassign": report_handling.unassign,
    "resolve": report_handling.resolve,
    "reopen": report_handling.reopen,
}


async def index(desk: Desk) -> web.StreamResponse:
    """List the reports that are open, or those that are closed."""
    form = await desk.call.form()
    page = desk.call.page(50, 200)
    wanted = ReportFilter(resolved=bool(form["resolved"]), target_id=form["target_id"])
    await moderating.note_reading(desk.app, desk.staff_id, "report.list", "reports")
    async with desk.app.db.reader() as conn:
        found = await reports.list_page(conn, wanted, page)
        entities = await render_admin_reports(desk.app, conn, found, desk.staff_id)
    links = links_between(desk, [each.id for each in found], page)
    return desk.page(
        "reports.html", "reports", reports=entities, resolved=wanted.resolved, links=links
    )


async def show(desk: Desk) -> web.StreamResponse:
    """Show a report with those concerned and the posts."""
    return await _show(desk, Filled())


async def _show(desk: Desk, filled: Filled) -> web.Response:
    async with desk.app.db.reader() as conn:
        report = await reports.find(conn, desk.call.path_id())
        if report is None:
            raise NotFound
        (entity,) = await render_admin_reports(desk.app, conn, [report], desk.staff_id)
        target = await members.find(conn, report.target_id)
    await moderating.note_reading(desk.app, desk.staff_id, "report.show", str(report.id))
    is_self = report.target_id == desk.staff_id
    return desk.page(
        "report.html",
        "reports",
        status=filled.status,
        filled=filled,
        report=entity,
        host_of_report=report.host,
        is_member=target is not None,
        is_below=not is_self and outranks(desk.visitor.role, target.role if target else None),
        has_mail=desk.app.config.mail.host is not None,
    )


async def act(desk: Desk) -> web.StreamResponse:
    """Take a report on, leave it to others, close or reopen it."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        report = await _ACTS[form["act"]](desk.app, desk.staff_id, desk.call.path_id())
        return gone(f"/admin/reports/{report.id}", "done")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _show(desk, filled)

    return await submit(desk, work, again)


async def judge(desk: Desk) -> web.StreamResponse:
    """Decide about whom a report is about, and close it."""
    report_id = desk.call.path_id()

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        async with desk.app.db.reader() as conn:
            report = await reports.find(conn, report_id)
        if report is None:
            raise NotFound
        verdict = Verdict(
            form["action"],
            text=form["text"],
            report_id=report_id,
            send_email=bool(form["send_email"]),
        )
        await moderating.judge(desk.app, desk.staff_id, report.target_id, verdict)
        return gone(f"/admin/reports/{report_id}", "done")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _show(desk, filled)

    return await submit(desk, work, again, dangerous=True)


_MAY: Final = Permission.MANAGE_REPORTS

ROUTES: Final = (
    page_route("/admin/reports", _MAY, index, accepts=forms.ReportsQuery()),
    page_route("/admin/reports/{id}", _MAY, show),
    act_route("/admin/reports/{id}", _MAY, act, accepts=forms.ReportForm()),
    act_route(
        "/admin/reports/{id}/judge", Permission.MANAGE_USERS, judge, accepts=forms.JudgeForm()
    ),
)
