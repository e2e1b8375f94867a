"""Scopes in words that people understand, for the consent page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WHOLE: Final = {
    "read": "See all that you can see: posts, people, notifications, lists and settings",
    "write": "Act as you: post, edit, delete, favourite, and change your profile and settings",
    "follow": "Change whom you follow, mute and block",
    "push": "Receive your notifications",
    "profile": "See who you are: your name, handle and picture",
    "admin:read": "See what administrators see, private data of members included",
    "admin:write": "Act as an administrator of this office",
}
_NOUNS: Final = {
    "accounts": "your profile and account",
    "blocks": "whom you block",
    "bookmarks": "your bookmarks",
    "collections": "your collections of people",
    "conversations": "your private conversations",
    "favourites": "your favourites",
    "filters": "your filters",
    "follows": "whom you follow",
    "lists": "your lists",
    "media": "pictures to post",
    "mutes": "whom you mute",
    "notifications": "your notifications",
    "reports": "reports to the moderators",
    "search": "what a search of yours finds",
    "statuses": "your posts and timelines",
}
_SPECIAL: Final = {
    "write:statuses": "Write, edit and delete posts as you",
    "write:media": "Upload pictures for your posts",
    "write:reports": "Report posts and people in your name",
    "write:conversations": "Mark and remove your private conversations",
    "write:notifications": "Clear your notifications",
    "read:search": "Search in your name",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One line of the consent page; those of administrators are set apart."""

    sentence: str
    is_dangerous: bool


def permissions_of(scopes: Sequence[str]) -> list[Permission]:
    """Return one line for each scope that is not part of another one asked for."""
    whole = set(scopes)
    return [
        Permission(sentence_of(scope), scope.startswith("admin:"))
        for scope in scopes
        if scope.rpartition(":")[0] not in whole
    ]


def sentence_of(scope: str) -> str:
    """Say what an application may do with a scope."""
    if fixed := _WHOLE.get(scope) or _SPECIAL.get(scope):
        return fixed
    parent, _, noun = scope.rpartition(":")
    if parent.startswith("admin:"):
        what = noun.replace("_", " ")
        return f"{'See' if parent == 'admin:read' else 'Change'} {what}, as an administrator"
    return f"{'See' if parent == 'read' else 'Change'} {_NOUNS[noun]}"
