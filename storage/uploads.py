"""Files that our members uploaded: what is made of them, and those that nobody used."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Connection, Transaction
from storage.media import Kind, Media, find

_MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of an upload that waited; `size` counts its preview, too."""

    kind: Kind
    file_key: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    preview_content_type: str | None
    blurhash: str | None
    duration: float | None
    recording: dict[str, Any]


async def take_waiting(tx: Transaction) -> tuple[Media, int] | None:
    """Return an upload that waits, the least tried first, and how often it was tried before."""
    row = await tx.fetchrow(
        """
        UPDATE media
        SET attempts = attempts + 1
        WHERE id = (
            SELECT id
            FROM media
            WHERE state = 'waiting'
            ORDER BY attempts, id
            LIMIT 1
            FOR UPDATE SKIP LOCKED)
        RETURNING id, attempts - 1 AS tried
        """
    )
    found = None if row is None else await find(tx, row["id"])
    return None if row is None or found is None else (found, row["tried"])


async def are_waiting(conn: Connection) -> bool:
    """Tell whether any upload waits."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT 1 FROM media WHERE state = 'waiting')"))


async def set_ready(tx: Transaction, waiting: Media, made: Converted) -> bool:
    """Put what was made in the place of an upload; False where it waits no more."""
    values = dataclasses.asdict(made)
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 3))
    done = await tx.fetchval(
        f"""
        UPDATE media
        SET state = 'ready', {changes}
        WHERE id = $1
          AND file_key = $2
          AND state = 'waiting'
        RETURNING id
        """,
        waiting.id,
        waiting.file_key,
        *values.values(),
    )
    return done is not None


async def set_failed(tx: Transaction, waiting: Media, failure: str) -> None:
    """Note why an upload is not taken."""
    await tx.execute(
        """
        UPDATE media
        SET state = 'failed', failure = $2, stored = false
        WHERE id = $1
          AND state = 'waiting'
        """,
        waiting.id,
        failure,
    )


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
