"""Finding people by name and handle, and posts by their words.

Words are matched as text and never as patterns: `%`, `_` and the backslash stand for themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from storage.database import Connection
from storage.fragments import (
    account_is_heard,
    account_is_present,
    office_is_blocked,
    status_is_visible,
    status_is_welcome,
)

# The newest posts are looked at one by one, which finds a page of what is frequent. What is too
# rare for that is looked up.
_WALK: Final = 3_000
_LIBRARY: Final = 50_000
# Nobody pages further by offset.
_FURTHEST: Final = 5_000
_GREATEST: Final = 2**63 - 1

Scope = Literal["all", "library", "public"]


@dataclass(frozen=True, slots=True)
class PostFilter:
    """Which posts are wanted: `query` as made by `search_words.parse`, bounds as exclusive ids."""

    query: str | None = None
    max_id: int | None = None
    min_id: int | None = None
    scope: Scope = "all"


_ACCOUNTS = f"""
    SELECT a.id
      FROM accounts a
      LEFT JOIN follows f
        ON f.account_id = $1
       AND f.target_id = a.id
       AND f.state = 'accepted'
      LEFT JOIN account_counters c ON c.account_id = a.id
     WHERE search_name(a.username_key, a.display_name) LIKE without_accents($8)
       AND search_name(a.username_key, a.display_name) LIKE ALL (
               SELECT without_accents(word) FROM unnest($2::text[]) AS word)
       AND a.actor_type <> 'Application'
       AND {account_is_present("a")}
       AND ($3::text IS NULL OR a.domain LIKE $3)
       AND (NOT $4 OR f.id IS NOT NULL)
       AND NOT EXISTS (
           SELECT FROM blocks b
            WHERE (b.account_id = $1 AND b.target_id = a.id AND a.username_key <> $5)
               OR (b.account_id = a.id AND b.target_id = $1))
       AND NOT {office_is_blocked("a.id", "$1::bigint")}
       AND {account_is_heard("a.id", "$1::bigint")}
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
    followers. Nobody finds those who block them; whom they block they find only by the whole
    username, as who wants to unblock somebody writes it.
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


def _findable(viewer: str) -> str:
    """Posts of the alias `s` that its author lets be found, or that the viewer dealt with."""
    return f"""(
        (s.visibility IN ('public', 'private')
         AND {account_is_heard("s.account_id", viewer)}
         AND EXISTS (
             SELECT FROM accounts AS a
              WHERE a.id = s.account_id
                AND a.indexable))
        OR {_in_library(viewer)})"""


def _in_library(viewer: str) -> str:
    return f"""(
        s.account_id = {viewer}
        OR EXISTS (
            SELECT FROM mentions m WHERE m.status_id = s.id AND m.account_id = {viewer})
        OR EXISTS (
            SELECT FROM favourites f WHERE f.status_id = s.id AND f.account_id = {viewer})
        OR EXISTS (
            SELECT FROM bookmarks b WHERE b.status_id = s.id AND b.account_id = {viewer})
        OR EXISTS (
            SELECT FROM statuses b WHERE b.reblog_of_id = s.id AND b.account_id = {viewer})
        OR EXISTS (
            SELECT FROM polls p
              JOIN poll_votes v ON v.poll_id = p.id
             WHERE p.status_id = s.id
               AND v.account_id = {viewer}))"""


_SCOPES: Final[Mapping[Scope, str]] = {
    "all": _findable("$1::bigint"),
    "library": _in_library("$1::bigint"),
    "public": f"s.visibility = 'public' AND {_findable('$1::bigint')}",
}


def _read(source: str, scope: Scope) -> str:
    """Return the statement that takes ids from the source, newest first, while more are wanted.

    Whether the viewer may see a post is asked one by one, so no more than needed is looked at:
    that is what OFFSET 0 is for, which keeps PostgreSQL from joining first and sorting later.
    """
    return f"""
        SELECT c.id
          FROM ({source}) AS c(id)
         CROSS JOIN LATERAL (
               SELECT s.id
                 FROM statuses s
                WHERE s.id = c.id
                  AND s.reblog_of_id IS NULL
                  AND {_SCOPES[scope]}
                  AND {status_is_visible("s", "$1::bigint")}
                  AND {status_is_welcome("s", "$1::bigint")}
               OFFSET 0) AS readable
         ORDER BY c.id DESC
         LIMIT $2 OFFSET $3
    """


