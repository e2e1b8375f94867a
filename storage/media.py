"""Pictures and other files: uploads of our members and attachments of remote posts, as rows.

The bytes lie in the media store under `file_key`, or nowhere yet for a remote file.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.database import Connection, Record, Transaction
from storage.fragments import account_is_present, account_is_reachable
from storage.plans import any_of

Kind = Literal["image", "gifv", "video", "audio", "unknown"]
Purpose = Literal["attachment", "avatar", "header", "emoji"]
# A file that waits or failed is seen by nobody but its owner.
State = Literal["ready", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class Media:
    """A row of `media`."""

    id: int
    account_id: int
    status_id: int | None
    purpose: Purpose
    position: int
    kind: Kind
    file_key: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    focus_x: float | None
    focus_y: float | None
    blurhash: str | None
    description: str | None
    remote_url: str | None
    stored: bool
    created_at: datetime
    detached_at: datetime | None
    duration: float | None = None
    state: State = "ready"
    failure: str | None = None
    preview_content_type: str | None = None
    recording: dict[str, Any] | None = None


FIELDS = tuple(field.name for field in dataclasses.fields(Media))
_COLUMNS = ", ".join(f"m.{name}" for name in FIELDS)


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A remote file that a status carries; `file_key` is 32 hex digits of our own.

    `duration` is in seconds.
    """

    id: int
    kind: Kind
    file_key: str
    content_type: str
    remote_url: str
    width: int | None = None
    height: int | None = None
    focus_x: float | None = None
    focus_y: float | None = None
    blurhash: str | None = None
    description: str | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that a member uploaded and that lies in our store; `duration` is in seconds.

    `preview_content_type` is set where a preview is of another type than the file; `recording`
    holds what is told of films and sounds besides (see fedimmp.media.films.Facts).
    """

    id: int
    account_id: int
    purpose: Purpose
    kind: Kind
    file_key: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    preview_width: int | None
    preview_height: int | None
    focus_x: float | None
    focus_y: float | None
    blurhash: str | None
    description: str | None
    duration: float | None = None
    state: State = "ready"
    preview_content_type: str | None = None
    recording: dict[str, Any] | None = None


def media_of(values: Mapping[str, Any]) -> Media:
    """Read what `dataclasses.asdict` made of a Media and jsonb kept; times may be text."""
    moments = {
        name: datetime.fromisoformat(values[name])
        for name in ("created_at", "detached_at")
        if isinstance(values[name], str)
    }
    return Media(**{**values, **moments})


def _media(row: Record) -> Media:
    return Media(**{name: row[name] for name in FIELDS})


async def insert_upload(tx: Transaction, upload: NewUpload, now: datetime) -> None:
    """Insert the row of an upload whose bytes are stored."""
    values = dataclasses.asdict(upload) | {"stored": True, "created_at": now}
    names = ", ".join(values)
    numbers = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await tx.execute(f"INSERT INTO media ({names}) VALUES ({numbers})", *values.values())


async def find(conn: Connection, media_id: int) -> Media | None:
    """Return the file's row; None when there is none."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM media AS m WHERE m.id = $1", media_id)
    return None if row is None else _media(row)


