"""This office as the Instance entities that apps read before and after sign-in.

What they say is the same for everybody and names nobody.
"""

import html
from typing import Any, Final

from fedimmp import VERSION
from fedimmp.app import App
from fedimmp.entities.accounts import DEFAULT_HEADER
from fedimmp.media import recordings
from fedimmp.render import profiles

# Apps switch features on by these, so they rise with what is there; a test holds each number to
# the features that it stands for.
MASTODON_VERSION: Final = "4.5.0"
MASTODON_API_VERSION: Final = 8

IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")


def version_text() -> str:
    """Return the version as apps parse it: Mastodon's that we are compatible with, then ours."""
    return f"{MASTODON_VERSION} (compatible; fedimmp {VERSION})"


def streaming_url(app: App) -> str:
    """Return the base address of streaming, ws or wss as the origin is http or https."""
    return app.uris.origin.replace("http", "ws", 1)


def rule_entities(app: App) -> list[dict[str, Any]]:
    """Return the house rules in their order."""
    return [
        {
            "id": str(number),
            "text": rule.text,
            "hint": rule.hint,
            "translations": {
                language: {"text": each.text, "hint": each.hint}
                for language, each in rule.translations.items()
            },
        }
        for number, rule in enumerate(app.config.server.rules, start=1)
    ]


def instance_entity(app: App) -> dict[str, Any]:
    """Return the Instance entity (version 2)."""
    server = app.config.server
    return {
        "domain": app.uris.host,
        "title": server.name,
        "version": version_text(),
        "source_url": app.uris.origin,
        "description": server.description,
        "wrapstodon": None,
        "usage": {"users": {"active_month": 0}},
        "thumbnail": {"url": _thumbnail(app), "description": ""},
        "icon": [],
        "languages": list(server.languages) or ["en"],
        "configuration": _configuration(app),
        "registrations": _registrations(app),
        "api_versions": {"mastodon": MASTODON_API_VERSION},
        "contact": {"email": server.contact_email, "account": None},
        "rules": rule_entities(app),
    }


def instance_v1_entity(app: App) -> dict[str, Any]:
    """Return the older Instance entity, which many apps still read first."""
    server = app.config.server
    configuration = _limits(app)
    configuration["accounts"] = {"max_featured_tags": profiles.FEATURED_TAGS_MAXIMUM}
    del configuration["media_attachments"]["description_limit"]
    return {
        "uri": app.uris.host,
        "title": server.name,
        "short_description": server.description,
        "description": html.escape(server.description, quote=False),
        "email": server.contact_email,
        "version": version_text(),
        "urls": {"streaming_api": streaming_url(app)},
        "stats": {"user_count": 0, "status_count": 0, "domain_count": 0},
        "thumbnail": _thumbnail(app),
        "languages": list(server.languages) or ["en"],
        "registrations": app.config.registration.mode != "closed",
        "approval_required": app.config.registration.mode == "approval",
        "invites_enabled": False,
        "configuration": configuration,
        "contact_account": None,
        "rules": rule_entities(app),
    }


def _registrations(app: App) -> dict[str, Any]:
    registration = app.config.registration
    by_approval = registration.mode == "approval"
    message = html.escape(registration.message, quote=False) or None
    return {
        "enabled": registration.mode != "closed",
        "approval_required": by_approval,
        "reason_required": by_approval and registration.reason_required,
        # Apps show it to those who cannot simply sign up.
        "message": None if registration.mode == "open" else message,
        "min_age": None,
        "url": None,
    }


def _configuration(app: App) -> dict[str, Any]:
    accounts = app.config.accounts
    only_members = {"local": "authenticated", "remote": "authenticated"}
    has_terms = app.texts.terms_in_force(app.now().date()) is not None
    return _limits(app) | {
        "urls": {
            "streaming": streaming_url(app),
            "status": None,
            "about": app.uris.origin,
            "privacy_policy": app.uris.privacy_policy,
            "terms_of_service": app.uris.terms_of_service if has_terms else None,
        },
        "vapid": {"public_key": app.vapid.public},
        "accounts": {
            "max_display_name_length": profiles.DISPLAY_NAME_MAXIMUM,
            "max_note_length": profiles.NOTE_MAXIMUM,
            "max_avatar_description_length": app.config.media.max_description_characters,
            "max_header_description_length": app.config.media.max_description_characters,
            "max_featured_tags": profiles.FEATURED_TAGS_MAXIMUM,
            "max_pinned_statuses": accounts.max_pins,
            "max_profile_fields": accounts.max_fields,
            "profile_field_name_limit": profiles.FIELD_NAME_MAXIMUM,
            "profile_field_value_limit": profiles.FIELD_VALUE_MAXIMUM,
        },
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": only_members,
            "hashtag_feeds": only_members,
            "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
        },
        "limited_federation": True,
    }


def _limits(app: App) -> dict[str, Any]:
    posts, media = app.config.posts, app.config.media
    return {
        "statuses": {
            "max_characters": posts.max_characters,
            "max_media_attachments": posts.max_media,
            "characters_reserved_per_url": posts.characters_per_url,
        },
        "media_attachments": {
            "supported_mime_types": [
                *IMAGE_TYPES,
                *sorted(recordings.CONTENT_TYPES),
                *recordings.OTHER_NAMES,
            ],
            "description_limit": media.max_description_characters,
            "image_size_limit": media.max_image_bytes,
            "image_matrix_limit": media.max_image_pixels,
            "video_size_limit": media.max_recording_bytes,
            "video_frame_rate_limit": recordings.MAX_FRAME_RATE,
            "video_matrix_limit": recordings.MAX_FRAME_PIXELS,
        },
        "polls": {
            "max_options": posts.max_poll_options,
            "max_characters_per_option": posts.max_poll_option_characters,
            "min_expiration": posts.min_poll_seconds,
            "max_expiration": posts.max_poll_seconds,
        },
    }


def _thumbnail(app: App) -> str:
    return f"{app.uris.origin}/static/{DEFAULT_HEADER}"
