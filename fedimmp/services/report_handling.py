"""What staff does with reports: taking them on, sorting, closing and reopening them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.effects.moderation import Staff, recorded
from fedimmp.errors import Invalid, NotFound
from fedimmp.services.moderating import staff_of
from storage import reports
from storage.database import Transaction
from storage.reports import Category, Report


async def assign(app: App, staff_id: int, report_id: int) -> Report:
    """Take a report on; raises NotFound."""

    async def change(tx: Transaction, staff: Staff, now: datetime) -> None:
        await reports.set_assigned(tx, report_id, staff.account_id, now)

    return await _change(app, staff_id, report_id, "report.assign", change)


async def unassign(app: App, staff_id: int, report_id: int) -> Report:
    """Let nobody in particular look at a report; raises NotFound."""

    async def change(tx: Transaction, _staff: Staff, now: datetime) -> None:
        await reports.set_assigned(tx, report_id, None, now)

    return await _change(app, staff_id, report_id, "report.unassign", change)


async def resolve(app: App, staff_id: int, report_id: int) -> Report:
    """Close a report, no matter if it is closed already; raises NotFound."""

    async def change(tx: Transaction, staff: Staff, now: datetime) -> None:
        await reports.set_resolved(tx, report_id, now, now=now, by=staff.account_id)

    return await _change(app, staff_id, report_id, "report.resolve", change)


async def reopen(app: App, staff_id: int, report_id: int) -> Report:
    """Open a report again, no matter if it is open; raises NotFound."""

    async def change(tx: Transaction, _staff: Staff, now: datetime) -> None:
        await reports.set_resolved(tx, report_id, None, now=now)

    return await _change(app, staff_id, report_id, "report.reopen", change)


async def reclassify(
    app: App,
    staff_id: int,
    report_id: int,
    *,
    category: Category | None,
    rule_ids: Sequence[str] | None,
) -> Report:
    """Say what a report is about; None leaves that. Raises NotFound, Invalid for unknown rules."""
    known = {str(number) for number in range(1, len(app.config.server.rules) + 1)}
    if rule_ids is not None and not known.issuperset(rule_ids):
        raise Invalid("Validation failed: There is no such rule here")

    async def change(tx: Transaction, _staff: Staff, now: datetime) -> None:
        await reports.reclassify(tx, report_id, category=category, rule_ids=rule_ids, now=now)

    return await _change(app, staff_id, report_id, "report.update", change)


async def _change(
    app: App,
    staff_id: int,
    report_id: int,
    action: str,
    change: Callable[[Transaction, Staff, datetime], Awaitable[None]],
) -> Report:
    async def work(tx: Transaction) -> Report:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        await change(tx, staff, now)
        report = await reports.find(tx, report_id)
        if report is None:
            raise NotFound
        await recorded(tx, staff, action, str(report_id), now)
        return report

    return await app.db.transact(work)
