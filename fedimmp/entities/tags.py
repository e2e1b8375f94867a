"""Hashtags as their entity."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from fedimmp.app import App
from storage import tag_follows, tags
from storage.database import Connection
from storage.featured_tags import FeaturedTag
from storage.tag_follows import TagMarks
from storage.tags import Tag, Use


async def render_tags(
    app: App, conn: Connection, found: Sequence[Tag], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the Tag entities as the viewer sees them, in order, in two queries."""
    ids = [tag.id for tag in found]
    uses = await tags.history(conn, ids, app.now())
    marks = await tag_follows.marks(conn, viewer_id, ids)
    return [tag_entity(app, tag, uses[tag.id], marks) for tag in found]


def tag_entity(app: App, tag: Tag, history: Sequence[Use], marks: TagMarks) -> dict[str, Any]:
    """Return the Tag entity; all numbers of its history are text."""
    return {
        "id": str(tag.id),
        "name": tag.display_name,
        "url": app.uris.tag(tag.name),
        "history": [_day(use) for use in history],
        "following": tag.id in marks.followed,
        "featuring": tag.id in marks.featured,
    }


def featured_tag_entity(app: App, featured: FeaturedTag) -> dict[str, Any]:
    """Return the FeaturedTag entity, whose id is not that of the hashtag."""
    # One app fails on a hashtag that was never used; the day when it was shown is the least lie.
    last = featured.last_status_at or featured.created_at.astimezone(UTC).date()
    return {
        "id": str(featured.id),
        "name": featured.tag.display_name,
        "url": app.uris.tag(featured.tag.name),
        "statuses_count": str(featured.statuses_count),
        "last_status_at": last.isoformat(),
    }


def _day(use: Use) -> dict[str, str]:
    midnight = datetime.combine(use.day, time(), UTC)
    return {
        "day": str(int(midnight.timestamp())),
        "uses": str(use.uses),
        "accounts": str(use.accounts),
    }
