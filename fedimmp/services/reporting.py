"""Reporting people to the moderators, here and at their own office, and closing reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fedimmp.access import access_account, access_statuses
from fedimmp.app import App
from fedimmp.effects.reports import reported
from fedimmp.errors import Invalid, NotFound
from storage import audit, reports, statuses
from storage.accounts import Account
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.reports import Category, NewReport, Report

COMMENT_MAXIMUM: Final = 1000
STATUSES_MAXIMUM: Final = 100


@dataclass(frozen=True, slots=True)
class Complaint:
    """Whom a member reports, and why. `category` None is what the rules make of it."""

    target_id: int
    status_ids: Sequence[int] = ()
    comment: str = ""
    category: Category | None = None
    rule_ids: Sequence[str] = ()
    forward: bool = False


async def report(app: App, account_id: int, complaint: Complaint) -> Report:
    """Store a report and, where it is wanted, send it to the office of the reported.

    Posts that are not the target's, or that the member may not see, are left out. Raises NotFound,
    Invalid.
    """
    _check(app, account_id, complaint)

    async def work(tx: Transaction) -> Report:
        now = app.now()
        target = await access_account(tx, account_id, complaint.target_id)
        uris = await _own_posts(tx, account_id, target, complaint.status_ids)
        new = NewReport(
            id=new_id(now),
            account_id=account_id,
            target_id=target.id,
            status_ids=list(uris),
            comment=complaint.comment,
            category=complaint.category or ("violation" if complaint.rule_ids else "other"),
            rule_ids=complaint.rule_ids,
            forwarded=complaint.forward and not target.is_local,
        )
        stored = await reports.insert(tx, new, now)
        if stored is None:
            raise Invalid("Validation failed: Please try again")
        await reported(tx, app, stored, target, list(uris.values()), now)
        return stored

    return await app.db.transact(work)


async def set_resolved(app: App, report_id: int, *, resolved: bool, actor: str) -> None:
    """Close a report, or open it again, no matter if it is so already; `actor` is who does it.

    Raises NotFound.
    """
    async with app.db.writer() as tx:
        if await reports.find(tx, report_id) is None:
            raise NotFound(f"There is no report {report_id}; `fedimmp report list` shows all")
        now = app.now()
        await reports.set_resolved(tx, report_id, now if resolved else None, now=now)
        action = "report.resolve" if resolved else "report.reopen"
        await audit.append(tx, actor=actor, action=action, target=str(report_id), now=now)


def _check(app: App, account_id: int, complaint: Complaint) -> None:
    if complaint.target_id == account_id:
        raise Invalid("Validation failed: Nobody can report themselves")
    if len(complaint.comment) > COMMENT_MAXIMUM:
        raise Invalid(
            f"Validation failed: Comment is too long (maximum is {COMMENT_MAXIMUM} characters)"
        )
    if len(complaint.status_ids) > STATUSES_MAXIMUM:
        raise Invalid(f"Validation failed: At most {STATUSES_MAXIMUM} posts can be reported")
    known = {str(number) for number in range(1, len(app.config.server.rules) + 1)}
    if not known.issuperset(complaint.rule_ids):
        raise Invalid("Validation failed: There is no such rule here")


async def _own_posts(
    conn: Connection, account_id: int, target: Account, status_ids: Sequence[int]
) -> dict[int, str]:
    """Return those posts of the target that the member may see, as id -> URI."""
    visible = await access_statuses(conn, account_id, status_ids)
    found = await statuses.get_many(conn, visible)
    return {each.id: each.uri for each in found.values() if each.account_id == target.id}
