"""Changing a status in place, and the earlier versions that stay readable."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage import media, polls
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.media import Media, NewAttachment
from storage.polls import NewPoll, Poll
from storage.status_rows import Status, columns
from storage.statuses import NewMention, NewTag


@dataclass(frozen=True, slots=True)
class Description:
    """The alternative text and the focal point that a file is to have."""

    media_id: int
    text: str | None
    focus: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Change:
    """Everything of a status that an edit replaces.

    `media_ids` are the author's uploads, wanted in this order, those that the status has already
    included; None lets `attachments` replace the files of a remote status. `descriptions` are new
    words for some of the uploads.
    """

    content: str
    text: str = ""
    spoiler_text: str = ""
    sensitive: bool = False
    language: str | None = None
    markdown: bool = False
    mentions: tuple[NewMention, ...] = ()
    tags: tuple[NewTag, ...] = ()
    media_ids: tuple[int, ...] | None = ()
    attachments: tuple[NewAttachment, ...] = ()
    descriptions: tuple[Description, ...] = ()
    poll: NewPoll | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a status; `media` holds the fields of Media, descriptions as they were."""

    spoiler_text: str
    content: str
    sensitive: bool
    media: list[dict[str, Any]]
    poll_options: list[str] | None
    created_at: datetime


async def apply(
    tx: Transaction, status: Status, change: Change, edited_at: datetime
) -> Status | None:
    """Change a locked status and keep its last version; None when nothing of it differs.

    A change of a poll's options or of its kind forgets all votes. Files that the change leaves out
    are detached.
    """
    before = (await media.list_of_statuses(tx, [status.id])).get(status.id, ())
    poll = await polls.find_of_status(tx, status.id)
    if not _differs(status, change, before, poll):
        if poll is not None and change.poll is not None:
            await _adjust_poll(tx, poll, change.poll)
        return None
    await _keep_version(tx, status, before, poll)
    await _replace_poll(tx, status, poll, change.poll)
    if change.media_ids is None:
        await _replace_attachments(tx, status, change.attachments, edited_at)
    else:
        await _reattach(tx, status, change.media_ids, edited_at)
        for each in change.descriptions:
            await media.set_description(tx, each.media_id, description=each.text, focus=each.focus)
    await _replace_mentions(tx, status.id, change.mentions)
    await _replace_tags(tx, status.id, change.tags)
    return await _write(tx, status, change, edited_at)


def _differs(status: Status, change: Change, before: Sequence[Media], poll: Poll | None) -> bool:
    texts = (status.content, status.text, status.spoiler_text, status.sensitive, status.language)
    wanted = (
        change.content,
        change.text,
        change.spoiler_text,
        change.sensitive,
        change.language,
    )
    return (
        texts != wanted
        or bool(change.descriptions)
        or _files_differ(change, before)
        or not _same_poll(poll, change.poll)
    )


def _files_differ(change: Change, before: Sequence[Media]) -> bool:
    if change.media_ids is not None:
        return [each.id for each in before] != list(change.media_ids)
    known = {each.remote_url: each.description for each in before}
    wanted = {each.remote_url: each.description for each in change.attachments}
    return list(known.items()) != list(wanted.items())


def _same_poll(poll: Poll | None, wanted: NewPoll | None) -> bool:
    if poll is None or wanted is None:
        return poll is None and wanted is None
    return poll.multiple == wanted.multiple and _titles(poll) == _titles(wanted)


def _titles(poll: Poll | NewPoll) -> list[str]:
    return [option["title"] for option in poll.options]


