"""Notifications as groups: those that can become one line ("Bo and 3 others ...").

Which group a notification is in was written with it (`announcements`). Here it is one of a group
only where the caller lets its type be grouped; else it stands for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from storage import standings
from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present
from storage.notifications import (
    EVERYTHING,
    NOTIFICATION_COLUMNS,
    UNGROUPED,
    Notification,
    Selection,
    arguments,
    is_selected,
    notification_of,
)
from storage.paging import Page
from storage.standings import Standing

GROUPABLE: Final = ("favourite", "reblog", "follow", "admin.sign_up")
_SAMPLE: Final = 8


@dataclass(frozen=True, slots=True)
class Group:
    """A group with one of its notifications, which stands for all.

    `page_*` tell of those members of the group that are on this page, all else of the whole group.
    """

    key: str
    notification: Notification
    count: int
    most_recent_id: int
    sample_account_ids: tuple[int, ...]
    page_min_id: int
    page_max_id: int
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class GroupedPerson:
    """Who is in a group; `row_id` is the notification, and the cursor of pages."""

    account_id: int
    row_id: int


_SENDER_IS_PRESENT = f"""
    EXISTS (SELECT FROM accounts a WHERE a.id = n.from_account_id AND {account_is_present("a")})
"""
# Those of a group; a key that stands for one notification names it.
_IN_GROUP = "n.account_id = $1 AND (n.group_key = $2 OR n.id = $3)"

# Whole groups by their keys, $3 and $4 being the ends of the page.
_WHOLES = f"""
    SELECT k.key, whole.*, ARRAY(
               SELECT n.from_account_id
                 FROM notifications n
                WHERE n.account_id = $1
                  AND n.group_key = k.key
                  AND {_SENDER_IS_PRESENT}
                ORDER BY n.id DESC
                LIMIT {_SAMPLE}) AS sample
      FROM unnest($2::text[]) AS k (key)
     CROSS JOIN LATERAL (
         SELECT count(*) AS count,
                max(n.id) AS most_recent_id,
                min(n.id) FILTER (WHERE n.id BETWEEN $3 AND $4) AS page_min_id,
                max(n.id) FILTER (WHERE n.id BETWEEN $3 AND $4) AS page_max_id,
                max(n.created_at) FILTER (WHERE n.id BETWEEN $3 AND $4) AS latest_at
           FROM notifications n
          WHERE n.account_id = $1
            AND n.group_key = k.key
            AND {_SENDER_IS_PRESENT}
     ) AS whole
"""


def _walk(order: str) -> str:
    """Return a recursive query `walk` over one notification of each group, in parameters 1 to 9.

    Each step goes on where the last one stopped, so no row of the index is read twice.
    """
    key = "CASE WHEN n.type = ANY($6::text[]) THEN n.group_key END"
    beyond = "<" if order == "DESC" else ">"
    base = f"n.account_id = $1 AND {is_selected(2)} AND n.id < $7 AND n.id > $8"
    return f"""
        WITH RECURSIVE walk AS (
            (SELECT n.id, ARRAY[COALESCE({key}, '')] AS seen, 1 AS place
               FROM notifications n
              WHERE {base}
              ORDER BY n.id {order}
              LIMIT LEAST(1, $9::bigint))
            UNION ALL
            SELECT further.id, walk.seen || further.key, walk.place + 1
              FROM walk
             CROSS JOIN LATERAL (
                 SELECT n.id, COALESCE({key}, '') AS key
                   FROM notifications n
                  WHERE {base}
                    AND n.id {beyond} walk.id
                    AND ({key} IS NULL OR {key} <> ALL(walk.seen))
                  ORDER BY n.id {order}
                  LIMIT 1
             ) AS further
             WHERE walk.place < $9::bigint
        )
    """


def _walk_arguments(
    account_id: int, page: Page, selection: Selection, grouped_types: Sequence[str]
) -> tuple[object, ...]:
    return (account_id, *arguments(selection), list(grouped_types), *page.bounds)


async def list_page(
    conn: Connection,
    account_id: int,
    page: Page,
    selection: Selection = EVERYTHING,
    *,
    grouped_types: Sequence[str] = GROUPABLE,
    standing: Standing | None = None,
) -> list[Group]:
    """Return a page of a member's groups, by their newest notification, in two queries at most.

    A group whose members lie on both sides of a page's end appears on both pages. There is none if
    the standing is lost.
    """
    records = await conn.fetch(
        f"""
        {_walk(page.order)}
        SELECT {NOTIFICATION_COLUMNS}
          FROM walk
          JOIN notifications n ON n.id = walk.id
         WHERE {standings.holds(10)}
         ORDER BY walk.place
        """,
        *_walk_arguments(account_id, page, selection, grouped_types),
        *standings.arguments(standing),
    )
    if not records:
        return []
    found = page.newest_first([notification_of(record) for record in records])
    grouped = {each.type for each in found if each.group_key and each.type in grouped_types}
    return await _complete(conn, account_id, found, grouped)


async def count_newer(
    conn: Connection,
    account_id: int,
    after_id: int,
    limit: int,
    selection: Selection = EVERYTHING,
    *,
    grouped_types: Sequence[str] = GROUPABLE,
) -> int:
    """Return how many groups have notifications above an id, counting up to `limit`."""
    page = Page(limit=limit, min_id=after_id)
    total: int = await conn.fetchval(
        f"{_walk(page.order)} SELECT count(*) FROM walk",
        *_walk_arguments(account_id, page, selection, grouped_types),
    )
    return total


async def find(conn: Connection, account_id: int, key: str) -> Group | None:
    """Return one of a member's groups."""
    record = await conn.fetchrow(
        f"""
        SELECT {NOTIFICATION_COLUMNS}
          FROM notifications n
         WHERE {_IN_GROUP}
           AND {_SENDER_IS_PRESENT}
         ORDER BY n.id DESC
         LIMIT 1
        """,
        account_id,
        key,
        _alone(key),
    )
    if record is None:
        return None
    found = notification_of(record)
    whole = {found.type} if found.group_key == key else set()
    return (await _complete(conn, account_id, [found], whole))[0]


