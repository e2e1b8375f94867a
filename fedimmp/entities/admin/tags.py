"""Hashtags as staff sees them: Admin::Tag."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.tags import render_tags
from storage.database import Connection
from storage.tag_moderation import ModeratedTag


async def render_admin_tags(
    app: App, conn: Connection, found: Sequence[ModeratedTag], viewer_id: int
) -> list[dict[str, Any]]:
    """Return the Admin::Tag entities in order, in two queries. None waits for a review."""
    shown = await render_tags(app, conn, [each.tag for each in found], viewer_id)
    return [
        entity
        | {
            "trendable": tag.trendable,
            "usable": tag.usable,
            "listable": tag.listable,
            "requires_review": False,
        }
        for entity, tag in zip(shown, found, strict=True)
    ]
