"""Notifications together with the events and messages that carry them, in one statement.

A draft passes two doors. Through the first goes what may be told at all; the second is the
recipient's policy, which hides or drops what some people do. What is hidden is stored and makes a
request; only the rest reaches streams and apps.
"""

from collections.abc import Sequence
from datetime import datetime

from storage import conversations, events, fragments
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft

# What can become one line ("Bo and 3 others ..."), each type with what its groups have in common.
_GROUPABLE = "('favourite', 'reblog', 'follow', 'admin.sign_up')"
# A policy is about what others want of somebody, not about what somebody asked to be told.
_FILTERABLE = "('mention', 'quote', 'favourite', 'reblog', 'follow', 'follow_request')"
# Only who says something to the member asks to be heard.
_REQUESTING = "('mention', 'quote')"
# Told of somebody's own: the end of a poll, what was lost, what staff says.
_OF_ONESELF = "('poll', 'severed_relationships', 'moderation_warning')"
# Staff hears of these whomever they block.
_OF_OFFICE = "('admin.report', 'admin.sign_up')"

_FOLLOWED = """
    EXISTS (
        SELECT FROM follows f
         WHERE f.account_id = d.account_id
           AND f.target_id = d.from_account_id
           AND f.state = 'accepted')
"""

_PERMITTED = f"""
    (d.account_id <> d.from_account_id OR d.type IN {_OF_ONESELF})
    AND (d.type IN {_OF_OFFICE} OR (
        NOT EXISTS (
            SELECT FROM blocks b
             WHERE (b.account_id = d.account_id AND b.target_id = d.from_account_id)
                OR (b.account_id = d.from_account_id AND b.target_id = d.account_id))
        AND NOT EXISTS (
            SELECT FROM mutes
             WHERE mutes.account_id = d.account_id
               AND mutes.target_id = d.from_account_id
               AND mutes.hide_notifications
               AND (mutes.expires_at IS NULL OR mutes.expires_at > $5))
        AND NOT EXISTS (
            SELECT FROM account_domain_blocks x
             WHERE x.account_id = d.account_id
               AND x.domain = a.domain
               AND NOT {_FOLLOWED})))
    AND NOT EXISTS (
        SELECT FROM muted_conversations c
         WHERE c.account_id = d.account_id
           AND c.conversation_id = s.conversation_id)
"""

# A private mention is an answer where the recipient has written to the sender in that conversation.
_UNSOLICITED = f"""
    d.type = 'mention'
    AND s.visibility = 'direct'
    AND NOT {_FOLLOWED}
    AND NOT EXISTS (
        SELECT FROM statuses mine
          JOIN mentions t ON t.status_id = mine.id AND t.account_id = d.from_account_id
         WHERE mine.conversation_id = s.conversation_id
           AND mine.account_id = d.account_id
           AND mine.visibility = 'direct')
"""

# Who follows only since a few days does not count as a follower yet.
_UNFOLLOWING = """
    NOT EXISTS (
        SELECT FROM follows f
         WHERE f.account_id = d.from_account_id
           AND f.target_id = d.account_id
           AND f.state = 'accepted'
           AND f.created_at <= $5::timestamptz - interval '3 days')
"""


def _word(name: str, applies: str, default: str = "accept") -> str:
    """Return what a policy says where its condition holds, else NULL, at little cost."""
    said = f"COALESCE(p.{name}, '{default}')"
    return f"CASE WHEN {said} = 'accept' THEN NULL WHEN {applies} THEN {said} END"


_LIMITED = f"NOT {fragments.account_is_unlimited('a')} AND NOT {_FOLLOWED}"
_NEW = f"a.created_at > $5::timestamptz - interval '30 days' AND NOT {_FOLLOWED}"

_WORDS = f"""
    CASE WHEN d.type IN {_FILTERABLE} AND NOT EXISTS (
        SELECT FROM notification_permissions y
         WHERE y.account_id = d.account_id
           AND y.from_account_id = d.from_account_id)
    THEN array_remove(ARRAY[
        {_word("for_limited_accounts", _LIMITED, "filter")},
        {_word("for_not_following", f"NOT {_FOLLOWED}")},
        {_word("for_not_followers", _UNFOLLOWING)},
        {_word("for_new_accounts", _NEW)},
        {_word("for_private_mentions", _UNSOLICITED)},
        {_word("for_bots", f"a.bot AND NOT {_FOLLOWED}")}
    ], NULL) ELSE '{{}}' END
"""

_HOUR = "floor(extract(epoch FROM $5::timestamptz) / 3600)::bigint"

# Numbers of hours have six digits until 2084, so their order is that of their text.
_GROUP = f"""
    CASE WHEN j.type IN {_GROUPABLE} AND NOT 'filter' = ANY(j.words) THEN COALESCE(
        (SELECT g.group_key
           FROM notifications g
          WHERE g.account_id = j.account_id
            AND g.group_key >= concat_ws('-', j.type, j.status_id, {_HOUR} - 11)
            AND g.group_key <= concat_ws('-', j.type, j.status_id, {_HOUR})
          ORDER BY g.group_key DESC
          LIMIT 1),
        concat_ws('-', j.type, j.status_id, {_HOUR})) END
"""

