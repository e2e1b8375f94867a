"""Notifications in a sentence, for apps that know no better and for push messages."""

from typing import Final

_SENTENCES: Final = {
    "mention": "{name} mentioned you",
    "status": "{name} posted",
    "reblog": "{name} boosted your post",
    "follow": "{name} follows you",
    "follow_request": "{name} wants to follow you",
    "favourite": "{name} favourited your post",
    "poll": "A poll that you took part in has ended",
    "update": "{name} edited a post that you boosted",
    "quote": "{name} quoted your post",
    "quoted_update": "{name} edited a post that you quoted",
    "severed_relationships": "You lost follows with {name}",
    "moderation_warning": "The moderators of your office have a message for you",
    "admin.sign_up": "{name} signed up",
    "admin.report": "{name} filed a report",
}
_ANYTHING: Final = "You have a new notification"


def sentence_of(kind: str, name: str) -> str:
    """Return what a notification of this type says; `name` is who, or what, it is about."""
    return _SENTENCES.get(kind, _ANYTHING).format(name=name)
