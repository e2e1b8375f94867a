"""Documents of peers become typed values, or Malformed with a sentence.

The input has passed documents.parse_document and jsonld.normalise. HTML stays as the peer wrote
it: whoever shows it sanitises it.
"""

import math
import re
from datetime import datetime
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import (
    Activity,
    Actor,
    Attachment,
    Emoji,
    Image,
    Mention,
    Note,
    Poll,
    PollOption,
    PublicKey,
)
from activitypub.properties import (
    audience_of,
    count_of,
    first,
    flag_of,
    id_of,
    link_of,
    listed,
    localised,
    text_of,
    time_of,
    type_of,
    uri_of,
    uris_of,
)
from activitypub.uris import check_http_uri, same_origin, shown
from activitypub.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, NOTE_TYPES

# Mastodon's limits (its FEDERATION.md), and ours where it names none.
MAX_NAME = 2048
MAX_SUMMARY = 20_000
MAX_CONTENT = 200_000
MAX_FIELDS = 50
MAX_FIELD = 2047
MAX_KEYS = 10
MAX_ALIASES = 256
MAX_ATTACHMENTS = 16
MAX_DESCRIPTION = 10_000
MAX_TAGS = 500
MAX_OPTIONS = 500
MAX_OPTION = 500
MAX_OBJECTS = 100

# An instance actor is often named for its host, which has a port on a test machine.
_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(?::[0-9]{2,5})?", re.IGNORECASE | re.ASCII)
_BLURHASH = re.compile(r"[A-Za-z0-9#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")
_SHORTCODE = re.compile(r"[A-Za-z0-9_]{1,200}")
_HASHTAG = re.compile(r"\w{1,200}")
_FILES = frozenset({"Document", "Image", "Video", "Audio"})


def read_activity(document: dict[str, Any]) -> Activity:
    """Read an activity; raises Malformed. Types that nobody knows are read as well."""
    actors = listed(document.get("actor"))
    if len(actors) != 1 or (actor := uri_of(actors)) is None:
        raise Malformed("The activity must have exactly one actor with an https id.")
    objects = listed(document.get("object"))[:MAX_OBJECTS]
    if not all(isinstance(item, str | dict) for item in objects):
        raise Malformed("The object of the activity is neither an id nor an object.")
    return Activity(
        id=_required_id(document, "activity"),
        type=_required_type(document, ACTIVITY_TYPES),
        actor=actor,
        object=objects[0] if len(objects) == 1 else objects,
        to=audience_of(document.get("to")),
        cc=audience_of(document.get("cc")),
        target=uri_of(document.get("target")),
        published=time_of(document.get("published")),
        raw=document,
    )


def read_actor(document: dict[str, Any]) -> Actor:
    """Read an actor; raises Malformed.

    Required are an https id, a known type, a user name or a webfinger address, and an inbox on
    the actor's own origin; whatever else lies on another host is dropped.
    """
    actor_id = _required_id(document, "actor")
    kind = _type_among(document, ACTOR_TYPES, "actor")
    inbox = _own_uri(document.get("inbox"), actor_id)
    if inbox is None:
        raise Malformed(f"{shown(actor_id)} has no inbox on its own host.")
    webfinger = text_of(document, "webfinger", MAX_NAME).removeprefix("acct:") or None
    return Actor(
        id=actor_id,
        type=kind,
        username=_read_username(document, webfinger),
        inbox=inbox,
        shared_inbox=_read_shared_inbox(document, actor_id),
        outbox=_own_uri(document.get("outbox"), actor_id),
        followers=_own_uri(document.get("followers"), actor_id),
        following=_own_uri(document.get("following"), actor_id),
        featured=_own_uri(document.get("featured"), actor_id),
        name=text_of(document, "name", MAX_NAME),
        summary_html=text_of(document, "summary", MAX_SUMMARY),
        url=_own_page(document, actor_id),
        locked=flag_of(document.get("manuallyApprovesFollowers")),
        bot=kind in ("Service", "Application"),
        discoverable=flag_of(document.get("discoverable")),
        indexable=flag_of(document.get("indexable")),
        icon=_read_image(document.get("icon")),
        image=_read_image(document.get("image")),
        fields=_read_fields(document),
        keys=_read_keys(document, actor_id),
        published=time_of(document.get("published")),
        also_known_as=uris_of(document.get("alsoKnownAs"), MAX_ALIASES),
        moved_to=uri_of(document.get("movedTo")),
        webfinger=webfinger,
        suspended=flag_of(document.get("suspended")),
        emojis=_read_emojis(_tags(document, "Emoji")),
    )


