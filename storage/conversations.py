"""Direct conversations as each participant sees them."""

import dataclasses
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