async def list_people(
    conn: Connection, account_id: int, key: str, page: Page
) -> list[GroupedPerson]:
    """Return a page of the people in a group, latest first."""
    rows = await conn.fetch(
        f"""
        SELECT n.from_account_id AS account_id, n.id AS row_id
          FROM notifications n
         WHERE {_IN_GROUP}
           AND {_SENDER_IS_PRESENT}
           AND {page.window("n.id", 4)}
        """,
        account_id,
        key,
        _alone(key),
        *page.bounds,
    )
    return page.newest_first([GroupedPerson(**dict(row)) for row in rows])


async def delete(tx: Transaction, account_id: int, key: str) -> int:
    """Remove the notifications of a group and return how many there were."""
    return await tx.execute(
        f"DELETE FROM notifications n WHERE {_IN_GROUP}", account_id, key, _alone(key)
    )


def _alone(key: str) -> int | None:
    """Return the notification that a key of a group of one names."""
    digits = key.removeprefix(UNGROUPED)
    is_id = digits != key and digits.isascii() and digits.isdigit() and len(digits) <= 18
    return int(digits) if is_id else None


async def _complete(
    conn: Connection, account_id: int, found: Sequence[Notification], grouped: set[str]
) -> list[Group]:
    """Return the groups that these notifications stand for; those of other types are alone."""
    keys = [each.group_key for each in found if each.group_key and each.type in grouped]
    ids = [each.id for each in found]
    rows = await conn.fetch(_WHOLES, account_id, keys, min(ids), max(ids)) if keys else []
    wholes = {row["key"]: row for row in rows}
    return [
        _group(each, wholes.get(each.group_key) if each.type in grouped else None) for each in found
    ]


def _group(each: Notification, whole: Record | None) -> Group:
    if whole is None or whole["page_max_id"] is None:
        return _alone_group(each)
    return Group(
        key=whole["key"],
        notification=each,
        count=whole["count"],
        most_recent_id=whole["most_recent_id"],
        sample_account_ids=tuple(whole["sample"]),
        page_min_id=whole["page_min_id"],
        page_max_id=whole["page_max_id"],
        latest_at=whole["latest_at"],
    )


def _alone_group(each: Notification) -> Group:
    return Group(
        key=f"{UNGROUPED}{each.id}",
        notification=each,
        count=1,
        most_recent_id=each.id,
        sample_account_ids=(each.from_account_id,),
        page_min_id=each.id,
        page_max_id=each.id,
        latest_at=each.created_at,
    )
