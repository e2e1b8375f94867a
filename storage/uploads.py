"""Files that our members uploaded and then did not use."""

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
