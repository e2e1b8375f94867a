"""Finding people by name and handle, and posts by their words.

Words are matched as text and never as patterns: `%`, `_` and the backslash stand for themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Connection
from storage.fragments import account_is_present, status_is_visible, status_is_welcome

# Posts are read one by one, so the search looks no further back than this.
_LATEST = 20_000


@dataclass(frozen=True, slots=True)
class PostFilter:
    """Which posts are wanted besides their words; bounds are exclusive ids."""

    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None


_ACCOUNTS = f"""
    SELECT a.id
      FROM accounts a
      LEFT JOIN follows f
        ON f.account_id = $1
       AND f.target_id = a.id
       AND f.state = 'accepted'
      LEFT JOIN account_counters c ON c.account_id = a.id
     WHERE (a.username_key || ' ' || lower(a.display_name)) LIKE $8
       AND (a.username_key || ' ' || lower(a.display_name)) LIKE ALL ($2::text[])
       AND a.actor_type <> 'Application'
       AND {account_is_present("a")}
       AND ($3::text IS NULL OR a.domain LIKE $3)
       AND (NOT $4 OR f.id IS NOT NULL)
       AND NOT EXISTS (
           SELECT FROM blocks b
            WHERE (b.account_id = $1 AND b.target_id = a.id)
               OR (b.account_id = a.id AND b.target_id = $1))
     ORDER BY a.username_key = $5 DESC,
              f.id IS NOT NULL DESC,
              starts_with(a.username_key, $5) DESC,
              COALESCE(c.followers, 0) DESC,
              a.id
     LIMIT $6 OFFSET $7
"""


async def accounts(
    conn: Connection,
    viewer_id: int,
    words: Sequence[str],
    *,
    domain: str | None = None,
    following: bool = False,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """Return the accounts whose name or handle has all the (case-folded) words, best first.

    With `domain`, one that begins like it; with `following`, only people whom the viewer follows.
    The name itself comes first, then people whom the viewer follows, then those with most
    followers. Nobody is found across a block.
    """
    if not words:
        return []
    records = await conn.fetch(
        _ACCOUNTS,
        viewer_id,
        [f"%{_literal(word)}%" for word in words],
        None if domain is None else f"{_literal(domain)}%",
        following,
        words[0],
        limit,
        offset,
        # An index serves one pattern only, so it gets the one that leaves least.
        f"%{_literal(max(words, key=len))}%",
    )
    return [record["id"] for record in records]


_STATUSES = f"""
    SELECT s.id
      FROM (SELECT *
              FROM statuses
             WHERE reblog_of_id IS NULL
               AND ($3::bigint IS NULL OR account_id = $3)
               AND ($4::bigint IS NULL OR id < $4)
               AND ($5::bigint IS NULL OR id > $5)
             ORDER BY id DESC
             LIMIT {_LATEST}) AS s
      JOIN accounts a ON a.id = s.account_id
     WHERE lower(s.spoiler_text || ' ' || regexp_replace(s.content, '<[^>]*>', '', 'g'))
           LIKE ALL ($2::text[])
       AND (a.indexable AND s.visibility = 'public'
            OR s.account_id = $1
            OR EXISTS (
                SELECT FROM mentions m
                 WHERE m.status_id = s.id
                   AND m.account_id = $1)
            OR EXISTS (
                SELECT FROM favourites f
                 WHERE f.status_id = s.id
                   AND f.account_id = $1)
            OR EXISTS (
                SELECT FROM bookmarks b
                 WHERE b.status_id = s.id
                   AND b.account_id = $1))
       AND {status_is_visible("s", "$1::bigint")}
       AND {status_is_welcome("s", "$1::bigint")}
     ORDER BY s.id DESC
     LIMIT $6 OFFSET $7
"""


async def statuses(
    conn: Connection,
    viewer_id: int,
    words: Sequence[str],
    wanted: PostFilter,
    *,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """Return posts with all the words that the viewer may read, newest first.

    Found are the viewer's own, those that mention the viewer, those that the viewer favourited or
    bookmarked, and the public ones of people who let their posts be found; all among the latest
    posts of the instance.
    """
    if not words:
        return []
    records = await conn.fetch(
        _STATUSES,
        viewer_id,
        [f"%{_literal(_escaped(word))}%" for word in words],
        wanted.account_id,
        wanted.max_id,
        wanted.min_id,
        limit,
        offset,
    )
    return [record["id"] for record in records]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _escaped(word: str) -> str:
    # The content is HTML.
    return word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
