"""Who and what there is most of: the rankings that staff looks at, the greatest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from storage.database import Connection
from storage.ids import first_id
from storage.statistics import ONE_DAY, Span, midnight


@dataclass(frozen=True, slots=True)
class Entry:
    """A place of a ranking."""

    key: str
    value: int


_IDS = "BETWEEN $1::bigint AND $2::bigint - 1"
_TAGGED = f"""
    FROM status_tags st
    JOIN statuses s ON s.id = st.status_id
    JOIN accounts a ON a.id = s.account_id
    WHERE st.tag_id = $5::text::bigint
      AND st.status_id {_IDS}
      AND s.visibility = 'public'
"""

# $1 and $2 bound ids, $3 is the own host, $5 the hashtag's id or a host.
_RANKINGS: Final[Mapping[str, str]] = {
    "languages": """
        SELECT m.locale AS key, count(*) AS value FROM members m GROUP BY 1
    """,
    "sources": """
        SELECT COALESCE(o.name, 'Website') AS key, count(*) AS value
        FROM members m
        LEFT JOIN oauth_apps o ON o.id = m.sign_up_app_id
        GROUP BY 1
    """,
    "servers": f"""
        SELECT COALESCE(a.domain, $3) AS key, count(*) AS value
        FROM statuses s
        JOIN accounts a ON a.id = s.account_id
        WHERE s.id {_IDS}
        GROUP BY 1
    """,
    "tag_servers": f"""
        SELECT COALESCE(a.domain, $3) AS key, count(*) AS value {_TAGGED} GROUP BY 1
    """,
    "tag_languages": f"""
        SELECT COALESCE(s.language, 'und') AS key, count(*) AS value {_TAGGED} GROUP BY 1
    """,
    "instance_accounts": """
        SELECT a.username AS key, COALESCE(c.followers, 0) AS value
        FROM accounts a
        LEFT JOIN account_counters c ON c.account_id = a.id
        WHERE a.domain = $5::text
          AND a.deleted_at IS NULL
    """,
    "instance_languages": f"""
        SELECT COALESCE(s.language, 'und') AS key, count(*) AS value
        FROM accounts a
        JOIN statuses s ON s.account_id = a.id
        WHERE a.domain = $5::text
          AND s.id {_IDS}
        GROUP BY 1
    """,
}

RANKINGS: Final = frozenset(_RANKINGS)


async def rank(
    conn: Connection, key: str, span: Span, *, own_host: str, subject: str | None, limit: int
) -> list[Entry]:
    """Return a ranking; `subject` is the hashtag's id, or the host, that it is about."""
    rows = await conn.fetch(
        f"""
        WITH given AS (
            SELECT $1::bigint, $2::bigint, $3::text, $4::bigint, $5::text
        ), ranking AS ({_RANKINGS[key]})
        SELECT key, value
        FROM ranking
        ORDER BY value DESC, key
        LIMIT $4
        """,
        first_id(midnight(span.first)),
        first_id(midnight(span.last + ONE_DAY)),
        own_host,
        limit,
        subject,
    )
    return [Entry(row["key"], row["value"]) for row in rows]


async def space(conn: Connection) -> Mapping[str, int]:
    """Return how many bytes the database takes, and the files that we keep."""
    row = await conn.fetchrow(
        """
        SELECT
            pg_database_size(current_database()) AS postgresql,
            (SELECT COALESCE(sum(size), 0)::bigint FROM media WHERE stored) AS media
        """
    )
    return dict(row) if row else {}


async def server_version(conn: Connection) -> str:
    """Return the version of PostgreSQL."""
    version: str = await conn.fetchval("SHOW server_version")
    return version.partition(" ")[0]
