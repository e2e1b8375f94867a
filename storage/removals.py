"""Deleting statuses: their rows, those of their boosts, and the tombstones that stay behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Transaction
from storage.fragments import reached_accounts
from storage.status_rows import Status, columns


@dataclass(frozen=True, slots=True)
class Removed:
    """A status that was deleted, and who knew of it.

    `requested` is false for a boost that went with what it boosted. `readers` had it in their home
    timeline, `mentions` were addressed, `reached` are the authors of replies, boosts, favourites
    and quotes, and of what it quotes.
    """

    status: Status
    requested: bool
    readers: tuple[int, ...]
    mentions: tuple[int, ...]
    reached: tuple[int, ...]
    tags: tuple[str, ...]
    media_ids: tuple[int, ...]
    parent_author_id: int | None


async def delete(tx: Transaction, status_ids: Sequence[int], now: datetime) -> list[Removed]:
    """Delete statuses and their boosts, and leave tombstones; attachments are detached.

    Returns the audience of each, for `statuses_deleted`; ids that are not there are left out.
    """
    rows = await tx.fetch(
        _DELETE,
        list(status_ids),
        now,
    )
    return [
        Removed(
            status=Status.of(row),
            requested=row["requested"],
            readers=tuple(row["readers"]),
            mentions=tuple(row["mentioned"]),
            reached=tuple(row["reached"]),
            tags=tuple(row["tag_names"]),
            media_ids=tuple(row["media_ids"]),
            parent_author_id=row["parent_author_id"],
        )
        for row in rows
    ]


async def list_statuses_of(tx: Transaction, account_id: int, limit: int) -> list[int]:
    """Return some of the statuses of an account."""
    rows = await tx.fetch(
        "SELECT id FROM statuses WHERE account_id = $1 ORDER BY id LIMIT $2", account_id, limit
    )
    return [row["id"] for row in rows]


async def list_favourites_of(tx: Transaction, account_id: int, limit: int) -> list[tuple[int, int]]:
    """Return some of the (account, status) pairs of an account's favourites."""
    rows = await tx.fetch(
        "SELECT status_id FROM favourites WHERE account_id = $1 ORDER BY id LIMIT $2",
        account_id,
        limit,
    )
    return [(account_id, row["status_id"]) for row in rows]


# What an account leaves behind beside its statuses, favourites and follows. The tally of a poll
# stays: it counts votes, not people.
_TRACES = (
    ("notifications", "account_id = $1 OR from_account_id = $1"),
    ("notification_requests", "account_id = $1 OR from_account_id = $1"),
    ("notification_permissions", "account_id = $1 OR from_account_id = $1"),
    ("notification_policies", "account_id = $1"),
    ("severance_events", "account_id = $1"),
    ("mentions", "account_id = $1"),
    ("further_reactions", "account_id = $1"),
    ("bookmarks", "account_id = $1"),
    ("pins", "account_id = $1"),
    ("poll_votes", "account_id = $1"),
    ("blocks", "account_id = $1 OR target_id = $1"),
    ("mutes", "account_id = $1 OR target_id = $1"),
    ("account_notes", "account_id = $1 OR target_id = $1"),
    ("list_accounts", "account_id = $1"),
    ("lists", "account_id = $1"),
    ("markers", "account_id = $1"),
    ("muted_conversations", "account_id = $1"),
    ("account_conversations", "account_id = $1"),
    ("featured_tags", "account_id = $1"),
    ("home_feed", "account_id = $1"),
    ("idempotency_keys", "account_id = $1"),
    ("scheduled_statuses", "account_id = $1"),
    ("async_refreshes", "account_id = $1"),
    ("tokens", "account_id = $1"),
)


async def delete_traces(tx: Transaction, account_id: int, *, limit: int) -> int:
    """Delete some of what a deleted account left behind, `limit` rows of each kind at once.

    Returns how many rows there were.
    """
    gone = 0
    for table, condition in _TRACES:
        gone += await tx.execute(
            f"""
            DELETE FROM {table}
            WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT $2))
            """,
            account_id,
            limit,
        )
    return gone


