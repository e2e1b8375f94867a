"""What happens when a member reports somebody."""

from collections.abc import Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.outbound import addressing, people
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Transaction
from storage.reports import Report


async def reported(
    tx: Transaction,
    app: App,
    report: Report,
    target: Account,
    status_uris: Sequence[str],
    now: datetime,
) -> None:
    """Tell staff, and the office of whom was reported, if the report shall go there.

    The instance speaks: who complained is nobody's business there.
    """
    await notices.staff_told_of_report(tx, report.id, report.account_id, now)
    if not report.forwarded:
        return
    await addressing.enqueue(
        tx,
        app,
        account_id=INSTANCE_ACCOUNT_ID,
        activity=people.flag(app, [target.uri, *status_uris], report.comment),
        account_ids=[target.id],
        now=now,
    )
