"""What happens when staff limits an account, or looks at what is not public."""

from dataclasses import dataclass
from datetime import datetime

from storage import audit, events
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Staff:
    """The member who acts for the office."""

    account_id: int
    username: str
    role: str


async def account_limited(tx: Transaction, account_id: int) -> None:
    """Make every process show an account anew; other offices hear nothing of it."""
    await events.append(tx, "account.changed", subject_id=account_id)


async def recorded(
    tx: Transaction,
    staff: Staff,
    action: str,
    target: str,
    now: datetime,
    **detail: object,
) -> None:
    """Write down what a member of staff did or looked at."""
    await audit.append(
        tx, actor=staff.username, action=action, target=target, detail=detail, now=now
    )
