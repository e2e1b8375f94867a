"""Writing, editing and deleting posts: each one transaction, with all that follows."""

import dataclasses
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_deleted, statuses_edited, statuses_published
from fedimmp.errors import Conflict as Contradiction
from fedimmp.errors import Invalid, NotFound
from fedimmp.render.sanitise import clean_characters
from fedimmp.services import quoting
from fedimmp.services.drafts import (
    Draft,
    MediaChange,
    PollDraft,
    Prepared,
    UnexpectedMentions,
    prepare,
)
from fedimmp.services.media import check_description, focus_of
from fedimmp.services.voting import schedule_end
from storage import (
    edits,
    idempotency,
    jobs,
    media,
    members,
    quotes,
    removals,
    status_audiences,
    statuses,
)
from storage.database import Transaction
from storage.edits import Change, Description
from storage.errors import Conflict
from storage.idempotency import Owner
from storage.ids import new_id
from storage.members import Member
from storage.statuses import NewMention, NewStatus, Status, Visibility

__all__ = [
    "Draft",
    "MediaChange",
    "PollDraft",
    "Repeated",
    "UnexpectedMentions",
    "check_media",
    "check_targets",
    "claim_key",
    "delete",
    "edit",
    "publish",
    "store",
    "with_fresh_ids",
]

_ID_ATTEMPTS = 5
_LONGEST_KEY = 200
# Pictures that an edit took away can be put back for so long.
_REGRET = timedelta(hours=24)


class Repeated(Contradiction):
    """A key was used before for a post of the other kind, scheduled or not: `owner`."""

    default = "This Idempotency-Key was used for another post"

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self.owner = owner


async def publish(
    app: App,
    author_id: int,
    draft: Draft,
    *,
    application_id: int | None,
    idempotency_key: str | None = None,
) -> int:
    """Publish a post of a member and return its id.

    With a key that was used within the last hour the id of that post is returned and nothing
    happens. Raises Invalid with a sentence, NotFound for a parent that the author may not see, and
    Repeated for a key that was used for a scheduled post.
    """
    async with app.db.reader() as conn:
        author = await members.get(conn, author_id)
    prepared = await prepare(app, author, draft, quotes=draft.quoted_status_id is not None)

    async def work(tx: Transaction) -> int:
        now = app.now()
        status_id = new_id(now)
        if idempotency_key is not None:
            owner = await claim_key(tx, author_id, idempotency_key, Owner(status_id, False), now)
            if owner is not None and owner.scheduled:
                raise Repeated(owner)
            if owner is not None:
                return owner.id
        await check_media(tx, author_id, prepared.media_ids)
        await store(tx, app, author, draft, prepared, status_id, application_id)
        return status_id

    return await with_fresh_ids(app, work)


async def claim_key(
    tx: Transaction, author_id: int, key: str, own: Owner, now: datetime
) -> Owner | None:
    """Take a key for what is about to be stored; returns what has it, None if it is taken now."""
    if len(key) > _LONGEST_KEY:
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return await idempotency.claim(tx, author_id, clean_characters(key), own, now)


async def store(
    tx: Transaction,
    app: App,
    author: Member,
    draft: Draft,
    prepared: Prepared,
    status_id: int,
    application_id: int | None,
) -> None:
    """Store a prepared post whose files are checked, with all that follows from it.

    Raises NotFound for a parent or a quoted post that the author may not see.
    """
    now = app.now()
    new = await _compose(tx, app, author, draft, prepared, status_id, now)
    new = dataclasses.replace(new, application_id=application_id)
    stored = await statuses.insert_many(tx, [new])
    await statuses_published(tx, app, stored, now)
    if new.quote is not None:
        await quoting.quote_stored(tx, app, status_id, now)
    if new.poll is not None:
        await schedule_end(tx, new.poll)


async def check_targets(tx: Transaction, author_id: int, draft: Draft) -> None:
    """Raise NotFound unless the author may see what a draft answers, and quote what it quotes."""
    await _parent(tx, author_id, draft.in_reply_to_id)
    await quoting.access_quoted(tx, author_id, draft.quoted_status_id)


