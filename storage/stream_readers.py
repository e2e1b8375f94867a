"""Who of those connected right now may hear of an event. Every question is one statement."""

from collections.abc import Collection
from dataclasses import dataclass

from storage import fragments
from storage.database import Connection


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event comes from: its author and, for a boost, the author of the original."""

    author_id: int
    original_id: int
    original_author_id: int


async def origin(conn: Connection, status_id: int) -> Origin | None:
    """Return who wrote the status, and whom it boosts.

    None when it is gone meanwhile, or one of the two authors is.
    """
    row = await conn.fetchrow(
        f"""
        SELECT s.account_id,
               COALESCE(o.id, s.id) AS original_id,
               COALESCE(o.account_id, s.account_id) AS original_author_id
          FROM statuses s
          JOIN accounts a ON a.id = s.account_id
          LEFT JOIN statuses o ON o.id = s.reblog_of_id
          LEFT JOIN accounts b ON b.id = o.account_id
         WHERE s.id = $1
           AND {fragments.account_is_present("a")}
           AND (b.id IS NULL OR {fragments.account_is_present("b")})
        """,
        status_id,
    )
    if row is None:
        return None
    return Origin(row["account_id"], row["original_id"], row["original_author_id"])


async def home_readers(
    conn: Connection, status_id: int, account_ids: Collection[int]
) -> frozenset[int]:
    """Return those of the accounts whose home timeline holds the status and shows it."""
    rows = await conn.fetch(
        f"""
        SELECT h.account_id
          FROM home_feed h
          JOIN statuses s ON s.id = h.status_id
         WHERE h.status_id = $1
           AND h.account_id = ANY($2::bigint[])
           AND {fragments.status_is_visible("s", "h.account_id")}
           AND {fragments.status_is_welcome("s", "h.account_id")}
        """,
        status_id,
        list(account_ids),
    )
    return frozenset(row["account_id"] for row in rows)


async def told_of(conn: Connection, status_id: int, account_ids: Collection[int]) -> frozenset[int]:
    """Return those of the accounts that were notified of the status, and still may see it."""
    rows = await conn.fetch(
        f"""
        SELECT DISTINCT n.account_id
          FROM notifications n
          JOIN statuses s ON s.id = n.status_id
         WHERE n.status_id = $1
           AND n.type = 'mention'
           AND NOT n.filtered
           AND n.account_id = ANY($2::bigint[])
           AND {fragments.status_is_visible("s", "n.account_id")}
           AND {fragments.status_is_welcome("s", "n.account_id")}
        """,
        status_id,
        list(account_ids),
    )
    return frozenset(row["account_id"] for row in rows)


async def lists_with(conn: Connection, author_id: int, list_ids: Collection[int]) -> frozenset[int]:
    """Return those of the lists that the author is on."""
    rows = await conn.fetch(
        """
        SELECT list_id
          FROM list_accounts
         WHERE account_id = $1
           AND list_id = ANY($2::bigint[])
        """,
        author_id,
        list(list_ids),
    )
    return frozenset(row["list_id"] for row in rows)


async def estranged(
    conn: Connection, author_ids: Collection[int], account_ids: Collection[int]
) -> frozenset[int]:
    """Return those of the accounts that want nothing of one of the authors, or are blocked by one.

    They block or mute the author, or block the office, or do not follow one whom staff limits.
    """
    rows = await conn.fetch(
        f"""
        SELECT reader.id AS account_id
          FROM unnest($1::bigint[]) AS author(id)
         CROSS JOIN unnest($2::bigint[]) AS reader(id)
         WHERE NOT {fragments.account_is_heard("author.id", "reader.id")}
        UNION
        SELECT account_id FROM blocks
         WHERE target_id = ANY($1::bigint[]) AND account_id = ANY($2::bigint[])
        UNION
        SELECT target_id FROM blocks
         WHERE account_id = ANY($1::bigint[]) AND target_id = ANY($2::bigint[])
        UNION
        SELECT account_id FROM mutes
         WHERE target_id = ANY($1::bigint[]) AND account_id = ANY($2::bigint[])
           AND (expires_at IS NULL OR expires_at > now())
        UNION
        SELECT b.account_id
          FROM account_domain_blocks b
          JOIN accounts a ON a.domain = b.domain
         WHERE a.id = ANY($1::bigint[]) AND b.account_id = ANY($2::bigint[])
        """,
        list(author_ids),
        list(account_ids),
    )
    return frozenset(row["account_id"] for row in rows)


# What a status quotes is shown within it, so marks on that make a difference as well.
_ACQUAINTED = f"""
    WITH quoted AS (
        SELECT o.id, o.uri, o.account_id, o.visibility, o.reblog_of_id
          FROM status_quotes q
          JOIN statuses o ON o.uri = q.quoted_uri
         WHERE q.status_id = $1
           AND q.state = 'accepted'
    ), subjects AS (
        SELECT $1::bigint AS id UNION SELECT quoted.id FROM quoted
    ), readers AS (
        SELECT unnest($2::bigint[]) AS id
    )
    SELECT s.account_id
      FROM statuses s
     WHERE s.id IN (SELECT id FROM subjects) AND s.account_id IN (SELECT id FROM readers)
    UNION
    SELECT s.account_id
      FROM statuses s
     WHERE s.reblog_of_id IN (SELECT id FROM subjects)
       AND s.account_id IN (SELECT id FROM readers)
    UNION
    SELECT f.account_id
      FROM favourites f
     WHERE f.status_id IN (SELECT id FROM subjects) AND f.account_id IN (SELECT id FROM readers)
    UNION
    SELECT b.account_id
      FROM bookmarks b
     WHERE b.status_id IN (SELECT id FROM subjects) AND b.account_id IN (SELECT id FROM readers)
    UNION
    SELECT v.account_id
      FROM poll_votes v
      JOIN polls p ON p.id = v.poll_id
     WHERE p.status_id IN (SELECT id FROM subjects) AND v.account_id IN (SELECT id FROM readers)
    UNION
    SELECT m.account_id
      FROM muted_conversations m
      JOIN statuses s ON s.conversation_id = m.conversation_id
     WHERE s.id IN (SELECT id FROM subjects) AND m.account_id IN (SELECT id FROM readers)
    UNION
    SELECT f.account_id
      FROM statuses s
      JOIN follows f ON f.target_id = s.account_id AND f.state = 'accepted'
     WHERE s.id IN (SELECT id FROM subjects)
       AND f.account_id IN (SELECT id FROM readers)
       AND 'followers' = ANY(s.quote_automatic || s.quote_manual)
    UNION
    SELECT readers.id
      FROM readers, quoted
     WHERE NOT {fragments.account_is_welcome("quoted.account_id", "readers.id")}
        OR (quoted.visibility NOT IN ('public', 'unlisted')
            AND {fragments.status_is_visible("quoted", "readers.id")})
