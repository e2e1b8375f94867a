"""Actors of peers become typed values."""

import re
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Actor, PublicKey
from activitypub.properties import (
    first,
    flag_of,
    id_of,
    listed,
    text_of,
    time_of,
    type_of,
    uri_of,
    uris_of,
)
from activitypub.reading.parts import (
    MAX_NAME,
    MAX_SUMMARY,
    own_page,
    own_uri,
    read_emojis,
    read_image,
    required_id,
    tags,
    type_among,
)
from activitypub.signatures.multikey import pem_of
from activitypub.uris import check_host, host_of, shown
from activitypub.vocabulary import ACTOR_TYPES

# Mastodon's limits (its FEDERATION.md), and ours where it names none.

MAX_FIELDS = 50
MAX_FIELD = 2047
MAX_KEYS = 10
MAX_ALIASES = 256
MAX_DOMAINS = 100

# An instance actor is often named for its host, which has a port on a test machine.
_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(?::[0-9]{2,5})?", re.IGNORECASE | re.ASCII)


def read_actor(document: dict[str, Any]) -> Actor:
    """Read an actor; raises Malformed.

    Required are an https id, a known type, a user name or a webfinger address, and an inbox on
    the actor's own origin; whatever else lies on another host is dropped.
    """
    actor_id = required_id(document, "actor")
    kind = type_among(document, ACTOR_TYPES, "actor")
    webfinger = text_of(document, "webfinger", MAX_NAME).removeprefix("acct:") or None
    return Actor(
        id=actor_id,
        type=kind,
        username=_read_username(document, webfinger, kind, actor_id),
        inbox=_read_inbox(document, actor_id),
        shared_inbox=_read_shared_inbox(document, actor_id),
        outbox=own_uri(document.get("outbox"), actor_id),
        followers=own_uri(document.get("followers"), actor_id),
        following=own_uri(document.get("following"), actor_id),
        featured=own_uri(document.get("featured"), actor_id),
        featured_tags=own_uri(document.get("featuredTags"), actor_id),
        name=text_of(document, "name", MAX_NAME),
        summary_html=text_of(document, "summary", MAX_SUMMARY),
        url=own_page(document, actor_id),
        locked=flag_of(document.get("manuallyApprovesFollowers")),
        bot=kind in ("Service", "Application"),
        discoverable=flag_of(document.get("discoverable")),
        indexable=flag_of(document.get("indexable")),
        icon=read_image(document.get("icon")),
        image=read_image(document.get("image")),
        fields=_read_fields(document),
        keys=_read_keys(document, actor_id),
        published=time_of(document.get("published")),
        also_known_as=uris_of(document.get("alsoKnownAs"), MAX_ALIASES),
        moved_to=uri_of(document.get("movedTo")),
        webfinger=webfinger,
        suspended=flag_of(document.get("suspended")),
        emojis=read_emojis(tags(document, "Emoji")),
        attribution_domains=_read_domains(document),
    )


def _read_inbox(document: dict[str, Any], actor_id: str) -> str:
    inbox = own_uri(document.get("inbox"), actor_id)
    if inbox is None:
        raise Malformed(f"{shown(actor_id)} has no inbox on its own host.")
    return inbox


def _read_username(
    document: dict[str, Any], webfinger: str | None, kind: str, actor_id: str
) -> str:
    username = document.get("preferredUsername")
    if username is None and webfinger is not None:
        username = webfinger.partition("@")[0]
    if username is None and kind == "Application":
        # Lemmy's instance actor, which signs its fetches, has no name.
        username = host_of(actor_id)
    if not isinstance(username, str) or len(username) > MAX_NAME:
        raise Malformed("The actor has no user name.")
    if not _USERNAME.fullmatch(username):
        raise Malformed("The user name of the actor contains characters that are not accepted.")
    return username


def _read_shared_inbox(document: dict[str, Any], actor_id: str) -> str | None:
    endpoints = first(document.get("endpoints"))
    if isinstance(endpoints, dict) and (uri := own_uri(endpoints.get("sharedInbox"), actor_id)):
        return uri
    return own_uri(document.get("sharedInbox"), actor_id)


def _read_fields(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    items = [
        item
        for item in listed(document.get("attachment"))
        if isinstance(item, dict) and type_of(item, ("PropertyValue",)) == "PropertyValue"
    ]
    return tuple(
        (text_of(item, "name", MAX_FIELD), text_of(item, "value", MAX_FIELD))
        for item in items[:MAX_FIELDS]
    )


def _read_domains(document: dict[str, Any]) -> tuple[str, ...]:
    """Read the hosts whose pages may name the actor as author; what is none is left out."""
    found: dict[str, None] = {}
    for item in listed(document.get("attributionDomains"))[:MAX_DOMAINS]:
        try:
            found[check_host((id_of(item) or "").lower())] = None
        except Malformed:
            continue
    return tuple(found)


def _read_keys(document: dict[str, Any], actor_id: str) -> tuple[PublicKey, ...]:
    """Read the keys that name this actor as owner and lie on its origin; others are ignored.

    They stand in publicKey (PEM) and in assertionMethod (Multikey, FEP-521a).
    """
    found = []
    for item in listed(document.get("publicKey"))[:MAX_KEYS]:
        if not isinstance(item, dict) or uri_of(item.get("owner")) != actor_id:
            continue
        key_id, pem = own_uri(item.get("id"), actor_id), item.get("publicKeyPem")
        if key_id is not None and isinstance(pem, str):
            found.append(PublicKey(key_id, actor_id, pem))
    multikeys = (
        _read_multikey(item, actor_id)
        for item in listed(document.get("assertionMethod"))[:MAX_KEYS]
        if isinstance(item, dict)
    )
    return (*found, *(key for key in multikeys if key is not None))


def _read_multikey(item: dict[str, Any], actor_id: str) -> PublicKey | None:
    if type_of(item, ("Multikey",)) != "Multikey" or uri_of(item.get("controller")) != actor_id:
        return None
    key_id, text = own_uri(item.get("id"), actor_id), item.get("publicKeyMultibase")
    if key_id is None or not isinstance(text, str):
        return None
    try:
        return PublicKey(key_id, actor_id, pem_of(text))
    except Malformed:
        return None
