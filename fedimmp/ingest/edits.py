"""A verified newer form of a known post changes its status in place."""

from collections.abc import Sequence
from datetime import datetime

from activitypub.errors import NotTrusted
from activitypub.objects import Note
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_edited
from fedimmp.ingest.contents import (
    Content,
    closed_at_of,
    content_of,
    distinct_ids,
    options_of,
)
from fedimmp.ingest.emojis import store_emojis
from fedimmp.ingest.files import discard_detached
from fedimmp.ingest.notes import ArrivedNote, find_people, mentions_of
from fedimmp.ingest.quotes import update_quote
from storage import edits, media, polls, statuses
from storage.database import Transaction
from storage.edits import Change
from storage.statuses import NewMention, Status


async def update_note(
    tx: Transaction, app: App, status: Status, arrived: ArrivedNote, now: datetime
) -> None:
    """Take over text, warning, tags, files and poll of a newer form, with all that follows.

    Author, parent and visibility stay as they were. A form that is not newer only brings the
    counts of a poll. Raises NotTrusted where the post belongs to somebody else.
    """
    note = arrived.note
    if status.account_id != arrived.author.id or status.local or status.reblog_of_id is not None:
        raise NotTrusted("The post belongs to somebody else.")
    locked = await statuses.lock(tx, status.id)
    if locked is None:
        return
    await update_quote(tx, app, locked, note, arrived.author, now)
    recounted = await _recount(tx, locked, note, now)
    if not _is_newer(locked, note):
        if recounted:
            await statuses_edited(tx, app, [locked], now, quietly=True)
        return
    content = content_of(note, distinct_ids(now), now)
    await store_emojis(tx, [(arrived.author.domain, note.emojis)], now)
    people = await find_people(tx, [note])
    change = _change(note, content, mentions_of(note, arrived.author, people))
    files = (await media.list_of_statuses(tx, [locked.id])).get(locked.id, ())
    changed = await edits.apply(tx, locked, change, min(note.updated or now, now))
    if changed is not None:
        await discard_detached(tx, [each.id for each in files])
        await statuses_edited(tx, app, [changed], now)
    elif recounted:
        await statuses_edited(tx, app, [locked], now, quietly=True)


def _is_newer(status: Status, note: Note) -> bool:
    # Without a time of its own, an Update counts as made now.
    known = status.edited_at or status.created_at
    return note.updated is None or note.updated > known


async def _recount(tx: Transaction, status: Status, note: Note, now: datetime) -> bool:
    """Take over the counts of a poll whose options are the same as before."""
    if note.poll is None:
        return False
    known = await polls.find_of_status(tx, status.id)
    options = options_of(note.poll)
    if known is None or [each["title"] for each in known.options] != [
        each["title"] for each in options
    ]:
        return False
    await polls.refresh(
        tx,
        known.id,
        options=options,
        voters_count=note.poll.voters_count or 0,
        expires_at=note.poll.end_time,
        closed_at=closed_at_of(note.poll, now),
    )
    return True


def _change(note: Note, content: Content, mentions: Sequence[NewMention]) -> Change:
    return Change(
        mentions=tuple(mentions),
        content=content.html,
        spoiler_text=content.spoiler_text,
        sensitive=content.sensitive,
        language=note.language,
        tags=content.tags,
        media_ids=None,
        attachments=content.attachments,
        poll=content.poll,
    )