def read_note(document: dict[str, Any]) -> Note:
    """Read a post of any type; raises Malformed.

    Required are an https id, a known type and an author; whether the author may own this id is
    for ownership.check_object to decide.
    """
    note_id = _required_id(document, "post")
    kind = _type_among(document, NOTE_TYPES, "post")
    author = uri_of(document.get("attributedTo"))
    if author is None:
        raise Malformed(f"{shown(note_id)} does not say who wrote it.")
    content, language = localised(document, "content", MAX_CONTENT)
    return Note(
        id=note_id,
        type=kind,
        attributed_to=author,
        url=_own_page(document, note_id),
        content_html=content,
        summary=text_of(document, "summary", MAX_SUMMARY),
        language=language,
        published=time_of(document.get("published")),
        updated=time_of(document.get("updated")),
        in_reply_to=uri_of(document.get("inReplyTo")),
        to=audience_of(document.get("to")),
        cc=audience_of(document.get("cc")),
        sensitive=flag_of(document.get("sensitive")),
        attachments=_read_attachments(document),
        mentions=_read_mentions(document),
        hashtags=_read_hashtags(document),
        poll=_read_poll(document) if kind == "Question" else None,
        conversation=(id_of(document.get("conversation")) or "")[:MAX_NAME] or None,
        context=uri_of(document.get("context")),
        name=text_of(document, "name", MAX_NAME),
        emojis=_read_emojis(_tags(document, "Emoji")),
        quote=_read_quote(document),
    )


def _required_id(document: dict[str, Any], what: str) -> str:
    try:
        return check_http_uri(document.get("id"))
    except Malformed as error:
        raise Malformed(f"The {what} has no acceptable id: {error}") from error


def _required_type(document: dict[str, Any], known: tuple[str, ...]) -> str:
    kind = type_of(document, known)
    if kind is None or len(kind) > 200:
        raise Malformed("The document has no type.")
    return kind


def _type_among(document: dict[str, Any], known: tuple[str, ...], what: str) -> str:
    kind = _required_type(document, known)
    if kind not in known:
        raise Malformed(f"The document is no {what}, but a {kind[:50]!r}.")
    return kind


def _own_uri(value: object, owner: str) -> str | None:
    uri = uri_of(value)
    return uri if uri is not None and same_origin(uri, owner) else None


def _own_page(document: dict[str, Any], owner: str) -> str:
    """Return the first page on the document's own host: another one would lend a false face."""
    for item in listed(document.get("url"))[:20]:
        link = link_of(item)
        if link is not None and same_origin(link[0], owner):
            return link[0]
    return owner


def _read_username(document: dict[str, Any], webfinger: str | None) -> str:
    username = document.get("preferredUsername")
    if username is None and webfinger is not None:
        username = webfinger.partition("@")[0]
    if not isinstance(username, str) or len(username) > MAX_NAME:
        raise Malformed("The actor has no user name.")
    if not _USERNAME.fullmatch(username):
        raise Malformed("The user name of the actor contains characters that are not accepted.")
    return username


def _read_shared_inbox(document: dict[str, Any], actor_id: str) -> str | None:
    endpoints = first(document.get("endpoints"))
    if isinstance(endpoints, dict) and (uri := _own_uri(endpoints.get("sharedInbox"), actor_id)):
        return uri
    return _own_uri(document.get("sharedInbox"), actor_id)


def _read_image(value: object) -> Image | None:
    item = first(value)
    link = link_of(item)
    if link is None:
        return None
    if not isinstance(item, dict):
        return Image(link[0])
    description = text_of(item, "summary", MAX_DESCRIPTION) or text_of(
        item, "name", MAX_DESCRIPTION
    )
    return Image(link[0], link[1], description)


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


