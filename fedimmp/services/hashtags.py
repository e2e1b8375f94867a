"""Hashtags that a member follows."""

from typing import Final

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from fedimmp.render.statuses import hashtags
from storage import home_feeds, tag_follows, tags
from storage.database import Transaction
from storage.ids import new_id
from storage.tags import Tag

MOST_FOLLOWED: Final = 1_000


def parse_tag(text: str) -> str | None:
    """Return a hashtag as it is written in posts, without its sign; None for what is none."""
    typed = text.strip().removeprefix("#")
    return typed if hashtags(f"#{typed}") == [typed] else None


async def ensure_tag(tx: Transaction, app: App, typed: str) -> Tag:
    """Return the hashtag with this name in any case, which is made if need be."""
    name = typed.casefold()
    known = await tags.find(tx, name)
    if known is not None:
        return known
    return Tag(await tags.ensure(tx, new_id(app.now()), name, typed), name, typed)


async def follow_tag(app: App, account_id: int, text: str) -> Tag:
    """Bring public posts with a hashtag into the home timeline, recent ones at once.

    Raises NotFound for what is no hashtag, Invalid for one too many.
    """
    typed = parse_tag(text)
    if typed is None:
        raise NotFound

    async def work(tx: Transaction) -> Tag:
        now = app.now()
        tag = await ensure_tag(tx, app, typed)
        if not await tag_follows.insert(
            tx, new_id(now), account_id, tag.id, now, limit=MOST_FOLLOWED
        ):
            raise Invalid(f"Nobody can follow more than {MOST_FOLLOWED} hashtags")
        await home_feeds.merge_tag(tx, account_id, tag.id)
        return tag

    return await app.db.transact(work)


async def unfollow_tag(app: App, account_id: int, text: str) -> Tag:
    """Follow a hashtag no longer; no matter when it is not followed. Raises NotFound."""
    typed = parse_tag(text)
    if typed is None:
        raise NotFound

    async def work(tx: Transaction) -> Tag:
        tag = await tags.find(tx, typed.casefold())
        if tag is None:
            return Tag(0, typed.casefold(), typed)
        if await tag_follows.delete(tx, account_id, tag.id):
            await home_feeds.unmerge_tag(tx, account_id, tag.id)
        return tag

    return await app.db.transact(work)
