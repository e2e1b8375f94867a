"""Files that our members uploaded: what is made of them, and those that nobody used."""

from datetime import datetime

from storage.database import Transaction

_MOST_AT_ONCE = 1000


async def delete_abandoned(tx: Transaction, before: datetime) -> list[str]:
    """Delete rows of uploads from before this time that nothing carries, holds or wears.

    Returns the keys of their bytes, a thousand at most. Detached files are left to their job.
    """
    rows = await tx.fetch(
        """
        DELETE FROM media
        WHERE status_id IS NULL
          AND scheduled_status_id IS NULL
          AND id IN (
              SELECT m.id
              FROM media AS m
              WHERE m.status_id IS NULL
                AND m.scheduled_status_id IS NULL
                AND m.detached_at IS NULL
                AND m.remote_url IS NULL
                AND COALESCE(m.released_at, m.created_at) < $1
                AND NOT EXISTS (SELECT 1 FROM emojis WHERE emojis.media_id = m.id)
                AND NOT EXISTS (
                    SELECT 1
                    FROM accounts
                    WHERE accounts.id = m.account_id
                      AND m.id IN (accounts.avatar_id, accounts.header_id))
              LIMIT $2)
        RETURNING file_key
        """,
        before,
        _MOST_AT_ONCE,
    )
    return [row["file_key"] for row in rows]


async def set_preview(
    tx: Transaction,
    media_id: int,
    *,
    content_type: str,
    width: int,
    height: int,
    blurhash: str | None,
) -> None:
    """Note what the new preview of a file is, which no status carries yet."""
    await tx.execute(
        """
        UPDATE media
        SET
            preview_content_type = $2,
            preview_width = $3,
            preview_height = $4,
            blurhash = $5
        WHERE id = $1
          AND status_id IS NULL
        """,
        media_id,
        content_type,
        width,
        height,
        blurhash,
    )
