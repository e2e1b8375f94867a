"""Which statuses a list shows to a viewer: ids in order, one query each.

All go through the visibility fragment, and leave out whom the viewer blocks or mutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage import fragments
from storage.database import Connection, Transaction
from storage.paging import Page

# As Mastodon keeps them; older posts are found on profiles and in threads.
HOME_LENGTH = 800


@dataclass(frozen=True, slots=True)
class Entry:
    """A status on a page whose cursor is another row, such as a favourite."""

    row_id: int
    status_id: int


@dataclass(frozen=True, slots=True)
class PublicFilter:
    """Which posts of the organisation are wanted; neither flag means all offices."""

    local: bool = False
    remote: bool = False
    only_media: bool = False


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Posts with one of `any_of`, all of `all_of` and none of `none_of`, by case-folded name."""

    any_of: Sequence[str]
    all_of: Sequence[str] = ()
    none_of: Sequence[str] = ()
    public: PublicFilter = field(default_factory=PublicFilter)


@dataclass(frozen=True, slots=True)
class ProfileFilter:
    """Which of an account's posts are wanted; `tagged` is a case-folded name."""

    only_media: bool = False
    exclude_replies: bool = False
    exclude_reblogs: bool = False
    exclude_direct: bool = False
    tagged: str | None = None


_VISIBLE = fragments.status_is_visible("s", "$1::bigint")
_WELCOME = fragments.status_is_welcome("s", "$1::bigint")
_WANTED = f"{_WELCOME} AND {fragments.account_is_heard('s.account_id', '$1::bigint')}"
_HAS_MEDIA = "EXISTS (SELECT 1 FROM media WHERE media.status_id = s.id)"
_NO_REPLY_TO_OTHERS = """(
    (s.in_reply_to_id IS NULL AND s.in_reply_to_uri IS NULL)
    OR s.in_reply_to_account_id = s.account_id)"""