async def _compose(
    tx: Transaction,
    app: App,
    author: Member,
    draft: Draft,
    prepared: Prepared,
    status_id: int,
    now: datetime,
) -> NewStatus:
    """Put a post together with what only the transaction can know: parent, quoted post, people."""
    visibility = draft.visibility or author.default_visibility
    if visibility == "public" and author.silenced_at is not None:
        visibility = "unlisted"
    parent = await _parent(tx, author.account_id, draft.in_reply_to_id)
    quoted = await quoting.access_quoted(tx, author.account_id, draft.quoted_status_id)
    mentions = await _willing(tx, author.account_id, prepared)
    new = _new_status(app, author, prepared, visibility, parent, mentions, status_id, now)
    policy = quoting.policy_for(visibility, draft.quote_policy or author.default_quote_policy)
    new = dataclasses.replace(new, quote_automatic=policy)
    return new if quoted is None else quoting.with_quote(app, new, quoted, now)


async def with_fresh_ids(app: App, work: Callable[[Transaction], Awaitable[int]]) -> int:
    """Run a transaction that makes an id, again when somebody took it in this millisecond."""
    for _ in range(_ID_ATTEMPTS - 1):
        try:
            return await app.db.transact(work, keep_plans=True)
        except Conflict as error:
            if error.constraint != "statuses_pkey":
                raise
    return await app.db.transact(work, keep_plans=True)


async def edit(app: App, author_id: int, status_id: int, draft: Draft) -> None:
    """Replace a post's text, warning, language, pictures and poll; visibility and parent stay.

    Without a difference nothing is changed. Raises NotFound for anything but an own post.
    """
    async with app.db.reader() as conn:
        author = await members.get(conn, author_id)
        before = await statuses.find(conn, status_id)
        quote = await quotes.find(conn, status_id)
    _check_own(before, author_id)
    if draft.markdown is None and before is not None:
        draft = dataclasses.replace(draft, markdown=before.markdown)
    prepared = await prepare(app, author, draft, quotes=quote is not None)

    async def work(tx: Transaction) -> None:
        now = app.now()
        status = _check_own(await statuses.lock(tx, status_id), author_id)
        files = await check_media(tx, author_id, prepared.media_ids, status_id=status_id)
        earlier = (await media.list_of_statuses(tx, [status_id])).get(status_id, ())
        change = dataclasses.replace(
            _change(prepared, await _willing(tx, author_id, prepared)),
            language=prepared.language or status.language,
            descriptions=_descriptions(app, files, draft.media_changes),
        )
        edited = await edits.apply(tx, status, change, now)
        if prepared.poll is not None:
            await schedule_end(tx, prepared.poll)
        reconsidered = await quoting.apply_policy(tx, status, draft.quote_policy)
        if edited is None:
            if reconsidered:
                await statuses_edited(tx, app, [status], now, quietly=True)
            return
        gone = [each.id for each in earlier if each.id not in prepared.media_ids]
        if gone:
            await jobs.enqueue(tx, "discard_media", {"media_ids": gone}, due_at=now + _REGRET)
        await statuses_edited(tx, app, [edited], now)

    await app.db.transact(work)