_INSERT_WANTED = f"""
    INSERT INTO notifications AS n (account_id, type, from_account_id, status_id, created_at,
                                    group_key, filtered, report_id, event_id, warning_id)
    SELECT j.account_id, j.type, j.from_account_id, j.status_id, $5, {_GROUP},
           'filter' = ANY(j.words),
           CASE j.type WHEN 'admin.report' THEN j.subject_id END,
           CASE j.type WHEN 'severed_relationships' THEN j.subject_id END,
           CASE j.type WHEN 'moderation_warning' THEN j.subject_id END
      FROM (
          SELECT d.*, {_WORDS} AS words
            FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $7::bigint[])
                 WITH ORDINALITY
                 AS d (account_id, type, from_account_id, status_id, subject_id, position)
            JOIN members m ON m.account_id = d.account_id
            JOIN accounts a ON a.id = d.from_account_id
            LEFT JOIN statuses s ON s.id = d.status_id
            LEFT JOIN notification_policies p ON p.account_id = d.account_id
           WHERE {_PERMITTED}
      ) AS j
     WHERE NOT 'drop' = ANY(j.words)
     ORDER BY j.position
    ON CONFLICT DO NOTHING
    RETURNING n.id, n.account_id, n.type, n.from_account_id, n.status_id, n.filtered
"""

# Who wrote a private post, who is told of it, and who may read it though it does not name them.
_HEARD = f"""
    heard AS (
        SELECT s.id AS status_id, s.account_id
          FROM statuses s
         WHERE s.id = ANY($8::bigint[])
        UNION ALL
        SELECT told.status_id, told.account_id
          FROM told
         WHERE told.type = 'mention'
           AND NOT told.filtered
           AND told.status_id = ANY($8::bigint[])
        UNION ALL
        SELECT s.id, m.account_id
          FROM statuses s
          JOIN mentions m ON m.status_id = s.id AND m.silent
         WHERE s.id = ANY($8::bigint[])
           AND {fragments.account_is_welcome("s.account_id", "m.account_id")}
    ), {conversations.extended_by("heard")},
"""

_NEWS_OF_TALKS = """
        UNION ALL
        SELECT 'conversation', talks.id, ARRAY[talks.account_id], '{}', NULL
        FROM talks
"""


_REQUESTS_AND_PUSHES = f"""
    asked AS (
        INSERT INTO notification_requests AS r
                    (account_id, from_account_id, created_at, updated_at)
        SELECT DISTINCT told.account_id, told.from_account_id, $5, $5
          FROM told
         WHERE told.filtered
           AND told.type IN {_REQUESTING}
        ON CONFLICT (account_id, from_account_id) DO UPDATE
           SET updated_at = EXCLUDED.updated_at
    ), pushed AS (
        INSERT INTO push_deliveries (subscription_id, notification_id, due_at, created_at)
        SELECT p.id, told.id, $5, $5
          FROM told
          JOIN push_subscriptions p ON p.account_id = told.account_id
         WHERE NOT told.filtered
           AND (p.alerts ->> told.type)::boolean
           AND CASE p.policy
               WHEN 'all' THEN true
               WHEN 'followed' THEN EXISTS (
                   SELECT FROM follows f
                    WHERE f.account_id = told.account_id
                      AND f.target_id = told.from_account_id
                      AND f.state = 'accepted')
               WHEN 'follower' THEN EXISTS (
                   SELECT FROM follows f
                    WHERE f.account_id = told.from_account_id
                      AND f.target_id = told.account_id
                      AND f.state = 'accepted')
               ELSE false END
    )
"""


def _announcing(talks: str = "", news_of_talks: str = "") -> str:
    return f"""
        WITH told AS ({_INSERT_WANTED}), {_REQUESTS_AND_PUSHES}, {talks} given AS (
            SELECT e.kind, e.subject_id, e.account_ids, e.detail, e.position
            FROM jsonb_to_recordset($6::jsonb) AS e(
                kind text, subject_id bigint, account_ids bigint[], detail jsonb, position bigint)
            UNION ALL
            SELECT 'notification', told.id, ARRAY[told.account_id], '{{}}', NULL
            FROM told
            WHERE NOT told.filtered
            {news_of_talks}
        )
        INSERT INTO stream_events (kind, subject_id, account_ids, detail)
        SELECT given.kind, given.subject_id, given.account_ids, given.detail
        FROM given
        ORDER BY given.position, given.subject_id
    """


_ANNOUNCE = _announcing()
# Most posts are not private, and their statement is planned without all that.
_ANNOUNCE_PRIVATELY = _announcing(_HEARD, _NEWS_OF_TALKS)


async def announce(
    tx: Transaction,
    drafts: Sequence[NotificationDraft],
    news: Sequence[NewEvent],
    now: datetime,
    *,
    private_ids: Sequence[int] = (),
) -> None:
    """Log events, then store the notifications that are wanted and log each of them.

    `private_ids` are new posts among people who are named: they enter the conversations of their
    authors and of those who are told, which is logged as well.

    Left out silently: recipients who are not members, what somebody did to themselves, senders who
    are blocked in either direction, muted with their notifications, or of an office that the
    recipient blocks, muted conversations, what the recipient's policy drops, and what was told
    before. What that policy filters is stored, and makes a request, but is not logged.
    """
    if not drafts and not private_ids:
        await events.append_many(tx, news)
        return
    logged = await tx.execute(
        _ANNOUNCE_PRIVATELY if private_ids else _ANNOUNCE,
        [draft.account_id for draft in drafts],
        [draft.type for draft in drafts],
        [draft.from_account_id for draft in drafts],
        [draft.status_id for draft in drafts],
        now,
        events.as_argument(news),
        [draft.subject_id for draft in drafts],
        *([list(private_ids)] if private_ids else []),
    )
    if logged:
        tx.hint("stream")
    if drafts:
        tx.hint("pushes")
