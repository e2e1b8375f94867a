"""Who has to do with a status: the people addressed, and those who reacted to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Connection
from storage.fragments import reached_accounts


@dataclass(frozen=True, slots=True)
class Audience:
    """Account ids around one status, and its hashtags.

    `mentioned` are named in the text, `addressed` also includes those who are not; `boosters`
    boosted it, `quoters` quote it by consent; `reached` are the authors of replies, boosts,
    favourites and quotes, and of what it quotes.
    """

    mentioned: tuple[int, ...]
    addressed: tuple[int, ...]
    boosters: tuple[int, ...]
    quoters: tuple[int, ...]
    reached: tuple[int, ...]
    tags: tuple[str, ...]


_LOAD = f"""
    SELECT s.id,
        ARRAY(
            SELECT m.account_id FROM mentions AS m
            WHERE m.status_id = s.id AND NOT m.silent) AS mentioned,
        ARRAY(SELECT m.account_id FROM mentions AS m WHERE m.status_id = s.id) AS addressed,
        ARRAY(
            SELECT b.account_id FROM statuses AS b WHERE b.reblog_of_id = s.id) AS boosters,
        ARRAY({reached_accounts("s")}) AS reached,
        ARRAY(
            SELECT n.account_id
            FROM status_quotes AS q
            JOIN statuses AS n ON n.id = q.status_id
            WHERE q.quoted_uri = s.uri
              AND q.state = 'accepted') AS quoters,
        ARRAY(
            SELECT t.name
            FROM status_tags AS st
            JOIN tags AS t ON t.id = st.tag_id
            WHERE st.status_id = s.id) AS tag_names
    FROM statuses AS s
    WHERE s.id = ANY($1::bigint[])
"""


async def load(conn: Connection, status_ids: Sequence[int]) -> dict[int, Audience]:
    """Return the audience of each status that exists, by id, in one query."""
    rows = await conn.fetch(_LOAD, list(status_ids))
    return {
        row["id"]: Audience(
            mentioned=tuple(row["mentioned"]),
            addressed=tuple(row["addressed"]),
            boosters=tuple(row["boosters"]),
            quoters=tuple(row["quoters"]),
            reached=tuple(row["reached"]),
            tags=tuple(row["tag_names"]),
        )
        for row in rows
    }


async def blockers(conn: Connection, author_id: int, account_ids: Sequence[int]) -> set[int]:
    """Return those of the accounts that block the author, or that are suspended or deleted."""
    rows = await conn.fetch(
        """
        SELECT a.id
        FROM accounts AS a
        WHERE a.id = ANY($2::bigint[])
          AND (a.suspended_at IS NOT NULL
               OR a.deleted_at IS NOT NULL
               OR EXISTS (
                   SELECT 1 FROM blocks AS b
                   WHERE b.account_id = a.id AND b.target_id = $1))
        """,
        author_id,
        list(account_ids),
    )
    return {row["id"] for row in rows}


async def blocks(conn: Connection, account_id: int, target_id: int) -> bool:
    """Tell whether the account blocks the other one."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM blocks WHERE account_id = $1 AND target_id = $2)",
        account_id,
        target_id,
    )
    return found
