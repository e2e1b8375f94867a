"""Favourites, bookmarks, pins and muted conversations, each with the counter that it moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present, account_is_welcome
from storage.paging import Page


@dataclass(frozen=True, slots=True)
class Favourite:
    """A row of `favourites`; `uri` is the id of the Like that made it."""

    id: int
    account_id: int
    status_id: int
    uri: str | None


@dataclass(frozen=True, slots=True)
class Reaction:
    """An account on a page, with the id of the row that paging goes by."""

    row_id: int
    account_id: int


_FAVOURITE = "f.id, f.account_id, f.status_id, f.uri"


def _favourites(rows: Sequence[Record]) -> list[Favourite]:
    return [Favourite(**dict(row)) for row in rows]


async def find_favourite(conn: Connection, account_id: int, status_id: int) -> Favourite | None:
    """Return the account's favourite of the status."""
    row = await conn.fetchrow(
        f"SELECT {_FAVOURITE} FROM favourites AS f WHERE f.account_id = $1 AND f.status_id = $2",
        account_id,
        status_id,
    )
    return None if row is None else Favourite(**dict(row))


async def find_favourite_by_uri(conn: Connection, account_id: int, uri: str) -> Favourite | None:
    """Return the account's favourite that this Like made."""
    row = await conn.fetchrow(
        f"SELECT {_FAVOURITE} FROM favourites AS f WHERE f.account_id = $1 AND f.uri = $2",
        account_id,
        uri,
    )
    return None if row is None else Favourite(**dict(row))


async def insert_favourites(
    tx: Transaction, favourites: Sequence[Favourite], now: datetime
) -> list[Favourite]:
    """Store favourites and count them; returns those that are new."""
    rows = await tx.fetch(
        """
        WITH new AS (
            INSERT INTO favourites (id, account_id, status_id, uri, created_at)
            SELECT g.id, g.account_id, g.status_id, g.uri, $5
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
                AS g(id, account_id, status_id, uri)
            ON CONFLICT DO NOTHING
            RETURNING id, account_id, status_id, uri
        ), counted AS (
            INSERT INTO status_counters (status_id, favourites)
            SELECT status_id, count(*) FROM new GROUP BY status_id ORDER BY status_id
            ON CONFLICT (status_id) DO UPDATE
            SET favourites = status_counters.favourites + EXCLUDED.favourites
        )
        SELECT id, account_id, status_id, uri FROM new
        """,
        [each.id for each in favourites],
        [each.account_id for each in favourites],
        [each.status_id for each in favourites],
        [each.uri for each in favourites],
        now,
    )
    return _favourites(rows)


