"""What members are told. Ids are identity values, since they appear as JSON numbers too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present
from storage.paging import Page

_COLUMNS = "n.id, n.account_id, n.type, n.from_account_id, n.status_id, n.created_at"


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `notifications`."""

    id: int
    account_id: int
    type: str
    from_account_id: int
    status_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationDraft:
    """A notification before it is known whether its recipient wants it."""

    account_id: int
    type: str
    from_account_id: int
    status_id: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which notifications a caller asks for; empty `types` stands for all."""

    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    from_account_id: int | None = None


EVERYTHING = Selection()


def _selected(first: int) -> str:
    # An account that is out of reach or gone is not shown to have done anything.
    return f"""
        (cardinality(${first}::text[]) = 0 OR n.type = ANY(${first}::text[]))
        AND n.type <> ALL(${first + 1}::text[])
        AND (${first + 2}::bigint IS NULL OR n.from_account_id = ${first + 2})
        AND EXISTS (
            SELECT FROM accounts a
             WHERE a.id = n.from_account_id
               AND {account_is_present("a")})
    """


def _arguments(selection: Selection) -> tuple[list[str], list[str], int | None]:
    return list(selection.types), list(selection.exclude_types), selection.from_account_id


async def list_page(
    conn: Connection, account_id: int, page: Page, selection: Selection = EVERYTHING
) -> list[Notification]:
    """Return a page of a member's notifications, newest first."""
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM notifications n
         WHERE n.account_id = $1
           AND {_selected(2)}
           AND {page.window("n.id", 5)}
        """,
        account_id,
        *_arguments(selection),
        *page.bounds,
    )
    return page.newest_first([_notification_of(record) for record in records])


async def count_newer(
    conn: Connection,
    account_id: int,
    after_id: int,
    limit: int,
    selection: Selection = EVERYTHING,
) -> int:
    """Return how many notifications are newer than an id, counting no further than `limit`."""
    total: int = await conn.fetchval(
        f"""
        SELECT count(*)
          FROM (SELECT
                  FROM notifications n
                 WHERE n.account_id = $1
                   AND {_selected(2)}
                   AND n.id > $5
                 LIMIT $6) AS newer
        """,
        account_id,
        *_arguments(selection),
        after_id,
        limit,
    )
    return total


async def find(conn: Connection, account_id: int, notification_id: int) -> Notification | None:
    """Return one of a member's notifications."""
    record = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
          FROM notifications n
         WHERE n.account_id = $1
           AND n.id = $2
           AND EXISTS (
               SELECT FROM accounts a
                WHERE a.id = n.from_account_id
                  AND {account_is_present("a")})
        """,
        account_id,
        notification_id,
    )
    return None if record is None else _notification_of(record)


async def delete(tx: Transaction, account_id: int, notification_id: int) -> bool:
    """Remove one of a member's notifications; False when there is none."""
    return bool(
        await tx.execute(
            "DELETE FROM notifications WHERE account_id = $1 AND id = $2",
            account_id,
            notification_id,
        )
    )


async def delete_all(tx: Transaction, account_id: int) -> int:
    """Remove all of a member's notifications and return how many there were."""
    return await tx.execute("DELETE FROM notifications WHERE account_id = $1", account_id)


async def delete_matching(tx: Transaction, drafts: Sequence[NotificationDraft]) -> int:
    """Remove the notifications that these drafts led to, since what they tell was undone."""
    if not drafts:
        return 0
    return await tx.execute(
        """
        DELETE FROM notifications n
         USING unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
               AS d (account_id, type, from_account_id, status_id)
         WHERE n.account_id = d.account_id
           AND n.type = d.type
           AND n.from_account_id = d.from_account_id
           AND n.status_id IS NOT DISTINCT FROM d.status_id
        """,
        [draft.account_id for draft in drafts],
        [draft.type for draft in drafts],
        [draft.from_account_id for draft in drafts],
        [draft.status_id for draft in drafts],
    )


async def delete_between(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> int:
    """Remove everything that a recipient was told about a sender, for (recipient, sender) pairs."""
    return await tx.execute(
        """
        DELETE FROM notifications n
         USING unnest($1::bigint[], $2::bigint[]) AS d (account_id, from_account_id)
         WHERE n.account_id = d.account_id
           AND n.from_account_id = d.from_account_id
        """,
        [recipient for recipient, _ in pairs],
        [sender for _, sender in pairs],
    )


def _notification_of(record: Record) -> Notification:
    return Notification(**dict(record))
