"""Telling members: notifications, and the events that carry them to streams."""

from collections.abc import Sequence
from datetime import datetime

from storage import announcements, conversations, events, members, severances
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft
from storage.severances import NewSeverance


async def notified(
    tx: Transaction,
    drafts: Sequence[NotificationDraft],
    now: datetime,
    *,
    news: Sequence[NewEvent] = (),
    private_ids: Sequence[int] = (),
) -> None:
    """Log what is new, store the notifications that are wanted and announce them: one statement.

    `private_ids` are new private posts, which enter conversations.
    """
    await announcements.announce(tx, drafts, news, now, private_ids=private_ids)


async def notifications_merged(tx: Transaction, account_id: int, status_ids: Sequence[int]) -> None:
    """Tell a member's apps that there are notifications which were filtered before.

    `status_ids` are what these are about; private posts among them enter conversations only now.
    """
    talks = await conversations.extend(tx, account_id, status_ids) if status_ids else []
    news = [NewEvent("conversation", subject_id=each, account_ids=[account_id]) for each in talks]
    await events.append_many(
        tx, [*news, NewEvent("notifications_merged", account_ids=[account_id])]
    )


async def staff_told_of_report(
    tx: Transaction, report_id: int, reporter_id: int, now: datetime
) -> None:
    """Tell moderators and administrators that somebody was reported."""
    drafts = [
        NotificationDraft(each, "admin.report", reporter_id, subject_id=report_id)
        for each in await members.list_staff(tx)
    ]
    await notified(tx, drafts, now)


async def moderation_warned(
    tx: Transaction, account_id: int, warning_id: int, now: datetime
) -> None:
    """Tell a member what staff said or did to them."""
    draft = NotificationDraft(account_id, "moderation_warning", account_id, subject_id=warning_id)
    await notified(tx, [draft], now)


async def host_severed(tx: Transaction, host: str, now: datetime) -> None:
    """Tell members what they lost with an office that is not trusted any more."""
    ties = await severances.ties_with_host(tx, host)
    lost = [NewSeverance(member, "domain_block", host, *counts) for member, *counts in ties]
    await relationships_severed(tx, lost, now)


async def account_severed(tx: Transaction, account_id: int, name: str, now: datetime) -> None:
    """Tell members what they lost with somebody who was suspended; `name` is the handle."""
    ties = await severances.ties_with_account(tx, account_id)
    lost = [NewSeverance(member, "account_suspension", name, *counts) for member, *counts in ties]
    await relationships_severed(tx, lost, now)


async def relationships_severed(
    tx: Transaction, lost: Sequence[NewSeverance], now: datetime
) -> None:
    """Tell members how many follows they lost at once; who lost none is not told."""
    lost = [each for each in lost if each.followers_count or each.following_count]
    if not lost:
        return
    stored = await severances.insert_many(tx, lost, now)
    drafts = [
        NotificationDraft(account_id, "severed_relationships", account_id, subject_id=event_id)
        for account_id, event_id in stored
    ]
    await notified(tx, drafts, now)
