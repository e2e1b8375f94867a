"""The sections of the console, and which role sees which."""

from dataclasses import dataclass
from typing import Final

from fedimmp.permissions import Permission, allows


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of the navigation; one of the permissions is enough to see it."""

    key: str
    path: str
    name: str
    permission: Permission


SECTIONS: Final = (
    Section("overview", "/admin", "Overview", Permission.VIEW_DASHBOARD),
    Section("members", "/admin/members", "Members", Permission.MANAGE_USERS),
    Section("reports", "/admin/reports", "Reports", Permission.MANAGE_REPORTS),
    Section("peers", "/admin/peers", "Other offices", Permission.MANAGE_FEDERATION),
    Section("queues", "/admin/queues", "To other offices", Permission.MANAGE_FEDERATION),
    Section("inbox", "/admin/inbox", "From other offices", Permission.MANAGE_FEDERATION),
    Section(
        "announcements", "/admin/announcements", "Announcements", Permission.MANAGE_ANNOUNCEMENTS
    ),
    Section("emojis", "/admin/emojis", "Emoji", Permission.MANAGE_CUSTOM_EMOJIS),
    Section("texts", "/admin/texts", "Rules and texts", Permission.MANAGE_RULES),
    Section("settings", "/admin/settings", "Settings", Permission.MANAGE_SETTINGS),
    Section("audit", "/admin/audit", "Audit log", Permission.VIEW_AUDIT_LOG),
)


def sections_of(role: str) -> tuple[Section, ...]:
    """Return what somebody with a role finds in the navigation."""
    return tuple(each for each in SECTIONS if allows(role, each.permission))
