"""Hashtags on a member's profile."""

from fedimmp.app import App
from fedimmp.effects import features as effects
from fedimmp.errors import Invalid, NotFound
from fedimmp.render.profiles import FEATURED_TAGS_MAXIMUM
from fedimmp.services.hashtags import ensure_tag, parse_tag
from storage import featured_tags, tags
from storage.database import Transaction
from storage.featured_tags import FeaturedTag
from storage.ids import new_id
from storage.tags import Tag


async def feature_tag(app: App, account_id: int, name: str) -> FeaturedTag:
    """Show a hashtag on a member's profile and tell all offices. Raises Invalid."""
    typed = parse_tag(name)
    if typed is None:
        raise Invalid("Validation failed: This is no hashtag")

    async def work(tx: Transaction) -> FeaturedTag:
        tag = await ensure_tag(tx, app, typed)
        row_id = await _show(tx, app, account_id, tag)
        if row_id is None:
            raise Invalid("Validation failed: This hashtag is shown already")
        stored = await featured_tags.find(tx, account_id, row_id)
        if stored is None:
            raise NotFound
        return stored

    return await app.db.transact(work)


async def feature_named(app: App, account_id: int, name: str) -> Tag:
    """Show a hashtag on a member's profile, again without effect. Raises NotFound, Invalid."""
    typed = parse_tag(name)
    if typed is None:
        raise NotFound

    async def work(tx: Transaction) -> Tag:
        tag = await ensure_tag(tx, app, typed)
        await _show(tx, app, account_id, tag)
        return tag

    return await app.db.transact(work)


async def unfeature_named(app: App, account_id: int, name: str) -> Tag:
    """Show a hashtag no longer; no matter when it is not shown. Raises NotFound."""
    typed = parse_tag(name)
    if typed is None:
        raise NotFound

    async def work(tx: Transaction) -> Tag:
        tag = await tags.find(tx, typed.casefold())
        if tag is None:
            return Tag(0, typed.casefold(), typed)
        if await featured_tags.delete_named(tx, account_id, tag.name):
            await effects.tag_unfeatured(tx, app, account_id, tag, app.now())
        return tag

    return await app.db.transact(work)


async def _show(tx: Transaction, app: App, account_id: int, tag: Tag) -> int | None:
    """Return the id of the new row; None when the hashtag is shown already."""
    now = app.now()
    row_id = new_id(now)
    match await featured_tags.insert(
        tx, row_id, account_id, tag.id, now, limit=FEATURED_TAGS_MAXIMUM
    ):
        case "known":
            return None
        case "full":
            raise Invalid(
                f"Validation failed: A profile shows at most {FEATURED_TAGS_MAXIMUM} hashtags"
            )
    await effects.tag_featured(tx, app, account_id, tag, now)
    return row_id


async def unfeature_tag(app: App, account_id: int, row_id: int) -> None:
    """Show a hashtag no longer and tell all offices. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        shown = await featured_tags.find(tx, account_id, row_id)
        if shown is None:
            raise NotFound
        await featured_tags.delete(tx, account_id, row_id)
        await effects.tag_unfeatured(tx, app, account_id, shown.tag, app.now())

    await app.db.transact(work)
