"""What the roles of members allow: who may look at what as staff, and act on whom.

Names and bits are those of Mastodon's API, whose apps show and hide screens by them.
"""

from collections.abc import Mapping
from enum import IntFlag
from typing import Final

from storage.members import Role


class Permission(IntFlag):
    """What a role may do; `ADMINISTRATOR` stands for everything."""

    ADMINISTRATOR = 1 << 0
    VIEW_AUDIT_LOG = 1 << 2
    VIEW_DASHBOARD = 1 << 3
    MANAGE_REPORTS = 1 << 4
    MANAGE_FEDERATION = 1 << 5
    MANAGE_SETTINGS = 1 << 6
    MANAGE_BLOCKS = 1 << 7
    MANAGE_TAXONOMIES = 1 << 8
    MANAGE_USERS = 1 << 10
    MANAGE_RULES = 1 << 12
    MANAGE_ANNOUNCEMENTS = 1 << 13
    MANAGE_CUSTOM_EMOJIS = 1 << 14
    MANAGE_ROLES = 1 << 17
    MANAGE_USER_ACCESS = 1 << 18
    DELETE_USER_DATA = 1 << 19


_MODERATOR: Final = (
    Permission.VIEW_AUDIT_LOG
    | Permission.VIEW_DASHBOARD
    | Permission.MANAGE_REPORTS
    | Permission.MANAGE_TAXONOMIES
    | Permission.MANAGE_USERS
)
_ADMIN: Final = (
    _MODERATOR
    | Permission.MANAGE_FEDERATION
    | Permission.MANAGE_BLOCKS
    | Permission.MANAGE_SETTINGS
    | Permission.MANAGE_RULES
    | Permission.MANAGE_ANNOUNCEMENTS
    | Permission.MANAGE_CUSTOM_EMOJIS
    | Permission.MANAGE_ROLES
    | Permission.MANAGE_USER_ACCESS
    | Permission.DELETE_USER_DATA
)
_OF_ROLES: Final[Mapping[str, Permission]] = {
    "moderator": _MODERATOR,
    "admin": _ADMIN,
    "owner": Permission.ADMINISTRATOR,
}
_RANKS: Final[tuple[Role, ...]] = ("member", "moderator", "admin", "owner")


def permissions_of(role: str) -> Permission:
    """Return what a role allows; nothing for members and for no role."""
    return _OF_ROLES.get(role, Permission(0))


def allows(role: str, wanted: Permission) -> bool:
    """Tell whether a role has one of the wanted permissions."""
    held = permissions_of(role)
    return bool(held & (wanted | Permission.ADMINISTRATOR))


def outranks(role: str, other: str | None) -> bool:
    """Tell whether who has a role may act on somebody with the other one, None for outsiders.

    Nobody acts on equals, except an owner.
    """
    if other is None or role == "owner":
        return True
    return _rank(role) > _rank(other)


def _rank(role: str) -> int:
    return next((rank for rank, each in enumerate(_RANKS) if each == role), -1)
