"""Announcements: what the office tells all its members in their apps, and how they react."""

import dataclasses
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.announcements import announcement_entities, reaction_event
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.render import statuses as render
from fedimmp.render.graphemes import count_graphemes
from fedimmp.render.sanitise import clean_characters
from storage import accounts, audit, bulletins, emojis, events, jobs
from storage.bulletins import MOST_REACTIONS, Announcement
from storage.database import Connection, Transaction
from storage.ids import new_id

_LONGEST: Final = 10_000
_LONGEST_EMOJI: Final = 40
_KEYCAP: Final = "\u20e3"


@dataclass(frozen=True, slots=True)
class Wording:
    """What an announcement says, and when. Without `scheduled_at` it is published at once.

    `starts_at` and `ends_at` are those of what is announced; after `ends_at` it is shown no more.
    """

    text: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
    scheduled_at: datetime | None = None


async def add(app: App, wording: Wording, *, actor: str) -> int:
    """Announce something, at once or at its time; returns its id. Raises Invalid."""
    now = app.now()
    async with app.db.reader() as conn:
        written = await _written(app, conn, wording)
    given = dataclasses.replace(written, id=new_id(now), created_at=now, updated_at=now)
    async with app.db.writer() as tx:
        await _store(tx, app, given, now)
        await audit.append(
            tx, actor=actor, action="announcement.add", target=str(given.id), now=now
        )
    return given.id


async def edit(
    app: App,
    announcement_id: int,
    wording: Wording,
    *,
    actor: str,
    seen: datetime | None = None,
) -> None:
    """Say it in other words; who has read it is not told again.

    Raises Invalid and NotFound, and Conflict when it was changed since `seen`.
    """
    now = app.now()
    async with app.db.reader() as conn:
        written = await _written(app, conn, wording)
    async with app.db.writer() as tx:
        before = await bulletins.lock(tx, announcement_id)
        if before is None:
            raise NotFound("There is no such announcement; `fedimmp announcement list` shows all")
        if seen is not None and before.updated_at != seen:
            raise Conflict("Somebody else changed this announcement meanwhile: see what it says")
        given = dataclasses.replace(
            written,
            id=before.id,
            created_at=before.created_at,
            updated_at=now,
            published_at=before.published_at,
        )
        await _store(tx, app, given, now)
        await audit.append(
            tx, actor=actor, action="announcement.edit", target=str(given.id), now=now
        )


async def remove(app: App, announcement_id: int, *, actor: str) -> None:
    """Take an announcement back, with all reactions. Raises NotFound."""
    now = app.now()
    async with app.db.writer() as tx:
        if not await bulletins.delete(tx, announcement_id):
            raise NotFound("There is no such announcement; `fedimmp announcement list` shows all")
        await events.append(tx, "announcement.delete", detail={"payload": str(announcement_id)})
        await audit.append(
            tx, actor=actor, action="announcement.remove", target=str(announcement_id), now=now
        )


async def publish_due(app: App, payload: Mapping[str, Any]) -> None:
    """Publish an announcement whose time has come; a job, which may run twice."""
    now = app.now()
    async with app.db.writer() as tx:
        given = await bulletins.lock(tx, int(payload["announcement_id"]))
        if given is None or given.published_at is not None:
            return
        await _store(tx, app, given, now)


async def mark_read(app: App, account_id: int, announcement_id: int) -> None:
    """Keep that a member has read an announcement. Raises NotFound."""
    async with app.db.writer() as tx:
        await _shown(tx, announcement_id, app.now())
        await bulletins.mark_read(tx, account_id, announcement_id)


