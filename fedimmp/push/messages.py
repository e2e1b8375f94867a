"""A notification as the message that is pushed to an app: what it says, and its headers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from fedimmp.app import App
from fedimmp.push.encryption import encrypt, encrypt_for_draft
from fedimmp.push.vapid import base64url, token_of
from fedimmp.render.notices import sentence_of
from fedimmp.render.sanitise import plain_text

# A phone that was off for longer finds the notification in its list.
TTL_SECONDS: Final = 48 * 3600
_BODY_CHARACTERS: Final = 140
_TITLE_CHARACTERS: Final = 140
_TOPIC_CHARACTERS: Final = 32
# Somebody waits for an answer.
_URGENT: Final = frozenset({"mention", "follow_request"})


@dataclass(frozen=True, slots=True)
class Message:
    """An encrypted body and the headers that go with it."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Receiver:
    """An app: where it is told, its keys, its token, and the language of its owner."""

    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    token: str
    locale: str


def text_of(notification: Mapping[str, Any], receiver: Receiver) -> bytes:
    """Return the JSON that the app reads, from a Notification entity."""
    account, status = notification["account"], notification.get("status")
    shown = (status["spoiler_text"] or status["content"]) if status else account["note"]
    name = account["display_name"] or account["acct"]
    title = sentence_of(notification["type"], name, receiver.locale)
    return orjson.dumps(
        {
            "access_token": receiver.token,
            "preferred_locale": receiver.locale,
            "notification_id": int(notification["id"]),
            "notification_type": notification["type"],
            "icon": account["avatar_static"],
            "title": _cut(title, _TITLE_CHARACTERS),
            "body": _cut(" ".join(plain_text(shown).split()), _BODY_CHARACTERS),
        }
    )


def message_for(
    app: App, notification: Mapping[str, Any], receiver: Receiver, now: datetime
) -> Message:
    """Encrypt a Notification entity for an app, in the encoding that it knows."""
    parts = urlsplit(receiver.endpoint)
    contact = app.config.server.contact_email
    token = token_of(
        app.vapid,
        audience=f"{parts.scheme}://{parts.netloc}",
        subject=f"mailto:{contact}" if contact else app.uris.origin,
        now=now,
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL_SECONDS),
        "Urgency": "high" if notification["type"] in _URGENT else "normal",
        **_topic(notification["group_key"]),
    }
    text = text_of(notification, receiver)
    if receiver.standard:
        sealed = encrypt(text, receiver.p256dh, receiver.auth)
        headers["Content-Encoding"] = "aes128gcm"
        headers["Authorization"] = f"vapid t={token}, k={app.vapid.public}"
    else:
        sealed = encrypt_for_draft(text, receiver.p256dh, receiver.auth)
        headers["Content-Encoding"] = "aesgcm"
        headers["Encryption"] = f"salt={base64url(sealed.salt)}"
        headers["Crypto-Key"] = f"dh={base64url(sealed.sender)};p256ecdsa={app.vapid.public}"
        headers["Authorization"] = f"WebPush {token}"
    return Message(sealed.body, headers)


def _topic(group_key: str) -> dict[str, str]:
    """Let the latest of a group replace those that a phone has not fetched yet."""
    if group_key.startswith("ungrouped-"):
        return {}
    digest = base64url(hashlib.sha256(group_key.encode()).digest())
    return {"Topic": digest[:_TOPIC_CHARACTERS]}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
