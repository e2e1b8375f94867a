"""Accounts as entities: Account, MutedAccount, CredentialAccount, Role and Relationship."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.emojis import emoji_entities
from fedimmp.entities.times import maybe_timestamp, timestamp
from fedimmp.permissions import permissions_of
from storage import accounts
from storage.accounts import AccountView, Picture
from storage.database import Connection
from storage.members import Member, Role
from storage.relationships import Relationship

DEFAULT_AVATAR: Final = "avatar.png"
DEFAULT_HEADER: Final = "header.png"

# Mastodon's id of the role that everybody has.
_ROLE_IDS: Final[Mapping[Role, str]] = {
    "member": "-99",
    "moderator": "1",
    "admin": "2",
    "owner": "3",
}
_ROLE_NAMES: Final[Mapping[Role, str]] = {
    "member": "",
    "moderator": "Moderator",
    "admin": "Administrator",
    "owner": "Owner",
}


async def render_accounts(
    app: App, conn: Connection, account_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the Account entities of those that exist, in the order of the ids.

    Those that have moved carry the account as which they go on, for one query more.
    """
    views = await accounts.load_views(conn, account_ids)
    moved = await moved_entities(app, conn, views.values())
    return [
        account_entity(app, views[each]) | moved.get(each, {})
        for each in account_ids
        if each in views
    ]


async def moved_entities(
    app: App, conn: Connection, views: Collection[AccountView]
) -> dict[int, dict[str, Any]]:
    """Return what the entities of those that have moved have besides, by account id."""
    targets = {view.account.id: each for view in views if (each := view.account.moved_to_id)}
    if not targets:
        return {}
    found = await accounts.load_views(conn, sorted(set(targets.values())))
    return {
        account_id: {"moved": account_entity(app, found[target_id])}
        for account_id, target_id in targets.items()
        if target_id in found
    }


def account_entity(app: App, view: AccountView) -> dict[str, Any]:
    """Return the Account entity; of a suspended account nothing but who it is."""
    account = view.account
    shown = account.suspended_at is None
    entity: dict[str, Any] = {
        "id": str(account.id),
        "username": account.username,
        "acct": account.acct,
        "url": account.url,
        "uri": account.uri,
        "display_name": account.display_name if shown else "",
        "note": account.note if shown else "",
        **_pictures(app, view, shown),
        "locked": account.locked,
        "fields": [_field(field) for field in account.fields] if shown else [],
        "emojis": emoji_entities(app, view.emojis) if shown else [],
        "bot": account.bot,
        "group": account.actor_type == "Group",
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "created_at": timestamp(_midnight(account.created_at)),
        **counters_part(
            view.statuses_count, view.followers_count, view.following_count, view.last_status_at
        ),
        "hide_collections": account.hide_collections,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "feature_approval": {"automatic": [], "manual": [], "current_user": "denied"},
    }
    if account.is_local:
        # Nothing of a closed office is for search engines.
        entity["noindex"] = True
        entity["roles"] = _highlighted(view)
    if not shown:
        entity["suspended"] = True
    if account.silenced_at is not None:
        entity["limited"] = True
    return entity


def counters_part(
    statuses: int, followers: int, following: int, last_status_at: date | None
) -> dict[str, Any]:
    """Return what of an Account entity changes with each post and follow."""
    return {
        "last_status_at": last_status_at.isoformat() if last_status_at else None,
        "statuses_count": statuses,
        "followers_count": followers,
        "following_count": following,
    }


def _pictures(app: App, view: AccountView, shown: bool) -> dict[str, str]:
    avatar = view.avatar if shown else None
    header = view.header if shown else None
    avatar_url = picture_url(app, avatar, DEFAULT_AVATAR)
    header_url = picture_url(app, header, DEFAULT_HEADER)
    return {
        "avatar": avatar_url,
        "avatar_static": avatar_url,
        "avatar_description": avatar.description if avatar else "",
        "header": header_url,
        "header_static": header_url,
        "header_description": header.description if header else "",
    }


