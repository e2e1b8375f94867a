"""Custom emoji as their entity."""

from collections.abc import Iterable
from typing import Any

from fedimmp.app import App
from storage.emojis import Emoji


def emoji_entities(app: App, emojis: Iterable[Emoji]) -> list[dict[str, Any]]:
    """Return CustomEmoji entities. Pictures of peers, too, are served by us alone."""
    return [_entity(app, each) for each in emojis]


def emojis_in(emojis: Iterable[Emoji], *texts: str) -> list[Emoji]:
    """Return those of the emoji that one of the texts names."""
    return [each for each in emojis if any(f":{each.shortcode}:" in text for text in texts)]


def _entity(app: App, emoji: Emoji) -> dict[str, Any]:
    url = app.uris.file(emoji.file_key, emoji.content_type)
    entity = {
        "shortcode": emoji.shortcode,
        "url": url,
        "static_url": url,
        # The picker of an app offers what may be written here: none of a peer's.
        "visible_in_picker": emoji.domain is None,
    }
    return entity if emoji.category is None else entity | {"category": emoji.category}
