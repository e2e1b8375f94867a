"""Reporting somebody to the moderators."""

from aiohttp import web

from fedimmp.api.forms.reports import ReportForm
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.reports import report_entity
from fedimmp.services import reporting
from fedimmp.services.reporting import Complaint
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


async def create(call: Call) -> web.StreamResponse:
    """Report an account and posts of it; with `forward` to its own office too."""
    form = await call.form()
    complaint = Complaint(
        target_id=form["account_id"],
        status_ids=form["status_ids"],
        comment=form["comment"],
        category=form["category"],
        rule_ids=form["rule_ids"],
        forward=form["forward"],
    )
    report = await reporting.report(call.app, call.viewer.account_id, complaint)
    async with call.app.db.reader() as conn:
        (target,) = await render_accounts(call.app, conn, [report.target_id])
    return json_response(report_entity(report, target))


ROUTES = (
    Route(
        "POST",
        "/api/v1/reports",
        create,
        ("write:reports",),
        limit="reports",
        accepts=ReportForm(),
        returns="Report",
    ),
)