def muted_account_entity(
    app: App, view: AccountView, expires_at: datetime | None
) -> dict[str, Any]:
    """Return the MutedAccount entity: an Account and when its mute ends."""
    return account_entity(app, view) | {"mute_expires_at": maybe_timestamp(expires_at)}


def credential_entity(
    app: App, view: AccountView, member: Member, follow_requests_count: int
) -> dict[str, Any]:
    """Return the CredentialAccount entity, which only its owner sees."""
    account = view.account
    source = {
        "attribution_domains": account.attribution_domains,
        "note": account.note_source,
        "fields": [_source_field(field) for field in account.fields],
        "privacy": member.default_visibility,
        "sensitive": member.default_sensitive,
        "language": member.default_language,
        "follow_requests_count": follow_requests_count,
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "quote_policy": member.default_quote_policy,
    }
    return account_entity(app, view) | {"source": source, "role": role_entity(member.role)}


def profile_entity(
    app: App, view: AccountView, featured_tags: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the Profile entity: everything as its owner edits it, and as others see it."""
    account = view.account
    avatar = picture_url(app, view.avatar, DEFAULT_AVATAR) if view.avatar else None
    header = picture_url(app, view.header, DEFAULT_HEADER) if view.header else None
    return {
        "id": str(account.id),
        "display_name": account.display_name,
        "note": account.note_source,
        "fields": [_source_field(field) for field in account.fields],
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": view.avatar.description if view.avatar else "",
        "header": header,
        "header_static": header,
        "header_description": view.header.description if view.header else "",
        "locked": account.locked,
        "bot": account.bot,
        "hide_collections": account.hide_collections,
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "show_media": account.show_media,
        "show_media_replies": account.show_media_replies,
        "show_featured": account.show_featured,
        "attribution_domains": account.attribution_domains,
        "formatted_note": account.note,
        "formatted_fields": [_field(field) for field in account.fields],
        "featured_tags": list(featured_tags),
    }


def role_entity(role: Role) -> dict[str, Any]:
    """Return the Role entity; apps show their screens for staff by its permissions."""
    return {
        "id": _ROLE_IDS[role],
        "name": _ROLE_NAMES[role],
        "color": "",
        "permissions": str(int(permissions_of(role))),
        "highlighted": role != "member",
        "collection_limit": 0,
    }


def roles_of(role_ids: Collection[str]) -> tuple[Role, ...]:
    """Return the roles with these ids; unknown ones name none."""
    return tuple(role for role, each in _ROLE_IDS.items() if each in role_ids)


def relationship_entity(relationship: Relationship) -> dict[str, Any]:
    """Return the Relationship entity."""
    return {
        "id": str(relationship.id),
        "following": relationship.following,
        "showing_reblogs": relationship.showing_reblogs,
        "notifying": relationship.notifying,
        "languages": relationship.languages,
        "followed_by": relationship.followed_by,
        "blocking": relationship.blocking,
        "blocked_by": relationship.blocked_by,
        "muting": relationship.muting,
        "muting_notifications": relationship.muting_notifications,
        "muting_expires_at": maybe_timestamp(relationship.muting_expires_at),
        "requested": relationship.requested,
        "requested_by": relationship.requested_by,
        "domain_blocking": relationship.domain_blocking,
        "endorsed": relationship.endorsed,
        "note": relationship.note,
    }


def picture_url(app: App, picture: Picture | None, default: str) -> str:
    """Return the address of an avatar or header; apps fail on an account without."""
    if picture is None:
        return f"{app.uris.origin}/static/{default}"
    return app.uris.file(picture.file_key, picture.content_type)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def _highlighted(view: AccountView) -> list[dict[str, str]]:
    match view.role:
        case "moderator" | "admin" | "owner" as role:
            return [{"id": _ROLE_IDS[role], "name": _ROLE_NAMES[role], "color": ""}]
    return []


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": field["name"],
        "value": field["value"],
        "verified_at": field.get("verified_at"),
    }


def _source_field(field: Mapping[str, Any]) -> dict[str, Any]:
    return _field(field) | {"value": field.get("source", field["value"])}
