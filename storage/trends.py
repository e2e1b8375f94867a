"""What is talked about: counted by the worker now and then, read by anybody at any time.

Nobody has to approve anything before it trends; what somebody decided against stays out
(`tags.trendable`, `untrendable_statuses`).
"""

from datetime import datetime, timedelta

from storage import fragments
from storage.database import Connection, Transaction
from storage.ids import first_id
from storage.tags import DAYS, Tag

# One person alone makes no trend.
_FEWEST_PEOPLE = 2
_FEWEST_REACTIONS = 2
# Only the latest public posts are weighed, and the heaviest of them kept.
_WEIGHED = 100_000
_KEPT = 200


_COUNT_TAGS = f"""
    WITH counted AS MATERIALIZED (
        SELECT st.tag_id,
               (s.created_at AT TIME ZONE 'UTC')::date AS day,
               count(*) AS uses,
               count(DISTINCT s.account_id) AS accounts
          FROM statuses s
          JOIN status_tags st ON st.status_id = s.id
          JOIN accounts a ON a.id = s.account_id
         WHERE s.id >= $3
           AND s.visibility = 'public'
           AND s.reblog_of_id IS NULL
           AND s.created_at >= $4
           AND {fragments.account_is_present("a")}
           AND {fragments.account_is_unlimited("a")}
         GROUP BY 1, 2
    ), gone AS (
        DELETE FROM tag_days d
         WHERE d.day < $1
            OR (d.day >= $2
                AND NOT EXISTS (
                    SELECT FROM counted c WHERE c.tag_id = d.tag_id AND c.day = d.day))
    )
    INSERT INTO tag_days (tag_id, day, uses, accounts)
    SELECT tag_id, day, uses, accounts
      FROM counted
     ORDER BY tag_id, day
    ON CONFLICT (tag_id, day) DO UPDATE
       SET uses = EXCLUDED.uses,
           accounts = EXCLUDED.accounts
     WHERE (tag_days.uses, tag_days.accounts) <> (EXCLUDED.uses, EXCLUDED.accounts)
"""


async def count_tags(tx: Transaction, now: datetime) -> int:
    """Count public uses of hashtags for today and yesterday anew, and for days never counted.

    Left out are people whom staff limits or who are out of reach, as if they had said nothing.
    Forgets what is older than a week. Returns how many rows changed.
    """
    today = now.date()
    oldest = today - timedelta(days=DAYS - 1)
    newest = await tx.fetchval("SELECT max(day) FROM tag_days")
    since = oldest if newest is None else max(oldest, min(newest, today - timedelta(days=1)))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - (today - since)
    return await tx.execute(
        _COUNT_TAGS,
        oldest,
        since,
        first_id(midnight),
        midnight,
    )


_WEIGH = f"""
    WITH latest AS MATERIALIZED (
        SELECT s.id, s.account_id, s.created_at
          FROM statuses s
         WHERE s.visibility = 'public'
           AND s.reblog_of_id IS NULL
           AND s.in_reply_to_id IS NULL
           AND s.in_reply_to_uri IS NULL
           AND NOT s.sensitive
           AND s.spoiler_text = ''
           AND s.id >= $1
         ORDER BY s.id DESC
         LIMIT {_WEIGHED}
    ), ranked AS MATERIALIZED (
        SELECT latest.id AS status_id,
               (2 * c.reblogs + c.favourites)
               / power(GREATEST(extract(epoch FROM $2 - latest.created_at) / 3600, 0) + 2, 1.5)
               AS score
          FROM latest
          JOIN status_counters c ON c.status_id = latest.id
          JOIN accounts a ON a.id = latest.account_id
         WHERE c.reblogs + c.favourites >= {_FEWEST_REACTIONS}
           AND a.discoverable
           AND {fragments.account_is_unlimited("a")}
           AND a.sensitized_at IS NULL
           AND {fragments.account_is_present("a")}
           AND NOT EXISTS (
               SELECT FROM untrendable_statuses u WHERE u.status_id = latest.id)
         ORDER BY score DESC
         LIMIT {_KEPT}
    ), gone AS (
        DELETE FROM trending_statuses t
         WHERE NOT EXISTS (SELECT FROM ranked r WHERE r.status_id = t.status_id)
    )
    INSERT INTO trending_statuses (status_id, score)
    SELECT status_id, score
      FROM ranked
     ORDER BY status_id
    ON CONFLICT (status_id) DO UPDATE SET score = EXCLUDED.score
"""


async def weigh_statuses(tx: Transaction, now: datetime) -> int:
    """Choose anew which posts trend: many reactions, and young. Returns how many were weighed in.

    Public posts of the last week that answer nobody and cover nothing, of people who let
    themselves be found.
    """
    return await tx.execute(
        _WEIGH,
        first_id(now - timedelta(days=DAYS)),
        now,
    )


async def list_tags(conn: Connection, now: datetime, *, limit: int, offset: int) -> list[Tag]:
    """Return hashtags that several people used in the last week, each day worth half the next."""
    today = now.date()
    rows = await conn.fetch(
        f"""
        SELECT t.id, t.name, t.display_name
          FROM tag_days d
          JOIN tags t ON t.id = d.tag_id
         WHERE d.day > $2
           AND t.usable
           AND t.listable
           AND t.trendable
         GROUP BY t.id
        HAVING max(d.accounts) >= {_FEWEST_PEOPLE}
         ORDER BY sum(d.accounts * power(0.5, GREATEST($1 - d.day, 0))) DESC, t.id
         LIMIT $3 OFFSET $4
        """,
        today,
        today - timedelta(days=DAYS),
        limit,
        offset,
    )
    return [Tag(**dict(row)) for row in rows]


async def list_statuses(
    conn: Connection, viewer_id: int | None, *, limit: int, offset: int
) -> list[int]:
    """Return trending posts that the viewer may and wants to see, the heaviest first."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
          FROM trending_statuses t
          JOIN statuses s ON s.id = t.status_id
         WHERE {fragments.status_is_visible("s", "$1::bigint")}
           AND {fragments.status_is_welcome("s", "$1::bigint")}
           AND {fragments.account_is_heard("s.account_id", "$1::bigint")}
           AND s.visibility = 'public'
           AND NOT EXISTS (SELECT FROM untrendable_statuses u WHERE u.status_id = s.id)
         ORDER BY t.score DESC, t.status_id DESC
         LIMIT $2 OFFSET $3
        """,
        viewer_id,
        limit,
        offset,
    )
    return [row["id"] for row in rows]


async def set_trendable(tx: Transaction, status_id: int, allowed: bool, now: datetime) -> None:
    """Keep a post from trending, or let it trend again once it is weighed."""
    if allowed:
        await tx.execute("DELETE FROM untrendable_statuses WHERE status_id = $1", status_id)
        return
    await tx.execute(
        """
        INSERT INTO untrendable_statuses (status_id, created_at)
        VALUES ($1, $2)
        ON CONFLICT DO NOTHING
        """,
        status_id,
        now,
    )
