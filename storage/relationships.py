"""How two accounts stand to each other, seen set-wise, and the pages of people that follow from it.

Follows and their counters are written in `storage.follows`; here are blocks, mutes and notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction
from storage.follows import (
    Follow,
    NewFollow,
    accept_all,
    accept_follow,
    count_requests,
    delete_follow,
    delete_follows,
    delete_follows_between,
    delete_follows_of,
    find_follow,
    find_follow_by_uri,
    insert_follow,
    update_follow,
)
from storage.fragments import account_is_present, account_is_welcome
from storage.paging import Page

__all__ = [
    "Block",
    "Cursor",
    "Follow",
    "NewFollow",
    "Relationship",
    "accept_all",
    "accept_follow",
    "block",
    "blocks",
    "count_requests",
    "delete_follow",
    "delete_follows",
    "delete_follows_between",
    "delete_follows_of",
    "familiar_followers",
    "find_follow",
    "find_follow_by_uri",
    "insert_follow",
    "is_blocked_between",
    "list_blocks",
    "list_follow_requests",
    "list_followers",
    "list_following",
    "list_mutes",
    "load",
    "mute",
    "mute_expiries",
    "prune_mutes",
    "set_note",
    "unblock",
    "unmute",
    "update_follow",
]

_WELCOME_FOLLOWER = account_is_welcome("r.account_id", "$5::bigint")
_WELCOME_FOLLOWED = account_is_welcome("r.target_id", "$5::bigint")


@dataclass(frozen=True, slots=True)
class Relationship:
    """Everything between a viewer and one other account, as the viewer may know it."""

    id: int
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: datetime | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


@dataclass(frozen=True, slots=True)
class Block:
    """A row of `blocks`; `uri` is that of the remote activity that made it."""

    id: int
    account_id: int
    target_id: int
    uri: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """An account on a page, with the id of the row that paging goes by."""

    row_id: int
    account_id: int


_LOAD = """
    SELECT t.id,
           COALESCE(mine.state = 'accepted', false) AS following,
           COALESCE(mine.reblogs, false) AS showing_reblogs,
           COALESCE(mine.notify, false) AS notifying,
           mine.languages,
           COALESCE(theirs.state = 'accepted', false) AS followed_by,
           blocking.id IS NOT NULL AS blocking,
           blocked.id IS NOT NULL AS blocked_by,
           muting.id IS NOT NULL AS muting,
           COALESCE(muting.hide_notifications, false) AS muting_notifications,
           muting.expires_at AS muting_expires_at,
           COALESCE(mine.state = 'pending', false) AS requested,
           COALESCE(theirs.state = 'pending', false) AS requested_by,
           office.id IS NOT NULL AS domain_blocking,
           endorsed.id IS NOT NULL AS endorsed,
           COALESCE(n.comment, '') AS note
      FROM unnest($2::bigint[]) AS t (id)
      LEFT JOIN follows mine ON mine.account_id = $1 AND mine.target_id = t.id
      LEFT JOIN follows theirs ON theirs.account_id = t.id AND theirs.target_id = $1
      LEFT JOIN blocks blocking ON blocking.account_id = $1 AND blocking.target_id = t.id
      LEFT JOIN blocks blocked ON blocked.account_id = t.id AND blocked.target_id = $1
      LEFT JOIN mutes muting
        ON muting.account_id = $1
       AND muting.target_id = t.id
       AND (muting.expires_at IS NULL OR muting.expires_at > now())
      LEFT JOIN accounts a ON a.id = t.id
      LEFT JOIN account_domain_blocks office
        ON office.account_id = $1
       AND office.domain = a.domain
      LEFT JOIN endorsements endorsed ON endorsed.account_id = $1 AND endorsed.target_id = t.id
      LEFT JOIN account_notes n ON n.account_id = $1 AND n.target_id = t.id
"""


async def load(
    conn: Connection, viewer_id: int, target_ids: Sequence[int]
) -> dict[int, Relationship]:
    """Return the viewer's relationship to each target, by id, in one query."""
    records = await conn.fetch(
        _LOAD,
        viewer_id,
        list(target_ids),
    )
    return {record["id"]: Relationship(**dict(record)) for record in records}


async def is_blocked_between(conn: Connection, one_id: int, other_id: int) -> bool:
    """Tell whether either account blocks the other."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM blocks
             WHERE (account_id = $1 AND target_id = $2)
                OR (account_id = $2 AND target_id = $1))
        """,
        one_id,
        other_id,
    )
    return found