async def home(conn: Connection, viewer_id: int, page: Page) -> list[int]:
    """Return what the people whom the viewer follows say, newest first."""
    rows = await conn.fetch(
        f"""
        SELECT h.status_id
        FROM home_feed AS h
        JOIN statuses AS s ON s.id = h.status_id
        WHERE h.account_id = $1
          AND {_VISIBLE}
          AND {_WELCOME}
          AND {page.window("h.status_id", 2)}
        """,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([row["status_id"] for row in rows])


async def public(
    conn: Connection, viewer_id: int | None, page: Page, wanted: PublicFilter
) -> list[int]:
    """Return the public posts of the organisation, without boosts and replies to others."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM statuses AS s
        WHERE s.visibility = 'public'
          AND s.reblog_of_id IS NULL
          AND {_NO_REPLY_TO_OTHERS}
          AND {_public_conditions(wanted)}
          AND {_VISIBLE}
          AND {_WANTED}
          AND {page.window("s.id", 2)}
        """,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


_TAGGED = """(
    s.id IN (
        SELECT st.status_id
        FROM status_tags AS st
        JOIN tags AS t ON t.id = st.tag_id
        WHERE t.name = ANY($2::text[])
          AND t.usable)
    AND NOT EXISTS (
        SELECT 1 FROM unnest($3::text[]) AS needed(name)
        WHERE NOT EXISTS (
            SELECT 1
            FROM status_tags AS st
            JOIN tags AS t ON t.id = st.tag_id
            WHERE st.status_id = s.id
              AND t.name = needed.name))
    AND NOT EXISTS (
        SELECT 1
        FROM status_tags AS st
        JOIN tags AS t ON t.id = st.tag_id
        WHERE st.status_id = s.id
          AND t.name = ANY($4::text[])))"""


async def tag(conn: Connection, viewer_id: int | None, page: Page, wanted: TagFilter) -> list[int]:
    """Return public posts with hashtags, replies included."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM statuses AS s
        WHERE s.visibility = 'public'
          AND s.reblog_of_id IS NULL
          AND {_TAGGED}
          AND {_public_conditions(wanted.public)}
          AND {_VISIBLE}
          AND {_WANTED}
          AND {page.window("s.id", 5)}
        """,
        viewer_id,
        list(wanted.any_of),
        list(wanted.all_of),
        list(wanted.none_of),
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


def _public_conditions(wanted: PublicFilter) -> str:
    conditions = ["true"]
    if wanted.local and not wanted.remote:
        conditions.append("s.local")
    if wanted.remote and not wanted.local:
        conditions.append("NOT s.local")
    if wanted.only_media:
        conditions.append(_HAS_MEDIA)
    return " AND ".join(conditions)


_LISTED_REPLIES = f"""(
    {_NO_REPLY_TO_OTHERS}
    OR (l.replies_policy <> 'none' AND s.in_reply_to_account_id = $1)
    OR (l.replies_policy = 'list' AND EXISTS (
        SELECT 1 FROM list_accounts AS other
        WHERE other.list_id = l.id
          AND other.account_id = s.in_reply_to_account_id))
    OR (l.replies_policy = 'followed' AND EXISTS (
        SELECT 1 FROM follows AS other
        WHERE other.account_id = $1
          AND other.target_id = s.in_reply_to_account_id
          AND other.state = 'accepted')))"""


async def of_list(conn: Connection, viewer_id: int, list_id: int, page: Page) -> list[int]:
    """Return what the members of one of the viewer's lists say.

    Read from the statuses and not from the home timeline, which an exclusive list keeps out of.
    Which replies are shown is the list's `replies_policy`.
    """
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM lists AS l
        JOIN list_accounts AS la ON la.list_id = l.id
        LEFT JOIN follows AS f
          ON f.account_id = l.account_id
         AND f.target_id = la.account_id
         AND f.state = 'accepted'
        JOIN statuses AS s ON s.account_id = la.account_id
        WHERE l.id = $2
          AND l.account_id = $1
          -- One's own account needs no follow.
          AND (f.id IS NOT NULL OR la.account_id = $1)
          AND (s.reblog_of_id IS NULL OR f.reblogs IS NOT FALSE)
          AND (COALESCE(cardinality(f.languages), 0) = 0
               OR s.language IS NULL
               OR s.language = ANY(f.languages))
          AND s.visibility <> 'direct'
          AND {_LISTED_REPLIES}
          AND {_VISIBLE}
          AND {_WELCOME}
          AND {page.window("s.id", 3)}
        """,
        viewer_id,
        list_id,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


async def of_account(
    conn: Connection, viewer_id: int | None, account_id: int, page: Page, wanted: ProfileFilter
) -> list[int]:
    """Return what one account said and boosted, as far as the viewer may see it."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM statuses AS s
        LEFT JOIN statuses AS original ON original.id = s.reblog_of_id
        WHERE s.account_id = $2
          AND {_profile_conditions(wanted)}
          AND ($3::text IS NULL OR EXISTS (
              SELECT 1
              FROM status_tags AS st
              JOIN tags AS t ON t.id = st.tag_id
              WHERE st.status_id = s.id
                AND t.name = $3))
          AND {_VISIBLE}
          AND (original.id IS NULL
               OR {fragments.account_is_welcome("original.account_id", "$1::bigint")})
          AND {page.window("s.id", 4)}
        """,
        viewer_id,
        account_id,
        wanted.tagged,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


def _profile_conditions(wanted: ProfileFilter) -> str:
    conditions = ["true"]
    if wanted.only_media:
        conditions.append(f"s.reblog_of_id IS NULL AND {_HAS_MEDIA}")
    if wanted.exclude_replies:
        conditions.append(_NO_REPLY_TO_OTHERS)
    if wanted.exclude_reblogs:
        conditions.append("s.reblog_of_id IS NULL")
    if wanted.exclude_direct:
        conditions.append("s.visibility <> 'direct'")
    return " AND ".join(conditions)


async def pinned(conn: Connection, viewer_id: int | None, account_id: int) -> list[int]:
    """Return what an account pinned, latest pin first."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM pins
        JOIN statuses AS s ON s.id = pins.status_id
        WHERE pins.account_id = $2
          AND {_VISIBLE}
        ORDER BY pins.id DESC
        """,
        viewer_id,
        account_id,
    )
    return [row["id"] for row in rows]


async def favourites(conn: Connection, viewer_id: int, page: Page) -> list[Entry]:
    """Return what the viewer favourited, latest favourite first."""
    rows = await conn.fetch(
        f"""
        SELECT f.id AS row_id, f.status_id
        FROM favourites AS f
        JOIN statuses AS s ON s.id = f.status_id
        WHERE f.account_id = $1
          AND {_VISIBLE}
          AND {page.window("f.id", 2)}
        """,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([Entry(row["row_id"], row["status_id"]) for row in rows])


async def bookmarks(conn: Connection, viewer_id: int, page: Page) -> list[Entry]:
    """Return what the viewer bookmarked, latest bookmark first."""
    rows = await conn.fetch(
        f"""
        SELECT b.id AS row_id, b.status_id
        FROM bookmarks AS b
        JOIN statuses AS s ON s.id = b.status_id
        WHERE b.account_id = $1
          AND {_VISIBLE}
          AND {page.window("b.id", 2)}
        """,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([Entry(row["row_id"], row["status_id"]) for row in rows])


async def direct(conn: Connection, viewer_id: int, page: Page) -> list[int]:
    """Return the direct posts by the viewer and to the viewer."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM statuses AS s
        WHERE s.visibility = 'direct'
          -- Not as two conditions with OR, for which every post would be read.
          AND s.id IN (
              SELECT m.status_id FROM mentions AS m WHERE m.account_id = $1
              UNION ALL
              SELECT own.id
              FROM statuses AS own
              WHERE own.account_id = $1
                AND own.visibility = 'direct')
          AND {_VISIBLE}
          AND {_WELCOME}
          AND {page.window("s.id", 2)}
        """,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


async def prune_home(tx: Transaction) -> int:
    """Cut all home timelines to their length; returns how many rows went."""
    return await tx.execute(
        """
        DELETE FROM home_feed AS h
        USING (
            SELECT m.account_id, (
                SELECT x.status_id
                FROM home_feed AS x
                WHERE x.account_id = m.account_id
                ORDER BY x.status_id DESC
                OFFSET $1 LIMIT 1) AS oldest_id
            FROM members AS m) AS kept
        WHERE h.account_id = kept.account_id
          AND h.status_id < kept.oldest_id
        """,
        HOME_LENGTH - 1,
    )