async def clear_description(tx: Transaction, account_id: int) -> None:
    """Forget what a deleted account said about itself.

    The row with its name and address stays, so that neither is ever given to somebody else.
    """
    await tx.execute(
        """
        UPDATE accounts
           SET display_name = '',
               note = '',
               note_source = '',
               fields = '[]',
               avatar_id = NULL,
               header_id = NULL,
               also_known_as = '{}'
         WHERE id = $1
           AND deleted_at IS NOT NULL
        """,
        account_id,
    )


async def detach_media_of(
    tx: Transaction, account_id: int, now: datetime, *, limit: int
) -> list[int]:
    """Detach some files of an account and return the ids of their rows."""
    rows = await tx.fetch(
        """
        UPDATE media
           SET status_id = NULL,
               detached_at = COALESCE(detached_at, $2)
         WHERE id IN (
               SELECT id
                 FROM media
                WHERE account_id = $1
                  AND (status_id IS NOT NULL OR detached_at IS NULL)
                LIMIT $3)
        RETURNING id
        """,
        account_id,
        now,
        limit,
    )
    return [row["id"] for row in rows]


# All parts see the rows as they were before the statement.
_DELETE = f"""
    WITH doomed AS (
        SELECT s.*, s.id = ANY($1::bigint[]) AS requested
        FROM statuses AS s
        WHERE s.id = ANY($1::bigint[])
           OR s.reblog_of_id = ANY($1::bigint[])
        ORDER BY s.id
        FOR UPDATE
    ), buried AS (
        INSERT INTO tombstones (uri, host, created_at)
        SELECT doomed.uri, COALESCE(accounts.domain, ''), $2
        FROM doomed
        JOIN accounts ON accounts.id = doomed.account_id
        ON CONFLICT DO NOTHING
    ), detached AS (
        UPDATE media
        SET status_id = NULL, detached_at = $2
        FROM doomed
        WHERE media.status_id = doomed.id
    ), deleted AS (
        DELETE FROM statuses USING doomed WHERE statuses.id = doomed.id
    )
    SELECT {columns("doomed")}, doomed.requested,
        ARRAY(SELECT h.account_id FROM home_feed AS h WHERE h.status_id = doomed.id) AS readers,
        ARRAY(SELECT m.account_id FROM mentions AS m WHERE m.status_id = doomed.id) AS mentioned,
        ARRAY({reached_accounts("doomed")}) AS reached,
        ARRAY(
            SELECT t.name
            FROM status_tags AS st
            JOIN tags AS t ON t.id = st.tag_id
            WHERE st.status_id = doomed.id) AS tag_names,
        ARRAY(SELECT m.id FROM media AS m WHERE m.status_id = doomed.id) AS media_ids,
        (SELECT o.account_id
         FROM statuses AS o
         WHERE o.id = COALESCE(doomed.reblog_of_id, doomed.in_reply_to_id)) AS parent_author_id
    FROM doomed
    ORDER BY doomed.id
"""


async def bury(tx: Transaction, uris: Sequence[str], host: str, now: datetime) -> None:
    """Leave tombstones for URIs that nothing is known of, so that a late Create is refused."""
    await tx.execute(
        """
        INSERT INTO tombstones (uri, host, created_at)
        SELECT uri, $2, $3 FROM unnest($1::text[]) AS t(uri)
        ON CONFLICT DO NOTHING
        """,
        list(uris),
        host,
        now,
    )


async def trim_tombstones(tx: Transaction, most: int, *, limit: int) -> int:
    """Forget the oldest tombstones of peers that have more than `most` of them, `limit` at once.

    A host can name any number of ids that never were. Our own are all kept.
    """
    return await tx.execute(
        """
        DELETE FROM tombstones
        WHERE uri IN (
            SELECT old.uri
            FROM peers
            CROSS JOIN LATERAL (
                SELECT created_at
                FROM tombstones
                WHERE tombstones.host = peers.host
                ORDER BY created_at DESC
                OFFSET $1
                LIMIT 1
            ) AS surplus
            JOIN tombstones AS old
                ON old.host = peers.host
                AND old.created_at <= surplus.created_at
            LIMIT $2)
        """,
        most,
        limit,
    )