async def react(app: App, account_id: int, announcement_id: int, name: str) -> None:
    """React with an emoji of Unicode or one of ours; once. Raises NotFound and Invalid."""
    now = app.now()
    async with app.db.writer() as tx:
        # Locked, so that two at once don't both become the ninth kind.
        await _shown(tx, announcement_id, now, lock=True)
        if not await _is_emoji(tx, name):
            raise Invalid("Validation failed: Name is not a recognized emoji")
        reactions = await bulletins.list_reactions(tx, account_id, [announcement_id])
        if len(reactions) >= MOST_REACTIONS and name not in {each.name for each in reactions}:
            raise Invalid("Validation failed: Limit of different reactions reached")
        if await bulletins.insert_reaction(tx, announcement_id, account_id, name, now):
            await _tell_reaction(tx, announcement_id, name)


async def take_back(app: App, account_id: int, announcement_id: int, name: str) -> None:
    """Take a reaction back. Raises NotFound where there is none."""
    async with app.db.writer() as tx:
        await _shown(tx, announcement_id, app.now(), lock=True)
        if not await bulletins.delete_reaction(tx, announcement_id, account_id, name):
            raise NotFound
        await _tell_reaction(tx, announcement_id, name)


async def _written(app: App, conn: Connection, wording: Wording) -> Announcement:
    text = clean_characters(wording.text).strip()
    if not text:
        raise Invalid("An announcement needs words")
    if count_graphemes(text) > _LONGEST:
        raise Invalid(f"An announcement has {_LONGEST} characters at most")
    if wording.starts_at and wording.ends_at and wording.starts_at > wording.ends_at:
        raise Invalid("What is announced ends before it starts")
    handles = render.handles(text, app.uris.host)
    keys = {(accounts.username_key(name), domain): (name, domain) for name, domain in handles}
    known = await accounts.find_by_handles(conn, list(keys.values())) if keys else {}
    people = {
        keys[key]: render.Person(account.username, account.url or account.uri)
        for key, account in known.items()
        if key in keys
    }
    return Announcement(
        id=0,
        text=text,
        content=render.render(text, people, app.uris.host, app.uris.tag),
        mention_ids=[account.id for account in known.values()],
        tags=render.hashtags(text),
        starts_at=wording.starts_at,
        ends_at=wording.ends_at,
        all_day=wording.all_day,
        scheduled_at=wording.scheduled_at,
        published_at=None,
        created_at=app.now(),
        updated_at=app.now(),
    )


async def _store(tx: Transaction, app: App, given: Announcement, now: datetime) -> None:
    """Store an announcement, and tell everybody if it is published or has to be by now."""
    waits = given.scheduled_at is not None and given.scheduled_at > now
    if given.published_at is None and not waits:
        given = dataclasses.replace(given, published_at=now)
    await bulletins.upsert(tx, given)
    if given.published_at is not None:
        entity = (await announcement_entities(app, tx, [given], None))[0]
        await events.append(tx, "announcement", detail={"payload": entity})
    else:
        await jobs.enqueue(
            tx,
            "publish_announcement",
            {"announcement_id": given.id},
            key=str(given.id),
            due_at=given.scheduled_at,
        )


async def _shown(
    tx: Transaction, announcement_id: int, now: datetime, *, lock: bool = False
) -> Announcement:
    given = await (bulletins.lock if lock else bulletins.find)(tx, announcement_id)
    if given is None or given.published_at is None or given.published_at > now:
        raise NotFound
    if given.ends_at is not None and given.ends_at <= now:
        raise NotFound
    return given


async def _tell_reaction(tx: Transaction, announcement_id: int, name: str) -> None:
    reactions = await bulletins.list_reactions(tx, 0, [announcement_id])
    count = next((each.count for each in reactions if each.name == name), 0)
    payload = reaction_event(announcement_id, name, count)
    await events.append(tx, "announcement.reaction", detail={"payload": payload})


async def _is_emoji(conn: Connection, name: str) -> bool:
    if len(name) > _LONGEST_EMOJI:
        return False
    if name.isascii():
        return any(each.shortcode == name for each in await emojis.list_own(conn))
    # One sign that people see, and not a letter.
    return count_graphemes(name) == 1 and (
        _KEYCAP in name or any(unicodedata.category(each) == "So" for each in name)
    )