"""


async def acquainted(
    conn: Connection, status_id: int, account_ids: Collection[int]
) -> frozenset[int]:
    """Return those of the accounts that see the status differently from somebody unconcerned.

    Authors, whoever favourited, boosted, bookmarked or voted, and whoever muted the conversation,
    also of what it quotes; followers where only they may quote; whoever may see a quoted post that
    is not for all, or does not want to see its author. They get a payload of their own, all others
    share one.
    """
    rows = await conn.fetch(_ACQUAINTED, status_id, list(account_ids))
    return frozenset(row["account_id"] for row in rows)


async def list_owner(conn: Connection, list_id: int) -> int | None:
    """Return the account that owns the list; None when there is no such list."""
    owner: int | None = await conn.fetchval("SELECT account_id FROM lists WHERE id = $1", list_id)
    return owner


async def dead_tokens(conn: Connection, token_ids: Collection[int]) -> frozenset[int]:
    """Return those of the tokens that no longer open anything: revoked, disabled, suspended."""
    rows = await conn.fetch(
        """
        SELECT wanted.id
          FROM unnest($1::bigint[]) AS wanted (id)
         WHERE NOT EXISTS (
                   SELECT 1
                     FROM tokens t
                     JOIN accounts a ON a.id = t.account_id
                     JOIN members m ON m.account_id = a.id
                    WHERE t.id = wanted.id
                      AND t.revoked_at IS NULL
                      AND a.suspended_at IS NULL
                      AND a.deleted_at IS NULL
                      AND m.disabled_at IS NULL
               )
        """,
        list(token_ids),
    )
    return frozenset(row["id"] for row in rows)
