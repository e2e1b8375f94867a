"""Direct conversations as each participant sees them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from storage import fragments
from storage.database import Connection, Record, Transaction
from storage.paging import Page


@dataclass(frozen=True, slots=True)
class AccountConversation:
    """A row of `account_conversations`; `participant_ids` are the others, sorted."""

    id: int
    account_id: int
    conversation_id: int
    participant_ids: list[int]
    last_status_id: int | None
    unread: bool


_FIELDS = tuple(field.name for field in dataclasses.fields(AccountConversation))
_COLUMNS = ", ".join(f"c.{name}" for name in _FIELDS)


# The owner is the viewer. What shows a conversation is its last status: where that may not be seen,
# as from an office that was removed, neither may the conversation.
_VISIBLE = f"""
    EXISTS (
        SELECT 1
        FROM statuses AS s
        WHERE s.id = c.last_status_id
          AND {fragments.status_is_visible("s", "c.account_id")})
"""


# Ids are made of the post's, so that two readers of one post never have the same.
_JOINED = """
    latest AS (
        SELECT DISTINCT ON (p.account_id, p.conversation_id, o.others)
            p.status_id, p.conversation_id, p.author_id, p.account_id, o.others,
            array_position(p.everyone, p.account_id) AS place
        FROM parties AS p
        CROSS JOIN LATERAL (
            SELECT array_remove(p.everyone, p.account_id) AS others) AS o
        ORDER BY p.account_id, p.conversation_id, o.others, p.status_id DESC
    ), talks AS (
        INSERT INTO account_conversations (
            id, account_id, conversation_id, participant_ids, last_status_id, unread)
        SELECT
            latest.status_id + latest.place, latest.account_id, latest.conversation_id,
            latest.others, latest.status_id, latest.account_id <> latest.author_id
        FROM latest
        ON CONFLICT (account_id, conversation_id, participant_ids) DO UPDATE
        SET last_status_id = GREATEST(
                account_conversations.last_status_id, EXCLUDED.last_status_id),
            unread = EXCLUDED.unread
        RETURNING id, account_id
    )
"""


def extended_by(heard: str) -> str:
    """Return CTEs that put private posts into their readers' conversations, the last being `talks`.

    `heard` names a CTE of pairs (status_id, account_id); what is not private and whom we have no
    timeline for are left out. `talks` are the changed rows: id, account_id.
    """
    return f"""
        parties AS (
            SELECT s.id AS status_id, s.conversation_id, s.account_id AS author_id,
                {heard}.account_id, named.everyone
            FROM {heard}
            JOIN members ON members.account_id = {heard}.account_id
            JOIN statuses AS s ON s.id = {heard}.status_id
            CROSS JOIN LATERAL (
                SELECT ARRAY(
                    SELECT s.account_id
                    UNION SELECT m.account_id FROM mentions AS m WHERE m.status_id = s.id
                    ORDER BY 1) AS everyone) AS named
            WHERE s.visibility = 'direct'
              AND s.conversation_id IS NOT NULL
        ), {_JOINED}
    """


_EXTEND = f"""
    WITH heard AS (
        SELECT status_id, $1::bigint AS account_id FROM unnest($2::bigint[]) AS given (status_id)
    ), {extended_by("heard")}
    SELECT talks.id FROM talks ORDER BY talks.id
"""


async def extend(tx: Transaction, account_id: int, status_ids: Sequence[int]) -> list[int]:
    """Put the private ones of these posts into a member's conversations; returns what changed."""
    return [row["id"] for row in await tx.fetch(_EXTEND, account_id, list(status_ids))]


def _conversation(row: Record) -> AccountConversation:
    return AccountConversation(**{name: row[name] for name in _FIELDS})


async def list_page(conn: Connection, account_id: int, page: Page) -> list[AccountConversation]:
    """Return the account's visible conversations by their last status, whose id is the cursor."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM account_conversations AS c
        WHERE c.account_id = $1
          AND {_VISIBLE}
          AND {page.window("c.last_status_id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return page.newest_first([_conversation(row) for row in rows])


async def find(
    conn: Connection, account_id: int, account_conversation_id: int
) -> AccountConversation | None:
    """Return one of the conversations that the account may see."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM account_conversations AS c
        WHERE c.id = $2
          AND c.account_id = $1
          AND {_VISIBLE}
        """,
        account_id,
        account_conversation_id,
    )
    return None if row is None else _conversation(row)


async def set_unread(
    tx: Transaction, account_id: int, account_conversation_id: int, *, unread: bool
) -> AccountConversation | None:
    """Mark one of the account's conversations; None when there is none."""
    row = await tx.fetchrow(
        f"""
        UPDATE account_conversations AS c
        SET unread = $3
        WHERE c.id = $2
          AND c.account_id = $1
        RETURNING {_COLUMNS}
        """,
        account_id,
        account_conversation_id,
        unread,
    )
    return None if row is None else _conversation(row)


async def delete(tx: Transaction, account_id: int, account_conversation_id: int) -> bool:
    """Hide a conversation from its owner; the posts stay. False when there was none."""
    return bool(
        await tx.execute(
            "DELETE FROM account_conversations WHERE id = $2 AND account_id = $1",
            account_id,
            account_conversation_id,
        )
    )
