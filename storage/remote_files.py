"""Files of peers as rows: which lie in our store, on which day somebody last looked, which go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from storage.database import Connection, Transaction
from storage.media import Kind

_MOST_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a file turned out to be; `size` counts its preview, too."""

    kind: Kind
    content_type: str
    size: int
    width: int | None
    height: int | None


async def mark_stored(tx: Transaction, media_id: int, file: StoredFile, today: date) -> None:
    """Note that a peer's file lies in our store now."""
    await tx.execute(
        """
        UPDATE media
        SET
            stored = true,
            kind = $2,
            content_type = $3,
            size = $4,
            width = $5,
            height = $6,
            read_on = $7
        WHERE id = $1
        """,
        media_id,
        file.kind,
        file.content_type,
        file.size,
        file.width,
        file.height,
        today,
    )


async def mark_read(tx: Transaction, media_id: int, today: date) -> None:
    """Note that somebody looked at a peer's file, unless that is known of this day."""
    await tx.execute(
        """
        UPDATE media
        SET read_on = $2
        WHERE id = $1
          AND read_on < $2
        """,
        media_id,
        today,
    )


async def drop_unread(tx: Transaction, before: date) -> list[str]:
    """Note that files which nobody looked at since this day lie here no more.

    Returns the keys of their bytes, those longest unseen first.
    """
    rows = await tx.fetch(
        """
        UPDATE media
        SET stored = false
        WHERE id IN (
            SELECT id
            FROM media
            WHERE stored
              AND remote_url IS NOT NULL
              AND read_on < $1
            ORDER BY read_on
            LIMIT $2
            FOR UPDATE SKIP LOCKED)
        RETURNING file_key
        """,
        before,
        _MOST_AT_ONCE,
    )
    return [row["file_key"] for row in rows]


async def drop_surplus(tx: Transaction, most_bytes: int) -> list[str]:
    """Note that files beyond a total size, those longest unseen, lie here no more.

    Returns the keys of their bytes.
    """
    rows = await tx.fetch(
        """
        WITH ranked AS (
            SELECT
                id,
                sum(size) OVER (ORDER BY read_on DESC, id DESC) AS bytes
            FROM media
            WHERE stored
              AND remote_url IS NOT NULL
        )
        UPDATE media
        SET stored = false
        WHERE id IN (SELECT id FROM ranked WHERE bytes > $1 ORDER BY bytes DESC LIMIT $2)
        RETURNING file_key
        """,
        most_bytes,
        _MOST_AT_ONCE,
    )
    return [row["file_key"] for row in rows]


async def list_stored(conn: Connection, file_keys: Sequence[str]) -> set[str]:
    """Return those of the keys under which a file is to lie in our store."""
    rows = await conn.fetch(
        """
        SELECT file_key
        FROM media
        WHERE file_key = ANY($1::text[])
          AND stored
        """,
        list(file_keys),
    )
    return {row["file_key"] for row in rows}
