"""Our own custom emoji as peers see them, from rows."""

from activitypub.writing import OutgoingEmoji
from fedimmp.app import App
from storage.emojis import Emoji
from storage.notes import NoteEmoji


def outgoing_emoji(app: App, emoji: Emoji | NoteEmoji) -> OutgoingEmoji:
    """Return one of our own emoji."""
    return OutgoingEmoji(
        uri=app.uris.emoji(emoji.id),
        name=emoji.shortcode,
        url=app.uris.file(emoji.file_key, emoji.content_type),
        media_type=emoji.content_type,
        updated=emoji.updated_at or app.now(),
    )
