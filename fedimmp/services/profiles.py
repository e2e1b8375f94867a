"""How members present themselves, and their personal defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fedimmp.app import App
from fedimmp.effects import accounts as account_effects
from fedimmp.effects import relationships as relationship_effects
from fedimmp.errors import Invalid
from fedimmp.render.profiles import (
    DISPLAY_NAME_MAXIMUM,
    FIELD_NAME_MAXIMUM,
    FIELD_VALUE_MAXIMUM,
    NOTE_MAXIMUM,
    render_field,
    render_note,
)
from fedimmp.render.sanitise import clean_text
from fedimmp.services import media
from storage import accounts, jobs, members, relationships
from storage import media as pictures
from storage.database import Transaction
from storage.media import Purpose


@dataclass(frozen=True, slots=True)
class ProfileField:
    """One line of the table on a profile, as its owner typed it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What a member wants different; None stands for no change.

    `avatar` and `header` are the bytes of pictures. `language` is taken as it is when
    `sets_language`, since None then means that apps shall guess.
    """

    display_name: str | None = None
    note: str | None = None
    avatar: bytes | None = None
    header: bytes | None = None
    avatar_description: str | None = None
    header_description: str | None = None
    fields: Sequence[ProfileField] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    hide_collections: bool | None = None
    visibility: members.Visibility | None = None
    sensitive: bool | None = None
    language: str | None = None
    sets_language: bool = False


async def update_profile(app: App, account_id: int, wanted: ProfileChanges) -> None:
    """Change a member's profile and defaults, and tell the other offices what they can see.

    Who takes the lock off accepts everybody who was waiting. Raises Invalid with a sentence.
    """
    _check(app, wanted)
    changes = _account_changes(wanted) | await _pictures(app, account_id, wanted)

    async def work(tx: Transaction) -> None:
        now = app.now()
        await members.update_preferences(tx, account_id, _preferences(wanted))
        if not changes:
            return
        await _discard_pictures(tx, account_id, _replaced(changes), now)
        changed = await accounts.update(tx, account_id, changes, now)
        if changed is None:
            return
        await account_effects.account_updated(tx, app, [changed], now)
        if wanted.locked is False:
            waiting = await relationships.accept_all(tx, account_id)
            await relationship_effects.followed(tx, app, waiting, now)

    await app.db.transact(work)


async def remove_picture(app: App, account_id: int, purpose: Purpose) -> None:
    """Go back to the default avatar or header."""
    async with app.db.writer() as tx:
        now = app.now()
        await _discard_pictures(tx, account_id, [purpose], now)
        changed = await accounts.update(tx, account_id, {f"{purpose}_id": None}, now)
        if changed is not None:
            await account_effects.account_updated(tx, app, [changed], now)


def _check(app: App, wanted: ProfileChanges) -> None:
    if len(wanted.display_name or "") > DISPLAY_NAME_MAXIMUM:
        raise Invalid(f"The display name has more than {DISPLAY_NAME_MAXIMUM} characters")
    if len(wanted.note or "") > NOTE_MAXIMUM:
        raise Invalid(f"The text about yourself has more than {NOTE_MAXIMUM} characters")
    fields = wanted.fields or ()
    if len(fields) > app.config.accounts.max_fields:
        raise Invalid(f"A profile has at most {app.config.accounts.max_fields} fields")
    for field in fields:
        if len(field.name) > FIELD_NAME_MAXIMUM or len(field.value) > FIELD_VALUE_MAXIMUM:
            raise Invalid(f"A field has more than {FIELD_VALUE_MAXIMUM} characters")


def _account_changes(wanted: ProfileChanges) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in (
            "locked",
            "bot",
            "discoverable",
            "indexable",
            "hide_collections",
        )
        if getattr(wanted, name) is not None
    }
    if wanted.display_name is not None:
        changes["display_name"] = clean_text(wanted.display_name, DISPLAY_NAME_MAXIMUM)
    if wanted.bot is not None:
        changes["actor_type"] = "Service" if wanted.bot else "Person"
    if wanted.note is not None:
        changes["note_source"] = wanted.note
        changes["note"] = render_note(wanted.note)
    if wanted.fields is not None:
        changes["fields"] = [
            {
                "name": clean_text(field.name, FIELD_NAME_MAXIMUM),
                "value": render_field(field.value),
                "source": field.value,
                "verified_at": None,
            }
            for field in wanted.fields
            if field.name or field.value
        ]
    return changes


def _preferences(wanted: ProfileChanges) -> Mapping[str, object]:
    preferences: dict[str, object] = {}
    if wanted.visibility is not None:
        preferences["default_visibility"] = wanted.visibility
    if wanted.sensitive is not None:
        preferences["default_sensitive"] = wanted.sensitive
    if wanted.sets_language:
        preferences["default_language"] = wanted.language
    return preferences


def _replaced(changes: Mapping[str, Any]) -> list[Purpose]:
    purposes: tuple[Purpose, ...] = ("avatar", "header")
    return [purpose for purpose in purposes if f"{purpose}_id" in changes]


async def _discard_pictures(
    tx: Transaction, account_id: int, purposes: Sequence[Purpose], now: datetime
) -> None:
    """Let nobody load the present pictures any more, and have their files removed."""
    if not purposes:
        return
    gone = await pictures.detach_profile_pictures(tx, account_id, purposes, now)
    if gone:
        await jobs.enqueue(tx, "discard_media", {"media_ids": gone}, due_at=now)


async def _pictures(app: App, account_id: int, wanted: ProfileChanges) -> dict[str, int]:
    changes: dict[str, int] = {}
    if wanted.avatar is not None:
        changes["avatar_id"] = await media.upload(
            app,
            account_id,
            wanted.avatar,
            purpose="avatar",
            description=wanted.avatar_description,
        )
    if wanted.header is not None:
        changes["header_id"] = await media.upload(
            app,
            account_id,
            wanted.header,
            purpose="header",
            description=wanted.header_description,
        )
    return changes
