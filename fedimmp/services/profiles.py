"""How members present themselves, and their personal defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from activitypub.errors import Malformed
from activitypub.uris import check_host
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

_DOMAINS_MAXIMUM: Final = 100


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
    show_media: bool | None = None
    show_media_replies: bool | None = None
    show_featured: bool | None = None
    attribution_domains: Sequence[str] | None = None
    visibility: members.Visibility | None = None
    sensitive: bool | None = None
    quote_policy: members.QuotePolicy | None = None
    language: str | None = None
    sets_language: bool = False


async def update_profile(app: App, account_id: int, wanted: ProfileChanges) -> None:
    """Change a member's profile and defaults, and tell the other offices what they can see.

    Who takes the lock off accepts everybody who was waiting. Raises Invalid with a sentence, and
    with details by the names of what is wrong.
    """
    _check(app, wanted)
    descriptions = _descriptions(wanted)
    changes = _account_changes(wanted) | await _pictures(app, account_id, wanted)

    async def work(tx: Transaction) -> None:
        now = app.now()
        await members.update_preferences(tx, account_id, _preferences(wanted))
        if not changes and not descriptions:
            return
        await _discard_pictures(tx, account_id, _replaced(changes), now)
        changed = await accounts.update(tx, account_id, changes, now)
        if changed is None:
            return
        await pictures.describe_profile_pictures(tx, account_id, descriptions)
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
    described = app.config.media.max_description_characters
    for name, maximum in (
        ("display_name", DISPLAY_NAME_MAXIMUM),
        ("note", NOTE_MAXIMUM),
        ("avatar_description", described),
        ("header_description", described),
    ):
        if len(getattr(wanted, name) or "") > maximum:
            raise _refusal(name, "ERR_TOO_LONG", f"has more than {maximum} characters")
    fields = wanted.fields or ()
    most = app.config.accounts.max_fields
    if len(fields) > most:
        raise _refusal("fields", "ERR_TOO_MANY", f"of a profile are at most {most}")
    for field in fields:
        if len(field.name) > FIELD_NAME_MAXIMUM or len(field.value) > FIELD_VALUE_MAXIMUM:
            words = f"have at most {FIELD_VALUE_MAXIMUM} characters each"
            raise _refusal("fields", "ERR_TOO_LONG", words)
    _domains(wanted)


def _domains(wanted: ProfileChanges) -> list[str]:
    """Return the hosts that may name the member as author, each once; raises Invalid."""
    found: dict[str, None] = {}
    for text in wanted.attribution_domains or ():
        try:
            host = check_host(text.lower().removeprefix("https://").removesuffix("/"))
        except Malformed as error:
            words = f"name no host in {text[:60]}"
            raise _refusal("attribution_domains", "ERR_INVALID", words) from error
        found[host] = None
    if len(found) > _DOMAINS_MAXIMUM:
        raise _refusal("attribution_domains", "ERR_TOO_MANY", f"are at most {_DOMAINS_MAXIMUM}")
    return list(found)


def _refusal(name: str, code: str, words: str) -> Invalid:
    label = name.replace("_", " ").capitalize()
    return Invalid(
        f"Validation failed: {label} {words}",
        details={name: [{"error": code, "description": words}]},
    )


def _descriptions(wanted: ProfileChanges) -> dict[Purpose, str]:
    """Return the alternative texts for pictures that are there already."""
    texts: dict[Purpose, str | None] = {
        "avatar": None if wanted.avatar else wanted.avatar_description,
        "header": None if wanted.header else wanted.header_description,
    }
    return {purpose: text for purpose, text in texts.items() if text is not None}


def _account_changes(wanted: ProfileChanges) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: getattr(wanted, name)
        for name in (
            "locked",
            "bot",
            "discoverable",
            "indexable",
            "hide_collections",
            "show_media",
            "show_media_replies",
            "show_featured",
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
    if wanted.attribution_domains is not None:
        changes["attribution_domains"] = _domains(wanted)
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
    if wanted.quote_policy is not None:
        preferences["default_quote_policy"] = wanted.quote_policy
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
