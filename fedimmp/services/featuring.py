"""Hashtags on a member's profile."""

from fedimmp.app import App
from fedimmp.effects import features as effects
from fedimmp.errors import Invalid, NotFound
from fedimmp.render.profiles import FEATURED_TAGS_MAXIMUM
from fedimmp.render.statuses import hashtags
from storage import featured_tags, tags
from storage.database import Transaction
from storage.featured_tags import FeaturedTag
from storage.ids import new_id
from storage.tags import Tag


async def feature_tag(app: App, account_id: int, name: str) -> FeaturedTag:
    """Show a hashtag on a member's profile and tell all offices. Raises Invalid."""
    typed = name.strip().removeprefix("#")
    if hashtags(f"#{typed}") != [typed]:
        raise Invalid("Validation failed: This is no hashtag")

    async def work(tx: Transaction) -> FeaturedTag:
        now = app.now()
        folded = typed.casefold()
        tag = Tag(await tags.ensure(tx, new_id(now), folded, typed), folded, typed)
        row_id = new_id(now)
        match await featured_tags.insert(
            tx, row_id, account_id, tag.id, now, limit=FEATURED_TAGS_MAXIMUM
        ):
            case "known":
                raise Invalid("Validation failed: This hashtag is shown already")
            case "full":
                raise Invalid(
                    f"Validation failed: A profile shows at most {FEATURED_TAGS_MAXIMUM} hashtags"
                )
        await effects.tag_featured(tx, app, account_id, tag, now)
        stored = await featured_tags.find(tx, account_id, row_id)
        if stored is None:
            raise NotFound
        return stored

    return await app.db.transact(work)


async def unfeature_tag(app: App, account_id: int, row_id: int) -> None:
    """Show a hashtag no longer and tell all offices. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        shown = await featured_tags.find(tx, account_id, row_id)
        if shown is None:
            raise NotFound
        await featured_tags.delete(tx, account_id, row_id)
        await effects.tag_unfeatured(tx, app, account_id, shown.tag, app.now())

    await app.db.transact(work)
