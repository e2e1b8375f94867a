"""Notifications together with the events that tell streams of them, in one statement."""

from collections.abc import Sequence
from datetime import datetime

from storage import events
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft

_INSERT_WANTED = """
    INSERT INTO notifications AS n (account_id, type, from_account_id, status_id, created_at)
    SELECT d.account_id, d.type, d.from_account_id, d.status_id, $5
      FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
           AS d (account_id, type, from_account_id, status_id, position)
      JOIN members m ON m.account_id = d.account_id
     WHERE (d.account_id <> d.from_account_id OR d.type = 'poll')
       AND NOT EXISTS (
           SELECT FROM blocks b
            WHERE (b.account_id = d.account_id AND b.target_id = d.from_account_id)
               OR (b.account_id = d.from_account_id AND b.target_id = d.account_id))
       AND NOT EXISTS (
           SELECT FROM mutes
            WHERE mutes.account_id = d.account_id
              AND mutes.target_id = d.from_account_id
              AND mutes.hide_notifications
              AND (mutes.expires_at IS NULL OR mutes.expires_at > now()))
       AND NOT EXISTS (
           SELECT FROM statuses s
             JOIN muted_conversations c ON c.conversation_id = s.conversation_id
            WHERE s.id = d.status_id
              AND c.account_id = d.account_id)
     ORDER BY d.position
    ON CONFLICT DO NOTHING
    RETURNING n.id, n.account_id, n.type, n.from_account_id, n.status_id, n.created_at
"""

_ANNOUNCE = f"""
    WITH told AS ({_INSERT_WANTED}), given AS (
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

    Left out silently: recipients who are not members, what somebody did to themselves (the end of
    an own poll is told), senders who are blocked in either direction or muted with their
    notifications, muted conversations, and what was told before.
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
