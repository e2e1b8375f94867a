"""Our custom emoji as documents, and as tags of what names them."""

from dataclasses import dataclass
from datetime import datetime

from activitypub.writing.context import CONTEXT, Json, timestamp


@dataclass(frozen=True, slots=True)
class OutgoingEmoji:
    """A custom emoji of ours: its name without colons, and its picture."""

    uri: str
    name: str
    url: str
    media_type: str
    updated: datetime


def emoji(picture: OutgoingEmoji) -> Json:
    """Return an emoji as a document of its own."""
    return {"@context": CONTEXT} | emoji_tag(picture)


def emoji_tag(picture: OutgoingEmoji) -> Json:
    """Return an emoji as it stands among the tags of a post or an actor."""
    return {
        "id": picture.uri,
        "type": "Emoji",
        "name": f":{picture.name}:",
        "updated": timestamp(picture.updated),
        "icon": {"type": "Image", "mediaType": picture.media_type, "url": picture.url},
    }