async def delete_favourites(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> list[Favourite]:
    """Remove the favourites of (account, status) pairs; returns those that were there."""
    rows = await tx.fetch(
        """
        WITH gone AS (
            DELETE FROM favourites AS f
            USING unnest($1::bigint[], $2::bigint[]) AS g(account_id, status_id)
            WHERE f.account_id = g.account_id
              AND f.status_id = g.status_id
            RETURNING f.id, f.account_id, f.status_id, f.uri
        ), fewer AS (
            SELECT status_id, count(*) AS number FROM gone GROUP BY status_id
        ), locked AS MATERIALIZED (
            SELECT status_id
            FROM status_counters
            WHERE status_id IN (SELECT status_id FROM fewer)
            ORDER BY status_id
            FOR UPDATE
        ), counted AS (
            UPDATE status_counters AS c
            SET favourites = GREATEST(c.favourites - g.number, 0)
            FROM locked
            JOIN fewer AS g USING (status_id)
            WHERE c.status_id = g.status_id
        )
        SELECT id, account_id, status_id, uri FROM gone
        """,
        [account_id for account_id, _ in pairs],
        [status_id for _, status_id in pairs],
    )
    return _favourites(rows)


async def insert_further_reaction(
    tx: Transaction, account_id: int, status_id: int, uri: str, now: datetime, *, limit: int
) -> bool:
    """Remember one more reaction beside the favourite; False when known, or beyond the limit."""
    return bool(
        await tx.execute(
            """
            INSERT INTO further_reactions (uri, account_id, status_id, created_at)
            SELECT $3, $1, $2, $4
            WHERE (
                SELECT count(*)
                FROM further_reactions
                WHERE account_id = $1
                  AND status_id = $2) < $5
            ON CONFLICT DO NOTHING
            """,
            account_id,
            status_id,
            uri,
            now,
            limit,
        )
    )


async def delete_further_reaction(tx: Transaction, account_id: int, uri: str) -> bool:
    """Forget a reaction beside the favourite; False when there is none with this id."""
    return bool(
        await tx.execute(
            "DELETE FROM further_reactions WHERE uri = $2 AND account_id = $1", account_id, uri
        )
    )


async def take_further_reaction(tx: Transaction, account_id: int, status_id: int) -> bool:
    """Let another reaction of the account stand for its favourite; False when there is none."""
    return bool(
        await tx.execute(
            """
            WITH next AS (
                DELETE FROM further_reactions
                WHERE uri = (
                    SELECT uri
                    FROM further_reactions
                    WHERE account_id = $1
                      AND status_id = $2
                    ORDER BY created_at, uri
                    LIMIT 1)
                RETURNING uri
            )
            UPDATE favourites
            SET uri = next.uri
            FROM next
            WHERE favourites.account_id = $1
              AND favourites.status_id = $2
            """,
            account_id,
            status_id,
        )
    )


async def insert_bookmark(
    tx: Transaction, bookmark_id: int, account_id: int, status_id: int, now: datetime
) -> bool:
    """Store a bookmark; False when it was there."""
    return bool(
        await tx.execute(
            """
            INSERT INTO bookmarks (id, account_id, status_id, created_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            bookmark_id,
            account_id,
            status_id,
            now,
        )
    )


async def delete_bookmark(tx: Transaction, account_id: int, status_id: int) -> bool:
    """Remove a bookmark; False when there was none."""
    return bool(
        await tx.execute(
            "DELETE FROM bookmarks WHERE account_id = $1 AND status_id = $2",
            account_id,
            status_id,
        )
    )


async def insert_pin(
    tx: Transaction, pin_id: int, account_id: int, status_id: int, now: datetime, *, limit: int
) -> bool:
    """Pin a status; False when the account has `limit` others pinned already."""
    # Two at once must not both take the last place.
    await tx.fetchval("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    others: int = await tx.fetchval(
        "SELECT count(*) FROM pins WHERE account_id = $1 AND status_id <> $2",
        account_id,
        status_id,
    )
    if others >= limit:
        return False
    await tx.execute(
        """
        INSERT INTO pins (id, account_id, status_id, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        pin_id,
        account_id,
        status_id,
        now,
    )
    return True


async def is_pinned(conn: Connection, account_id: int, status_id: int) -> bool:
    """Tell whether an account has pinned a status."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM pins WHERE account_id = $1 AND status_id = $2)",
        account_id,
        status_id,
    )
    return found


async def delete_pin(tx: Transaction, account_id: int, status_id: int) -> bool:
    """Unpin a status; False when it was not pinned."""
    return bool(
        await tx.execute(
            "DELETE FROM pins WHERE account_id = $1 AND status_id = $2", account_id, status_id
        )
    )


async def replace_pins(
    tx: Transaction, account_id: int, pins: Sequence[tuple[int, int]], now: datetime
) -> None:
    """Make (row id, status id) pairs, oldest first, the pins of a remote account."""
    await tx.execute(
        "DELETE FROM pins WHERE account_id = $1 AND status_id <> ALL($2::bigint[])",
        account_id,
        [status_id for _, status_id in pins],
    )
    await tx.execute(
        """
        INSERT INTO pins (id, account_id, status_id, created_at)
        SELECT g.id, $1, g.status_id, $4
        FROM unnest($2::bigint[], $3::bigint[]) AS g(id, status_id)
        JOIN statuses ON statuses.id = g.status_id AND statuses.account_id = $1
        ON CONFLICT DO NOTHING
        """,
        account_id,
        [pin_id for pin_id, _ in pins],
        [status_id for _, status_id in pins],
        now,
    )


async def mute_conversation(tx: Transaction, account_id: int, conversation_id: int) -> None:
    """Let nothing of this conversation notify the account any more."""
    await tx.execute(
        """
        INSERT INTO muted_conversations (account_id, conversation_id)
        VALUES ($1, $2)
        ON CONFLICT DO NOTHING
        """,
        account_id,
        conversation_id,
    )


async def unmute_conversation(tx: Transaction, account_id: int, conversation_id: int) -> None:
    """Let the conversation notify the account again."""
    await tx.execute(
        "DELETE FROM muted_conversations WHERE account_id = $1 AND conversation_id = $2",
        account_id,
        conversation_id,
    )


async def list_favouriters(
    conn: Connection, status_id: int, viewer_id: int, page: Page
) -> list[Reaction]:
    """Return who favourited a status, latest first, without those unwelcome to the viewer."""
    rows = await conn.fetch(
        f"""
        SELECT f.id AS row_id, f.account_id
        FROM favourites AS f
        JOIN accounts AS a ON a.id = f.account_id
        WHERE f.status_id = $1
          AND {account_is_present("a")}
          AND {account_is_welcome("f.account_id", "$2::bigint")}
          AND {page.window("f.id", 3)}
        """,
        status_id,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([Reaction(**dict(row)) for row in rows])


async def list_boosters(
    conn: Connection, status_id: int, viewer_id: int, page: Page
) -> list[Reaction]:
    """Return who boosted a status openly, latest first; `row_id` is the boost's status id."""
    rows = await conn.fetch(
        f"""
        SELECT b.id AS row_id, b.account_id
        FROM statuses AS b
        JOIN accounts AS a ON a.id = b.account_id
        WHERE b.reblog_of_id = $1
          AND b.visibility IN ('public', 'unlisted')
          AND {account_is_present("a")}
          AND {account_is_welcome("b.account_id", "$2::bigint")}
          AND {page.window("b.id", 3)}
        """,
        status_id,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([Reaction(**dict(row)) for row in rows])