async def blocks(conn: Connection, account_id: int, target_id: int) -> bool:
    """Tell whether the account blocks the other one."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM blocks WHERE account_id = $1 AND target_id = $2)",
        account_id,
        target_id,
    )
    return found


async def block(tx: Transaction, new: Block, now: datetime) -> bool:
    """Store a block; False when it was there."""
    return bool(
        await tx.execute(
            """
            INSERT INTO blocks (id, account_id, target_id, uri, created_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (account_id, target_id) DO NOTHING
            """,
            new.id,
            new.account_id,
            new.target_id,
            new.uri,
            now,
        )
    )


async def unblock(tx: Transaction, account_id: int, target_id: int) -> Block | None:
    """Remove a block and return it; None when there was none."""
    record = await tx.fetchrow(
        """
        DELETE FROM blocks
         WHERE account_id = $1
           AND target_id = $2
        RETURNING id, account_id, target_id, uri
        """,
        account_id,
        target_id,
    )
    return None if record is None else Block(**dict(record))


async def mute(
    tx: Transaction,
    mute_id: int,
    account_id: int,
    target_id: int,
    *,
    hide_notifications: bool,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    """Store a mute, or give an existing one these properties."""
    await tx.execute(
        """
        INSERT INTO mutes (id, account_id, target_id, hide_notifications, expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (account_id, target_id) DO UPDATE
           SET hide_notifications = EXCLUDED.hide_notifications,
               expires_at = EXCLUDED.expires_at
        """,
        mute_id,
        account_id,
        target_id,
        hide_notifications,
        expires_at,
        now,
    )


async def unmute(tx: Transaction, account_id: int, target_id: int) -> bool:
    """Remove a mute; False when there was none."""
    return bool(
        await tx.execute(
            "DELETE FROM mutes WHERE account_id = $1 AND target_id = $2", account_id, target_id
        )
    )


async def prune_mutes(tx: Transaction, before: datetime) -> int:
    """Forget mutes that ended before; nobody is muted by them any more. Returns how many went."""
    return await tx.execute("DELETE FROM mutes WHERE expires_at < $1", before)


async def set_note(tx: Transaction, account_id: int, target_id: int, comment: str) -> None:
    """Keep what one account noted about another; an empty comment removes the note."""
    if not comment:
        await tx.execute(
            "DELETE FROM account_notes WHERE account_id = $1 AND target_id = $2",
            account_id,
            target_id,
        )
        return
    await tx.execute(
        """
        INSERT INTO account_notes (account_id, target_id, comment)
        VALUES ($1, $2, $3)
        ON CONFLICT (account_id, target_id) DO UPDATE SET comment = EXCLUDED.comment
        """,
        account_id,
        target_id,
        comment,
    )


async def list_followers(
    conn: Connection, account_id: int, page: Page, viewer_id: int | None = None
) -> list[Cursor]:
    """Return who follows an account, latest follow first, without people a viewer does not see."""
    condition = f"r.target_id = $1 AND r.state = 'accepted' AND {_WELCOME_FOLLOWER}"
    return await _people(conn, "follows", condition, "account_id", account_id, page, viewer_id)


async def list_following(
    conn: Connection, account_id: int, page: Page, viewer_id: int | None = None
) -> list[Cursor]:
    """Return whom an account follows, latest follow first, without whom a viewer does not see."""
    condition = f"r.account_id = $1 AND r.state = 'accepted' AND {_WELCOME_FOLLOWED}"
    return await _people(conn, "follows", condition, "target_id", account_id, page, viewer_id)


async def list_follow_requests(conn: Connection, account_id: int, page: Page) -> list[Cursor]:
    """Return who asked to follow an account, latest request first."""
    return await _people(
        conn, "follows", "r.target_id = $1 AND r.state = 'pending'", "account_id", account_id, page
    )


async def list_blocks(conn: Connection, account_id: int, page: Page) -> list[Cursor]:
    """Return whom an account blocks, latest block first."""
    return await _people(conn, "blocks", "r.account_id = $1", "target_id", account_id, page)


async def list_mutes(conn: Connection, account_id: int, page: Page) -> list[Cursor]:
    """Return whom an account mutes, latest mute first."""
    condition = "r.account_id = $1 AND (r.expires_at IS NULL OR r.expires_at > now())"
    return await _people(conn, "mutes", condition, "target_id", account_id, page)


async def mute_expiries(
    conn: Connection, account_id: int, target_ids: Sequence[int]
) -> dict[int, datetime | None]:
    """Return when the account's mutes of these targets end; None stands for never."""
    records = await conn.fetch(
        """
        SELECT target_id, expires_at
          FROM mutes
         WHERE account_id = $1
           AND target_id = ANY($2::bigint[])
        """,
        account_id,
        list(target_ids),
    )
    return {record["target_id"]: record["expires_at"] for record in records}


async def familiar_followers(
    conn: Connection, viewer_id: int, target_ids: Sequence[int]
) -> dict[int, list[int]]:
    """Return, for each target, whom the viewer follows among its followers."""
    records = await conn.fetch(
        f"""
        SELECT theirs.target_id,
               array_agg(a.id ORDER BY theirs.id DESC) AS account_ids
          FROM follows mine
          JOIN follows theirs
            ON theirs.account_id = mine.target_id
           AND theirs.state = 'accepted'
          JOIN accounts target ON target.id = theirs.target_id
          JOIN accounts a ON a.id = mine.target_id
         WHERE mine.account_id = $1
           AND mine.state = 'accepted'
           AND theirs.target_id = ANY($2::bigint[])
           AND NOT target.hide_collections
           AND {account_is_present("a")}
         GROUP BY theirs.target_id
        """,
        viewer_id,
        list(target_ids),
    )
    return {record["target_id"]: list(record["account_ids"]) for record in records}


async def _people(
    conn: Connection,
    table: str,
    condition: str,
    column: str,
    account_id: int,
    page: Page,
    *viewer_ids: int | None,
) -> list[Cursor]:
    # Table, column and condition are literals of this module.
    records: list[Record] = await conn.fetch(
        f"""
        SELECT r.id AS row_id,
               r.{column} AS account_id
          FROM {table} r
          JOIN accounts a ON a.id = r.{column}
         WHERE {condition}
           AND {account_is_present("a")}
           AND {page.window("r.id", 2)}
        """,
        account_id,
        *page.bounds,
        *viewer_ids,
    )
    return page.newest_first([Cursor(**dict(record)) for record in records])


async def find_block_by_uri(conn: Connection, account_id: int, uri: str) -> Block | None:
    """Return the account's block that this activity made."""
    row = await conn.fetchrow(
        """
        SELECT
            id,
            account_id,
            target_id,
            uri
        FROM blocks
        WHERE account_id = $1
            AND uri = $2
        """,
        account_id,
        uri,
    )
    return None if row is None else Block(**dict(row))
