"""Reports as staff sees them: Admin::Report, whole pages at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.admin.accounts import render_admin_accounts
from fedimmp.entities.instance import rule_entities
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.times import maybe_timestamp, timestamp
from storage.database import Connection
from storage.reports import Report

Entities = Mapping[str, dict[str, Any]]


async def render_admin_reports(
    app: App, conn: Connection, found: Sequence[Report], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the Admin::Report entities in the given order, in a fixed number of queries.

    Reported posts are shown whole, since they are what is to be judged, unless they were deleted.
    """
    people = sorted({each for report in found for each in _people(report)})
    accounts = {one["id"]: one for one in await render_admin_accounts(app, conn, people)}
    ids = sorted({each for report in found for each in report.status_ids})
    statuses = {one["id"]: one for one in await render_statuses(app, conn, ids, viewer_id)}
    rules = {one["id"]: one for one in rule_entities(app)}
    return [_entity(report, accounts, statuses, rules) for report in found]


def _people(report: Report) -> list[int]:
    concerned = (report.account_id, report.target_id, report.assigned_id, report.resolved_by_id)
    return [each for each in concerned if each is not None]


def _entity(
    report: Report, accounts: Entities, statuses: Entities, rules: Entities
) -> dict[str, Any]:
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": maybe_timestamp(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.forwarded,
        "created_at": timestamp(report.created_at),
        "updated_at": timestamp(report.updated_at),
        "account": accounts[str(report.account_id)],
        "target_account": accounts[str(report.target_id)],
        "assigned_account": accounts.get(str(report.assigned_id)),
        "action_taken_by_account": accounts.get(str(report.resolved_by_id)),
        "statuses": [statuses[str(each)] for each in report.status_ids if str(each) in statuses],
        "rules": [rules[each] for each in report.rule_ids if each in rules],
    }