async def _keep_version(
    tx: Transaction, status: Status, before: Sequence[Media], poll: Poll | None
) -> None:
    created_at = status.edited_at or status.created_at
    await tx.execute(
        """
        INSERT INTO status_edits (
            id, status_id, spoiler_text, content, sensitive, media, poll_options, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        new_id(created_at),
        status.id,
        status.spoiler_text,
        status.content,
        status.sensitive,
        [dataclasses.asdict(each) for each in before],
        _titles(poll) if poll else None,
        created_at,
    )


async def _write(tx: Transaction, status: Status, change: Change, edited_at: datetime) -> Status:
    row = await tx.fetchrow(
        f"""
        UPDATE statuses AS s
        SET content = $2, text = $3, spoiler_text = $4, sensitive = $5, language = $6,
            edited_at = $7, markdown = $8, revision = s.revision + 1
        WHERE s.id = $1
        RETURNING {columns("s")}
        """,
        status.id,
        change.content,
        change.text,
        change.spoiler_text,
        change.sensitive,
        change.language,
        edited_at,
        change.markdown,
    )
    if row is None:
        raise ValueError("The caller holds the lock, so the status is there.")
    return Status.of(row)


async def _adjust_poll(tx: Transaction, poll: Poll, wanted: NewPoll) -> None:
    await tx.execute(
        "UPDATE polls SET expires_at = $2, hide_totals = $3 WHERE id = $1",
        poll.id,
        wanted.expires_at,
        wanted.hide_totals,
    )


async def _replace_poll(
    tx: Transaction, status: Status, poll: Poll | None, wanted: NewPoll | None
) -> None:
    if poll is not None and wanted is not None and _same_poll(poll, wanted):
        await _adjust_poll(tx, poll, wanted)
        return
    if poll is not None:
        await tx.execute("DELETE FROM polls WHERE id = $1", poll.id)
    if wanted is not None:
        await tx.execute(
            """
            INSERT INTO polls (
                id, status_id, account_id, options, multiple, hide_totals, voters_count,
                expires_at, closed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            wanted.id,
            status.id,
            status.account_id,
            list(wanted.options),
            wanted.multiple,
            wanted.hide_totals,
            wanted.voters_count,
            wanted.expires_at,
            wanted.closed_at,
        )


async def _reattach(
    tx: Transaction, status: Status, media_ids: Sequence[int], now: datetime
) -> None:
    await tx.execute(
        """
        UPDATE media AS m
        SET status_id = CASE WHEN w.position IS NULL THEN NULL ELSE $1::bigint END,
            detached_at = CASE WHEN w.position IS NULL THEN $4::timestamptz END,
            position = COALESCE(w.position - 1, 0)
        FROM media AS old
        LEFT JOIN unnest($3::bigint[]) WITH ORDINALITY AS w(id, position) ON w.id = old.id
        WHERE m.id = old.id
          AND old.account_id = $2
          AND (old.status_id = $1 OR w.position IS NOT NULL)
        """,
        status.id,
        status.account_id,
        list(media_ids),
        now,
    )


# A file whose address stays may lie in our store already, so it keeps its row and key.
_REPLACE_ATTACHMENTS = """
    WITH wanted AS (
        SELECT *
        FROM jsonb_to_recordset($3::jsonb) AS w(
            position smallint, id bigint, kind text, file_key text, content_type text,
            remote_url text, width integer, height integer, focus_x real, focus_y real,
            blurhash text, description text, duration real)
    ), kept AS (
        UPDATE media AS m
        SET position = w.position,
            description = w.description,
            focus_x = w.focus_x,
            focus_y = w.focus_y
        FROM wanted AS w
        WHERE m.status_id = $1
          AND m.remote_url = w.remote_url
        RETURNING m.remote_url
    ), left_out AS (
        UPDATE media
        SET status_id = NULL,
            detached_at = $5
        WHERE status_id = $1
          AND remote_url NOT IN (SELECT wanted.remote_url FROM wanted)
    )
    INSERT INTO media (
        id, account_id, status_id, position, kind, file_key, content_type, remote_url, width,
        height, focus_x, focus_y, blurhash, description, duration, created_at)
    SELECT
        w.id, $2, $1, w.position, w.kind, w.file_key, w.content_type, w.remote_url, w.width,
        w.height, w.focus_x, w.focus_y, w.blurhash, w.description, w.duration, $4
    FROM wanted AS w
    WHERE w.remote_url NOT IN (SELECT kept.remote_url FROM kept)
"""


async def _replace_attachments(
    tx: Transaction, status: Status, wanted: Sequence[NewAttachment], now: datetime
) -> None:
    """Give a remote status these files; those left out are detached, for the caller to discard."""
    distinct = {each.remote_url: each for each in wanted}.values()
    await tx.execute(
        _REPLACE_ATTACHMENTS,
        status.id,
        status.account_id,
        [
            dataclasses.asdict(each) | {"position": position}
            for position, each in enumerate(distinct)
        ],
        status.created_at,
        now,
    )


async def _replace_mentions(
    tx: Transaction, status_id: int, mentions: Sequence[NewMention]
) -> None:
    """Whom the text no longer names still has the status, so stays addressed silently."""
    await tx.execute(
        """
        WITH left_out AS (
            UPDATE mentions SET silent = true
            WHERE status_id = $1
              AND account_id <> ALL($2::bigint[])
        )
        INSERT INTO mentions (status_id, account_id, silent)
        SELECT $1, m.account_id, m.silent
        FROM unnest($2::bigint[], $3::boolean[]) AS m(account_id, silent)
        ON CONFLICT (status_id, account_id) DO UPDATE SET silent = EXCLUDED.silent
        """,
        status_id,
        [mention.account_id for mention in mentions],
        [mention.silent for mention in mentions],
    )


async def _replace_tags(tx: Transaction, status_id: int, tags: Sequence[NewTag]) -> None:
    names = [tag.name for tag in tags]
    await tx.execute(
        """
        INSERT INTO tags (id, name, display_name)
        SELECT t.id, t.name, t.display_name
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS t(id, name, display_name)
        ORDER BY t.name
        ON CONFLICT (name) DO NOTHING
        """,
        [tag.id for tag in tags],
        names,
        [tag.display_name for tag in tags],
    )
    await tx.execute(
        """
        WITH left_out AS (
            DELETE FROM status_tags AS st
            USING tags AS t
            WHERE st.tag_id = t.id
              AND st.status_id = $1
              AND t.name <> ALL($2::text[])
        )
        INSERT INTO status_tags (tag_id, status_id)
        SELECT t.id, $1 FROM tags AS t WHERE t.name = ANY($2::text[])
        ON CONFLICT DO NOTHING
        """,
        status_id,
        names,
    )


async def list_versions(conn: Connection, status: Status) -> list[Version]:
    """Return all versions of a status, the first one first and the present one last."""
    rows = await conn.fetch(
        """
        SELECT spoiler_text, content, sensitive, media, poll_options, created_at
        FROM status_edits
        WHERE status_id = $1
        ORDER BY created_at, id
        """,
        status.id,
    )
    files = (await media.list_of_statuses(conn, [status.id])).get(status.id, ())
    poll = await polls.find_of_status(conn, status.id)
    present = Version(
        spoiler_text=status.spoiler_text,
        content=status.content,
        sensitive=status.sensitive,
        media=[dataclasses.asdict(each) for each in files],
        poll_options=_titles(poll) if poll else None,
        created_at=status.edited_at or status.created_at,
    )
    return [*(Version(**dict(row)) for row in rows), present]
