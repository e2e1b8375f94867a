"""What happens when somebody who signed up becomes a member."""

from datetime import datetime

from fedimmp.effects.notices import notified
from storage import members
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft


async def admitted(tx: Transaction, account_id: int, now: datetime) -> None:
    """Show the account in every process, and tell those who look after members."""
    staff = await members.list_staff(tx)
    await notified(
        tx,
        [NotificationDraft(person, "admin.sign_up", account_id) for person in staff],
        now,
        news=[NewEvent("account.changed", subject_id=account_id)],
    )