_CANDIDATES = "SELECT id FROM unnest($4::bigint[]) AS given(id) ORDER BY id DESC"

_LATEST_POSTS = """
    SELECT latest.status_id
      FROM (SELECT status_id, words
              FROM status_words
             WHERE status_id < $4
               AND status_id > $5
             ORDER BY status_id DESC
            OFFSET 0) AS latest
     WHERE $6::text IS NULL
        OR latest.words @@ $6::text::tsquery
"""

_KEPT = f"""
    SELECT w.status_id
      FROM (
            (SELECT id FROM statuses
              WHERE account_id = $1 AND id < $4 AND id > $5
              ORDER BY id DESC LIMIT {_LIBRARY})
            UNION
            (SELECT status_id FROM mentions
              WHERE account_id = $1 AND status_id < $4 AND status_id > $5
              ORDER BY status_id DESC LIMIT {_LIBRARY})
            UNION
            (SELECT status_id FROM favourites
              WHERE account_id = $1 AND status_id < $4 AND status_id > $5
              ORDER BY status_id DESC LIMIT {_LIBRARY})
            UNION
            (SELECT status_id FROM bookmarks
              WHERE account_id = $1 AND status_id < $4 AND status_id > $5
              ORDER BY status_id DESC LIMIT {_LIBRARY})
            UNION
            (SELECT reblog_of_id FROM statuses
              WHERE account_id = $1 AND reblog_of_id < $4 AND reblog_of_id > $5
              LIMIT {_LIBRARY})
            UNION
            (SELECT p.status_id
               FROM poll_votes v
               JOIN polls p ON p.id = v.poll_id
              WHERE v.account_id = $1 AND p.status_id < $4 AND p.status_id > $5
              LIMIT {_LIBRARY})) AS kept(id)
      JOIN status_words w ON w.status_id = kept.id
     WHERE $6::text IS NULL
        OR w.words @@ $6::text::tsquery
     ORDER BY w.status_id DESC
"""


async def statuses(
    conn: Connection, viewer_id: int, wanted: PostFilter, *, limit: int, offset: int = 0
) -> list[int]:
    """Return posts that the viewer may read and that are wanted, newest first.

    Found are the public posts of people who let theirs be found, and those that they write to
    followers of whom the viewer is one; and the viewer's library: own posts, those that mention
    the viewer, and those that the viewer favourited, bookmarked, boosted or voted on.

    Two statements, four for what is rare. With nothing but bounds asked, no more than the newest
    posts within them are looked at.
    """
    if offset > _FURTHEST:
        return []
    slice_ = (viewer_id, limit, offset)
    below, above = wanted.max_id or _GREATEST, wanted.min_id or -1
    if wanted.scope == "library":
        kept = _read(_KEPT, wanted.scope)
        return await _ids(conn, kept, *slice_, below, above, wanted.query)
    floor = await _floor(conn, below, above)
    walk = _read(_LATEST_POSTS, wanted.scope)
    found = await _ids(conn, walk, *slice_, below, above if floor is None else floor, wanted.query)
    if floor is None or len(found) == limit or wanted.query is None:
        return found
    candidates = await _candidates(conn, wanted.query, below, above)
    return await _ids(conn, _read(_CANDIDATES, wanted.scope), *slice_, candidates)


async def _floor(conn: Connection, below: int, above: int) -> int | None:
    """Return the id above which the newest posts lie; None where those are all within bounds."""
    floor: int | None = await conn.fetchval(
        """
        SELECT status_id
          FROM status_words
         WHERE status_id < $1
           AND status_id > $2
         ORDER BY status_id DESC
        OFFSET $3 LIMIT 1
        """,
        below,
        above,
        _WALK,
    )
    return floor


async def _candidates(conn: Connection, query: str, below: int, above: int) -> list[int]:
    """Return the newest posts with these words, whoever may read them."""
    return await _ids(
        conn,
        """
        -- By itself: PostgreSQL would walk along the ids, since it does not know the words ahead.
        WITH hits AS MATERIALIZED (
            SELECT status_id FROM status_words WHERE words @@ $1::text::tsquery)
        SELECT status_id AS id
          FROM hits
         WHERE status_id < $2
           AND status_id > $3
         ORDER BY status_id DESC
         LIMIT $4
        """,
        query,
        below,
        above,
        _FURTHEST,
    )


async def _ids(conn: Connection, statement: str, *arguments: object) -> list[int]:
    return [record["id"] for record in await conn.fetch(statement, *arguments)]


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
