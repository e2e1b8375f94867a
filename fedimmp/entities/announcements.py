"""Announcements as their entity, whole lists at a time."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.emojis import emoji_entities
from fedimmp.entities.times import maybe_timestamp, timestamp
from storage import accounts, bulletins, emojis
from storage.accounts import Account
from storage.bulletins import Announcement, Reaction
from storage.database import Connection
from storage.emojis import Words


async def announcement_entities(
    app: App, conn: Connection, found: Sequence[Announcement], viewer_id: int | None
) -> list[dict[str, Any]]:
    """Return the Announcement entities in order, in a fixed number of queries.

    Without a viewer, as all streams carry it, it says nothing of who has read it or reacted.
    """
    ids = [each.id for each in found]
    reactions = await bulletins.list_reactions(conn, viewer_id or 0, ids)
    read = await bulletins.list_read(conn, viewer_id, ids) if viewer_id is not None else set()
    people = await accounts.get_many(conn, [one for each in found for one in each.mention_ids])
    shown = await emojis.load(conn, {each.id: Words(None, (each.content,)) for each in found})
    own = {each.shortcode: each for each in await emojis.list_own(conn)} if reactions else {}
    return [
        {
            "id": str(each.id),
            "content": each.content,
            "starts_at": maybe_timestamp(each.starts_at),
            "ends_at": maybe_timestamp(each.ends_at),
            "all_day": each.all_day,
            "published_at": timestamp(each.published_at or each.created_at),
            "updated_at": timestamp(each.updated_at),
            "mentions": [_mention(people[one]) for one in each.mention_ids if one in people],
            "statuses": [],
            "tags": [{"name": name, "url": app.uris.tag(name.casefold())} for name in each.tags],
            "emojis": emoji_entities(app, shown.get(each.id, ())),
            "reactions": [
                _reaction(app, one, own, with_viewer=viewer_id is not None)
                for one in reactions
                if one.announcement_id == each.id
            ],
            **({} if viewer_id is None else {"read": each.id in read}),
        }
        for each in found
    ]


def reaction_event(announcement_id: int, name: str, count: int) -> dict[str, Any]:
    """Return what streams carry when the count of a reaction changes."""
    return {"name": name, "count": count, "announcement_id": str(announcement_id)}


def _mention(person: Account) -> dict[str, Any]:
    return {
        "id": str(person.id),
        "username": person.username,
        "url": person.url or person.uri,
        "acct": person.acct,
    }


def _reaction(
    app: App, reaction: Reaction, own: dict[str, emojis.Emoji], *, with_viewer: bool
) -> dict[str, Any]:
    entity: dict[str, Any] = {"name": reaction.name, "count": reaction.count}
    if with_viewer:
        entity["me"] = reaction.me
    if (emoji := own.get(reaction.name)) is not None:
        url = app.uris.file(emoji.file_key, emoji.content_type)
        entity |= {"url": url, "static_url": url}
    return entity
