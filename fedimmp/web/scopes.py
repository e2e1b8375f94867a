"""OAuth scopes: their names, and which one covers which. Sentences for people live with the pages.

Names and parents are those of Mastodon's API, since apps ask for them literally.
"""

from collections.abc import Iterable, Sequence
from typing import Final

_NOUNS: Final = {
    "read": (
        "accounts",
        "blocks",
        "bookmarks",
        "collections",
        "favourites",
        "filters",
        "follows",
        "lists",
        "mutes",
        "notifications",
        "search",
        "statuses",
    ),
    "write": (
        "accounts",
        "blocks",
        "bookmarks",
        "collections",
        "conversations",
        "favourites",
        "filters",
        "follows",
        "lists",
        "media",
        "mutes",
        "notifications",
        "reports",
        "statuses",
    ),
    "admin:read": (
        "accounts",
        "canonical_email_blocks",
        "domain_allows",
        "domain_blocks",
        "email_domain_blocks",
        "ip_blocks",
        "reports",
    ),
    "admin:write": (
        "accounts",
        "canonical_email_blocks",
        "domain_allows",
        "domain_blocks",
        "email_domain_blocks",
        "ip_blocks",
        "reports",
    ),
}

TOP_LEVEL: Final = ("read", "write", "follow", "push", "profile", "admin:read", "admin:write")

SCOPES: Final = frozenset(
    (*TOP_LEVEL, *(f"{parent}:{noun}" for parent, nouns in _NOUNS.items() for noun in nouns))
)

USER_SCOPES: Final = ("read", "write", "follow", "push", "profile")
ADMIN_SCOPES: Final = ("admin:read", "admin:write")

_FOLLOW: Final = frozenset(
    f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes")
)


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Tell whether one of the granted scopes is the wanted one or a parent of it.

    `read` covers `read:statuses`; `follow` covers reading and writing blocks, follows and mutes.
    """
    parent = wanted.rpartition(":")[0]
    return any(
        scope in (wanted, parent) or (scope == "follow" and wanted in _FOLLOW) for scope in granted
    )


def covers_any(granted: Iterable[str], wanted: Sequence[str]) -> bool:
    """Tell whether any of the wanted scopes is covered; an empty sequence asks for none."""
    scopes = tuple(granted)
    return not wanted or any(covers(scopes, scope) for scope in wanted)


def unknown(scopes: Iterable[str]) -> list[str]:
    """Return the scopes that do not exist, in their order."""
    return [scope for scope in scopes if scope not in SCOPES]


def is_subset(asked: Iterable[str], granted: Iterable[str]) -> bool:
    """Tell whether every scope asked for is covered by those granted."""
    held = tuple(granted)
    return all(covers(held, scope) for scope in asked)