async def find_by_key(conn: Connection, file_key: str) -> Media | None:
    """Return the row of the file with this key, unless its owner is suspended, deleted or barred.

    An attachment that is not ready or whose status is gone is not served either, nor an emoji of a
    barred host, nor anything of people of an office whose files staff refuses.
    """
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM media AS m
        JOIN accounts AS owner ON owner.id = m.account_id
        WHERE m.file_key = $1
          AND m.state = 'ready'
          AND m.detached_at IS NULL
          AND {account_is_present("owner")}
          AND NOT EXISTS (
              SELECT 1
              FROM peers
              WHERE peers.host = owner.domain
                AND NOT peers.media)
          AND NOT EXISTS (
              SELECT 1
              FROM emojis
              WHERE emojis.media_id = m.id
                AND NOT {account_is_reachable("emojis")})
        """,
        file_key,
    )
    return None if row is None else _media(row)


async def find_unattached(conn: Connection, account_id: int, media_id: int) -> Media | None:
    """Return the account's upload while no status carries it."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM media AS m
        WHERE m.id = $2
          AND m.account_id = $1
          AND m.purpose = 'attachment'
          AND m.status_id IS NULL
        """,
        account_id,
        media_id,
    )
    return None if row is None else _media(row)


async def list_of_statuses(
    conn: Connection, status_ids: Sequence[int]
) -> dict[int, tuple[Media, ...]]:
    """Return the attachments of each status that has some, in the author's order."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM media AS m
        WHERE m.status_id = {any_of(1)}
        ORDER BY m.status_id, m.position, m.id
        """,
        list(status_ids),
    )
    found: dict[int, tuple[Media, ...]] = {}
    for row in rows:
        found[row["status_id"]] = (*found.get(row["status_id"], ()), _media(row))
    return found


async def lock_for_status(
    tx: Transaction,
    account_id: int,
    media_ids: Sequence[int],
    *,
    status_id: int | None = None,
    scheduled_id: int | None = None,
) -> list[Media]:
    """Return and keep those of the account's uploads that no status but this one carries.

    Nor may a scheduled status hold them but the one that is to become this status.
    """
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM media AS m
        WHERE m.id = ANY($2::bigint[])
          AND m.account_id = $1
          AND m.purpose = 'attachment'
          AND (m.status_id IS NULL OR m.status_id = $3)
          AND (m.scheduled_status_id IS NULL OR m.scheduled_status_id = $4)
        ORDER BY m.id
        FOR UPDATE
        """,
        account_id,
        list(media_ids),
        status_id,
        scheduled_id,
    )
    return [_media(row) for row in rows]


async def set_description(
    tx: Transaction,
    media_id: int,
    *,
    description: str | None,
    focus: tuple[float, float] | None,
) -> None:
    """Replace the alternative text and the focal point of a file."""
    await tx.execute(
        """
        UPDATE media
        SET description = $2, focus_x = $3, focus_y = $4
        WHERE id = $1
        """,
        media_id,
        description,
        focus[0] if focus else None,
        focus[1] if focus else None,
    )


async def describe_profile_pictures(
    tx: Transaction, account_id: int, descriptions: Mapping[Purpose, str]
) -> None:
    """Replace the alternative texts of the account's present avatar, header or both."""
    await tx.execute(
        """
        UPDATE media
           SET description = d.description
          FROM unnest($2::text[], $3::text[]) AS d (purpose, description)
          JOIN accounts a ON a.id = $1
         WHERE media.id IN (a.avatar_id, a.header_id)
           AND media.purpose = d.purpose
        """,
        account_id,
        list(descriptions),
        list(descriptions.values()),
    )


async def detach_profile_pictures(
    tx: Transaction, account_id: int, purposes: Sequence[Purpose], now: datetime
) -> list[int]:
    """Stop serving the account's present avatar, header or both; returns the ids of their rows.

    Locks the account, so that of two changes at once the later one finds the earlier's picture.
    """
    rows = await tx.fetch(
        """
        WITH owner AS (
            SELECT avatar_id, header_id FROM accounts WHERE id = $1 FOR UPDATE
        )
        UPDATE media
        SET detached_at = $3
        FROM owner
        WHERE media.id IN (owner.avatar_id, owner.header_id)
          AND media.purpose = ANY($2::text[])
        RETURNING media.id
        """,
        account_id,
        list(purposes),
        now,
    )
    return [row["id"] for row in rows]


async def list_detached(conn: Connection, media_ids: Sequence[int]) -> list[Media]:
    """Return those of the files that nothing carries any more and that no post took since."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM media AS m
        WHERE m.id = ANY($1::bigint[])
          AND m.status_id IS NULL
          AND m.detached_at IS NOT NULL
        """,
        list(media_ids),
    )
    return [_media(row) for row in rows]


async def delete(tx: Transaction, media_ids: Sequence[int]) -> list[str]:
    """Delete those of the files' rows that no status carries or is to carry.

    Returns the keys of their bytes.
    """
    rows = await tx.fetch(
        """
        DELETE FROM media
        WHERE id = ANY($1::bigint[])
          AND status_id IS NULL
          AND scheduled_status_id IS NULL
        RETURNING file_key
        """,
        list(media_ids),
    )
    return [row["file_key"] for row in rows]
