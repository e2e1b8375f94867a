"""Notifications together with the events that tell streams of them, in one statement."""

from collections.abc import Sequence
from datetime import datetime

from storage import events
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import INSERT_WANTED, NotificationDraft

_ANNOUNCE = f"""
    WITH told AS ({INSERT_WANTED}), given AS (
        SELECT e.kind, e.subject_id, e.account_ids, e.detail, e.position
        FROM jsonb_to_recordset($6::jsonb) AS e(
            kind text, subject_id bigint, account_ids bigint[], detail jsonb, position bigint)
        UNION ALL
        SELECT 'notification', told.id, ARRAY[told.account_id], '{{}}', NULL
        FROM told
    )
    INSERT INTO stream_events (kind, subject_id, account_ids, detail)
    SELECT given.kind, given.subject_id, given.account_ids, given.detail
    FROM given
    ORDER BY given.position, given.subject_id
"""


async def announce(
    tx: Transaction,
    drafts: Sequence[NotificationDraft],
    news: Sequence[NewEvent],
    now: datetime,
) -> None:
    """Log events, then store the notifications that are wanted and log each of them.

    Which are wanted is as `notifications.insert_many` has it.
    """
    if not drafts:
        await events.append_many(tx, news)
        return
    logged = await tx.execute(
        _ANNOUNCE,
        [draft.account_id for draft in drafts],
        [draft.type for draft in drafts],
        [draft.from_account_id for draft in drafts],
        [draft.status_id for draft in drafts],
        now,
        [
            {
                "kind": event.kind,
                "subject_id": event.subject_id,
                "account_ids": None if event.account_ids is None else list(event.account_ids),
                "detail": dict(event.detail),
                "position": position,
            }
            for position, event in enumerate(news)
        ],
    )
    if logged:
        tx.hint("stream")