async def delete(app: App, author_id: int, status_id: int, *, delete_media: bool = False) -> None:
    """Delete a post, or a boost, of a member. Raises NotFound for anything but an own one.

    Its pictures stay for a day, for a redraft, unless `delete_media`.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        status = await statuses.lock(tx, status_id)
        if status is None or status.account_id != author_id:
            raise NotFound
        removed = await removals.delete(tx, [status_id], now)
        await statuses_deleted(tx, app, removed, now, keep_media=not delete_media)

    await app.db.transact(work)


def _check_own(status: Status | None, author_id: int) -> Status:
    if status is None or status.account_id != author_id or status.reblog_of_id is not None:
        raise NotFound
    return status


async def _parent(tx: Transaction, author_id: int, parent_id: int | None) -> Status | None:
    if parent_id is None:
        return None
    parent = await access_status(tx, author_id, parent_id)
    if parent.reblog_of_id is None:
        return parent
    return await access_status(tx, author_id, parent.reblog_of_id)


async def check_media(
    tx: Transaction,
    author_id: int,
    media_ids: Sequence[int],
    *,
    status_id: int | None = None,
    scheduled_id: int | None = None,
) -> list[media.Media]:
    """Return the author's uploads and keep others from taking them; raises Invalid.

    They may already belong to the status, or to the scheduled one that is to become a status.
    """
    if not media_ids:
        return []
    found = await media.lock_for_status(
        tx, author_id, media_ids, status_id=status_id, scheduled_id=scheduled_id
    )
    if len(found) < len(media_ids):
        raise Invalid("Validation failed: Media was not found, or belongs to another post")
    for each in found:
        if each.state == "waiting":
            raise Invalid("A file is not ready yet; try again in a moment")
        if each.state == "failed":
            raise Invalid(f"A file can't be posted: {each.failure}")
    if len(found) > 1 and any(each.kind in {"video", "audio"} for each in found):
        raise Invalid("Cannot attach a video to a post that already contains images")
    return found


async def _willing(tx: Transaction, author_id: int, prepared: Prepared) -> list[int]:
    """Leave out those who block the author: a mention must not get past that."""
    if not prepared.mentioned_ids:
        return []
    unwilling = await status_audiences.blockers(tx, author_id, prepared.mentioned_ids)
    return [each for each in prepared.mentioned_ids if each not in unwilling]


def _is_covered(author: Member, prepared: Prepared) -> bool:
    """Tell whether staff covers the pictures of this author."""
    return author.sensitized_at is not None and bool(prepared.media_ids)


def _new_status(
    app: App,
    author: Member,
    prepared: Prepared,
    visibility: Visibility,
    parent: Status | None,
    mentions: Sequence[int],
    status_id: int,
    now: datetime,
) -> NewStatus:
    return NewStatus(
        id=status_id,
        uri=app.uris.note(author.account_id, status_id),
        url=app.uris.status_page(author.username, status_id),
        account_id=author.account_id,
        local=True,
        visibility=visibility,
        created_at=now,
        content=prepared.content,
        text=prepared.text,
        spoiler_text=prepared.spoiler_text,
        sensitive=prepared.sensitive or _is_covered(author, prepared),
        language=prepared.language or author.default_language,
        markdown=prepared.markdown,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_uri=parent.uri if parent else None,
        conversation_id=None if parent else status_id,
        conversation_uri=None if parent else app.uris.context(status_id),
        mentions=tuple(NewMention(each) for each in mentions),
        tags=prepared.tags,
        media_ids=prepared.media_ids,
        poll=prepared.poll,
    )


def _change(prepared: Prepared, mentions: Sequence[int]) -> Change:
    return Change(
        content=prepared.content,
        text=prepared.text,
        spoiler_text=prepared.spoiler_text,
        sensitive=prepared.sensitive,
        markdown=prepared.markdown,
        mentions=tuple(NewMention(each) for each in mentions),
        tags=prepared.tags,
        media_ids=prepared.media_ids,
        poll=prepared.poll,
    )


def _descriptions(
    app: App, files: Sequence[media.Media], changes: Sequence[MediaChange]
) -> tuple[Description, ...]:
    """Return the new words and focal points of pictures, where they differ from the present."""
    by_id = {each.id: each for each in files}
    wanted = (
        (by_id[each.media_id], _description(app, by_id[each.media_id], each))
        for each in changes
        if each.media_id in by_id
    )
    return tuple(
        new for file, new in wanted if (new.text, new.focus) != (file.description, focus_of(file))
    )


def _description(app: App, file: media.Media, change: MediaChange) -> Description:
    text = file.description
    if change.description is not None:
        text = clean_characters(change.description) or None
    check_description(app, text)
    return Description(file.id, text, change.focus or focus_of(file))
