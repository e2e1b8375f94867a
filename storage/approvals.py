"""Whose reply the author of the parent has welcomed: where the proof of that lies."""

from storage.database import Transaction


async def approve_reply(tx: Transaction, status_id: int, approved_by: str) -> bool:
    """Keep where a reply of ours was approved; False when that is known."""
    changed = await tx.execute(
        """
        UPDATE statuses
        SET approved_by = $2, revision = revision + 1
        WHERE id = $1
          AND approved_by IS DISTINCT FROM $2
        """,
        status_id,
        approved_by,
    )
    return bool(changed)
