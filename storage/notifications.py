"""What members are told. Ids are identity values, since they appear as JSON numbers too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from storage import standings
from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present, status_is_shown
from storage.paging import Page
from storage.standings import Standing

UNGROUPED: Final = "ungrouped-"
NOTIFICATION_COLUMNS: Final = """
    n.id, n.account_id, n.type, n.from_account_id, n.status_id, n.created_at, n.group_key,
    n.filtered, COALESCE(n.report_id, n.event_id, n.warning_id) AS subject_id
"""


@dataclass(frozen=True, slots=True)
class Notification:
    """A row of `notifications`; `group_key` None is that of one that stands for itself."""

    id: int
    account_id: int
    type: str
    from_account_id: int
    status_id: int | None
    created_at: datetime
    group_key: str | None
    filtered: bool
    subject_id: int | None

    @property
    def key(self) -> str:
        """The key of its group, which it may be alone in."""
        return self.group_key or f"{UNGROUPED}{self.id}"


@dataclass(frozen=True, slots=True)
class NotificationDraft:
    """A notification before it is known whether its recipient wants it.

    `subject_id` is the report, the warning, or the event of lost follows, as the type says.
    """

    account_id: int
    type: str
    from_account_id: int
    status_id: int | None = None
    subject_id: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which notifications a caller asks for; empty `types` stands for all.

    Those that the recipient's policy hides are left out unless `include_filtered` asks for them.
    """

    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    from_account_id: int | None = None
    include_filtered: bool = False


EVERYTHING = Selection()


def is_selected(first: int) -> str:
    """Return the condition that a notification `n` of $1 is asked for, with four parameters.

    Asked here and not while a page is rendered, so that pages are whole and what nobody sees is not
    counted as unread.
    """
    # An account that is out of reach or gone is not shown to have done anything. Who follows
    # somebody no longer was told of posts that they may not read any more.
    return f"""
        (cardinality(${first}::text[]) = 0 OR n.type = ANY(${first}::text[]))
        AND n.type <> ALL(${first + 1}::text[])
        AND (${first + 2}::bigint IS NULL OR n.from_account_id = ${first + 2})
        AND (${first + 3}::boolean OR NOT n.filtered)
        AND EXISTS (
            SELECT FROM accounts a
             WHERE a.id = n.from_account_id
               AND {account_is_present("a")})
        AND (n.status_id IS NULL OR EXISTS (
            SELECT FROM statuses s
              JOIN accounts author ON author.id = s.account_id
             WHERE s.id = n.status_id
               AND {status_is_shown("s", "author", "$1")}))
    """


def arguments(selection: Selection) -> tuple[list[str], list[str], int | None, bool]:
    """Return the four parameters of `is_selected`."""
    return (
        list(selection.types),
        list(selection.exclude_types),
        selection.from_account_id,
        selection.include_filtered,
    )


async def list_page(
    conn: Connection,
    account_id: int,
    page: Page,
    selection: Selection = EVERYTHING,
    standing: Standing | None = None,
) -> list[Notification]:
    """Return a page of a member's notifications, newest first; none if the standing is lost."""
    records = await conn.fetch(
        f"""
        SELECT {NOTIFICATION_COLUMNS}
          FROM notifications n
         WHERE n.account_id = $1
           AND {is_selected(2)}
           AND {standings.holds(9)}
           AND {page.window("n.id", 6)}
        """,
        account_id,
        *arguments(selection),
        *page.bounds,
        *standings.arguments(standing),
    )
    return page.newest_first([notification_of(record) for record in records])


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
                   AND {is_selected(2)}
                   AND n.id > $6
                 LIMIT $7) AS newer
        """,
        account_id,
        *arguments(selection),
        after_id,
        limit,
    )
    return total


async def find(conn: Connection, account_id: int, notification_id: int) -> Notification | None:
    """Return one of a member's notifications."""
    record = await conn.fetchrow(
        f"""
        SELECT {NOTIFICATION_COLUMNS}
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
    return None if record is None else notification_of(record)


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


def notification_of(record: Record) -> Notification:
    # The columns come in the order of the fields.
    return Notification(*record)
