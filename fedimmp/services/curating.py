"""What staff decides about what is talked about: hashtags, and posts that trend."""

from collections.abc import Mapping
from typing import Any

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.effects.moderation import recorded
from fedimmp.errors import Invalid, NotFound
from fedimmp.services.moderating import staff_of
from storage import tag_moderation, trends
from storage.database import Transaction
from storage.tag_moderation import ModeratedTag


async def let_trend(app: App, staff_id: int, status_id: int, *, allowed: bool) -> int:
    """Let a post trend, or keep it from that; returns its id. Raises NotFound."""

    async def work(tx: Transaction) -> int:
        now = app.now()
        staff = await staff_of(tx, staff_id)
        status = await access_status(tx, staff_id, status_id)
        await trends.set_trendable(tx, status.id, allowed, now)
        action = "trend.approve" if allowed else "trend.reject"
        await recorded(tx, staff, action, status.uri, now)
        return status.id

    return await app.db.transact(work)


async def change_tag(
    app: App, staff_id: int, tag_id: int, changes: Mapping[str, Any]
) -> ModeratedTag:
    """Change how a hashtag is written, found and proposed. Raises NotFound, Invalid.

    Only upper and lower case of its name may change.
    """

    async def work(tx: Transaction) -> ModeratedTag:
        staff = await staff_of(tx, staff_id)
        known = (await tag_moderation.get_many(tx, [tag_id])).get(tag_id)
        if known is None:
            raise NotFound
        name = changes.get("display_name")
        if name is not None and name.casefold() != known.display_name.casefold():
            raise Invalid("Validation failed: display_name may differ in upper and lower case only")
        changed = await tag_moderation.update(tx, tag_id, changes)
        if changed is None:
            raise NotFound
        await recorded(tx, staff, "tag.update", f"#{known.name}", app.now(), changes=dict(changes))
        return changed

    return await app.db.transact(work)