def _read_keys(document: dict[str, Any], actor_id: str) -> tuple[PublicKey, ...]:
    """Read the keys that name this actor as owner and lie on its origin; others are ignored."""
    found = []
    for item in listed(document.get("publicKey"))[:MAX_KEYS]:
        if not isinstance(item, dict) or uri_of(item.get("owner")) != actor_id:
            continue
        key_id, pem = _own_uri(item.get("id"), actor_id), item.get("publicKeyPem")
        if key_id is not None and isinstance(pem, str):
            found.append(PublicKey(key_id, actor_id, pem))
    return tuple(found)


def _tags(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        item
        for item in listed(document.get("tag"))[:MAX_TAGS]
        if isinstance(item, dict) and type_of(item, (kind,)) == kind
    ]


def _read_emojis(tags: list[dict[str, Any]]) -> tuple[Emoji, ...]:
    found: dict[str, Emoji] = {}
    for item in tags:
        name = text_of(item, "name", MAX_NAME).strip(":")
        icon = _read_image(item.get("icon"))
        if icon is not None and _SHORTCODE.fullmatch(name):
            found[name] = Emoji(name, icon.url, icon.media_type, time_of(item.get("updated")))
    return tuple(found.values())


def _read_mentions(document: dict[str, Any]) -> tuple[Mention, ...]:
    found: dict[str, Mention] = {}
    for item in _tags(document, "Mention"):
        if (href := uri_of(item.get("href"))) is not None:
            found.setdefault(href, Mention(href, text_of(item, "name", MAX_NAME)))
    return tuple(found.values())


def _read_hashtags(document: dict[str, Any]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in _tags(document, "Hashtag"):
        name = text_of(item, "name", MAX_NAME).removeprefix("#")
        if _HASHTAG.fullmatch(name):
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _read_attachments(document: dict[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for item in listed(document.get("attachment"))[:MAX_TAGS]:
        if isinstance(item, dict) and type_of(item, tuple(_FILES)) in _FILES:
            link = link_of(item.get("url") or item.get("href"))
            if link is not None:
                found.append(_read_attachment(item, *link))
    return tuple(found[:MAX_ATTACHMENTS])


def _read_attachment(item: dict[str, Any], url: str, link_type: str | None) -> Attachment:
    own_type = item.get("mediaType")
    blurhash = item.get("blurhash")
    return Attachment(
        url=url,
        media_type=own_type if isinstance(own_type, str) and len(own_type) <= 100 else link_type,
        # GoToSocial and Honk describe in summary, the others in name.
        description=text_of(item, "summary", MAX_DESCRIPTION)
        or text_of(item, "name", MAX_DESCRIPTION),
        blurhash=blurhash if isinstance(blurhash, str) and _BLURHASH.fullmatch(blurhash) else None,
        width=count_of(item.get("width")),
        height=count_of(item.get("height")),
        focus=_read_focus(item.get("focalPoint")),
    )


def _read_focus(value: object) -> tuple[float, float] | None:
    if isinstance(value, dict):
        value = value.get("@list")
    match value:
        case [int() | float() as x, int() | float() as y] if math.isfinite(x) and math.isfinite(y):
            return max(-1.0, min(1.0, float(x))), max(-1.0, min(1.0, float(y)))
        case _:
            return None


def _read_poll(document: dict[str, Any]) -> Poll | None:
    multiple = document.get("anyOf") is not None
    items = listed(document.get("anyOf") if multiple else document.get("oneOf"))[:MAX_OPTIONS]
    options = []
    for item in items:
        if isinstance(item, dict) and (name := text_of(item, "name", MAX_OPTION)):
            replies = first(item.get("replies"))
            votes = count_of(replies.get("totalItems")) if isinstance(replies, dict) else 0
            options.append(PollOption(name, votes or 0))
    if not options:
        return None
    end_time = time_of(document.get("endTime"))
    return Poll(
        options=tuple(options),
        multiple=multiple,
        end_time=end_time,
        closed=_read_closed(document, end_time),
        voters_count=count_of(document.get("votersCount")),
    )


def _read_closed(document: dict[str, Any], end_time: datetime | None) -> datetime | None:
    closed = document.get("closed")
    if flag_of(closed):
        return end_time or time_of(document.get("updated")) or time_of(document.get("published"))
    return time_of(closed)


def _read_quote(document: dict[str, Any]) -> str | None:
    for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote"):
        if (uri := uri_of(document.get(name))) is not None:
            return uri
    return None
