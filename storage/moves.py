"""Accounts that went on as others: where to, and what others had noted about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Transaction
from storage.errors import NotFound
from storage.relationships import Block


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """As whom an account goes on, and when it last moved."""

    moved_to_id: int | None
    moved_at: datetime | None


async def lock(tx: Transaction, account_id: int) -> Whereabouts:
    """Return where an account has moved, and let nobody else move it; raises NotFound."""
    record = await tx.fetchrow(
        "SELECT moved_to_id, moved_at FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id
    )
    if record is None:
        raise NotFound("There is no such account.")
    return Whereabouts(record["moved_to_id"], record["moved_at"])


async def set_moved(tx: Transaction, account_id: int, target_id: int, at: datetime) -> None:
    """Note that an account goes on as another one."""
    await tx.execute(
        "UPDATE accounts SET moved_to_id = $2, moved_at = $3, updated_at = $3 WHERE id = $1",
        account_id,
        target_id,
        at,
    )


async def clear_moved(tx: Transaction, account_id: int, at: datetime) -> bool:
    """Note that an account stays after all; False when it had not moved."""
    return bool(
        await tx.execute(
            """
            UPDATE accounts
               SET moved_to_id = NULL,
                   updated_at = $2
             WHERE id = $1
               AND moved_to_id IS NOT NULL
            """,
            account_id,
            at,
        )
    )


async def carry_mutes(
    tx: Transaction, account_id: int, target_id: int, first_id: int, now: datetime
) -> None:
    """Let our people who mute an account also mute the one as which it goes on.

    The rows get ids from first_id on.
    """
    await tx.execute(
        """
        INSERT INTO mutes (id, account_id, target_id, hide_notifications, expires_at, created_at)
        SELECT $3 + row_number() OVER (ORDER BY m.id),
               m.account_id, $2, m.hide_notifications, m.expires_at, $4
          FROM mutes m
         WHERE m.target_id = $1
           AND m.account_id <> $2
           AND (m.expires_at IS NULL OR m.expires_at > $4)
        ON CONFLICT (account_id, target_id) DO NOTHING
        """,
        account_id,
        target_id,
        first_id,
        now,
    )


async def carry_blocks(
    tx: Transaction, account_id: int, target_id: int, first_id: int, now: datetime, *, limit: int
) -> list[Block]:
    """Let some of our people who block an account also block the one as which it goes on.

    Those who follow that one already know it better. Returns the new blocks, with ids from first_id
    on and without a URI; none when all is done.
    """
    records = await tx.fetch(
        """
        INSERT INTO blocks (id, account_id, target_id, created_at)
        SELECT $3 + row_number() OVER (ORDER BY b.id), b.account_id, $2, $4
          FROM blocks b
          JOIN accounts a ON a.id = b.account_id
         WHERE b.target_id = $1
           AND b.account_id <> $2
           AND a.domain IS NULL
           AND NOT EXISTS (
               SELECT FROM follows f WHERE f.account_id = b.account_id AND f.target_id = $2)
           AND NOT EXISTS (
               SELECT FROM blocks k WHERE k.account_id = b.account_id AND k.target_id = $2)
         ORDER BY b.id
         LIMIT $5
        ON CONFLICT (account_id, target_id) DO NOTHING
        RETURNING id, account_id, target_id, uri
        """,
        account_id,
        target_id,
        first_id,
        now,
        limit,
    )
    return [Block(**dict(record)) for record in records]


async def carry_notes(tx: Transaction, account_id: int, target_id: int) -> None:
    """Let private notes about an account stand at the one as which it goes on, too."""
    await tx.execute(
        """
        INSERT INTO account_notes (account_id, target_id, comment)
        SELECT n.account_id, $2, n.comment
          FROM account_notes n
         WHERE n.target_id = $1
           AND n.account_id <> $2
        ON CONFLICT (account_id, target_id) DO NOTHING
        """,
        account_id,
        target_id,
    )


async def carry_lists(
    tx: Transaction, account_id: int, target_id: int, owner_ids: Sequence[int]
) -> None:
    """Put the one as which an account goes on in its place on lists of these members."""
    await tx.execute(
        """
        UPDATE list_accounts entry
           SET account_id = $2
          FROM lists
         WHERE lists.id = entry.list_id
           AND lists.account_id = ANY($3::bigint[])
           AND entry.account_id = $1
           AND NOT EXISTS (
               SELECT FROM list_accounts known
                WHERE known.list_id = entry.list_id AND known.account_id = $2)
        """,
        account_id,
        target_id,
        list(owner_ids),
    )
