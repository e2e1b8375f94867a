"""The record of administrative acts; rows are only ever appended."""

from datetime import datetime

from storage.database import Transaction


async def append(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    target: str,
    detail: dict[str, object] | None = None,
    now: datetime,
) -> None:
    """Record who (`cli` or a member's handle) did what to whom."""
    await tx.execute(
        """
        INSERT INTO audit (at, actor, action, target, detail)
        VALUES ($1, $2, $3, $4, $5)
        """,
        now,
        actor,
        action,
        target,
        detail or {},
    )
