"""The documents that we send, as plain dictionaries with our @context.

Each public function returns a complete document; where one is embedded in another, the inner one
loses its context. Ids are given by the caller: this module invents none. Serialise with encode().
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activitypub.documents import serialise
from activitypub.errors import TooLarge
from activitypub.objects import Attachment, Image, Mention, Poll
from activitypub.vocabulary import AS2, PUBLIC, SECURITY_V1, WEBFINGER_TERMS

Json = dict[str, Any]

# Misskey refuses larger bodies.
MAX_BODY = 64 * 1024

CONTEXT: list[Any] = [
    AS2,
    SECURITY_V1,
    WEBFINGER_TERMS,
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "ostatus": "http://ostatus.org#",
        "Hashtag": "as:Hashtag",
        "PropertyValue": "schema:PropertyValue",
        "blurhash": "toot:blurhash",
        "conversation": "ostatus:conversation",
        "discoverable": "toot:discoverable",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
        "indexable": "toot:indexable",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "sensitive": "as:sensitive",
        "suspended": "toot:suspended",
        "value": "schema:value",
        "votersCount": "toot:votersCount",
    },
]


@dataclass(frozen=True, slots=True)
class OutgoingActor:
    """A member of ours, or another actor of this instance, as peers see it.

    handle is user@host; fields are (name, HTML) pairs; published is shown with its day only.
    """

    uri: str
    type: str
    username: str
    handle: str
    inbox: str
    shared_inbox: str
    outbox: str
    followers: str
    following: str
    featured: str
    url: str
    key_id: str
    public_key_pem: str
    name: str = ""
    summary_html: str = ""
    locked: bool = False
    discoverable: bool = True
    indexable: bool = True
    published: datetime | None = None
    icon: Image | None = None
    image: Image | None = None
    fields: Sequence[tuple[str, str]] = ()
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A hashtag without its #, and the page that lists it."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class OutgoingNote:
    """A post of a member; a poll makes it a Question. to and cc come from audience.audience()."""

    uri: str
    actor: str
    url: str
    content_html: str
    published: datetime
    to: Sequence[str]
    cc: Sequence[str]
    summary: str | None = None
    language: str | None = None
    updated: datetime | None = None
    in_reply_to: str | None = None
    sensitive: bool = False
    attachments: Sequence[Attachment] = ()
    mentions: Sequence[Mention] = ()
    hashtags: Sequence[Tag] = ()
    poll: Poll | None = None
    conversation: str | None = None


def encode(document: Json) -> bytes:
    """Return the bytes to send; raises TooLarge beyond 64 KiB."""
    body = serialise(document)
    if len(body) > MAX_BODY:
        raise TooLarge(f"A document of ours is larger than {MAX_BODY} bytes.")
    return body


def actor(member: OutgoingActor) -> Json:
    """Return the whole document of an actor, for signed readers."""
    document = bare_actor(member) | {
        "webfinger": member.handle,
        "outbox": member.outbox,
        "followers": member.followers,
        "following": member.following,
        "featured": member.featured,
        "endpoints": {"sharedInbox": member.shared_inbox},
        "name": member.name,
        "summary": member.summary_html,
        "url": member.url,
        "manuallyApprovesFollowers": member.locked,
        "discoverable": member.discoverable,
        "indexable": member.indexable,
        "attachment": [
            {"type": "PropertyValue", "name": name, "value": value} for name, value in member.fields
        ],
    }
    if member.published is not None:
        document["published"] = f"{member.published.astimezone(UTC):%Y-%m-%d}T00:00:00Z"
    if member.suspended:
        document["suspended"] = True
    for name, picture in (("icon", member.icon), ("image", member.image)):
        if picture is not None:
            document[name] = _image(picture)
    return document


def bare_actor(member: OutgoingActor) -> Json:
    """Return what anybody needs to verify the signatures of an actor, and no more."""
    return {
        "@context": CONTEXT,
        "id": member.uri,
        "type": member.type,
        "preferredUsername": member.username,
        "inbox": member.inbox,
        "publicKey": _public_key(member.key_id, member.uri, member.public_key_pem),
    }


def instance_actor(
    uri: str,
    *,
    username: str,
    name: str,
    url: str,
    inbox: str,
    outbox: str,
    shared_inbox: str,
    key_id: str,
    public_key_pem: str,
) -> Json:
    """Return the actor that signs the fetches of this instance; anybody may read it."""
    return {
        "@context": CONTEXT,
        "id": uri,
        "type": "Application",
        "preferredUsername": username,
        "name": name,
        "url": url,
        "inbox": inbox,
        "outbox": outbox,
        "endpoints": {"sharedInbox": shared_inbox},
        "manuallyApprovesFollowers": True,
        "publicKey": _public_key(key_id, uri, public_key_pem),
    }


def note(post: OutgoingNote) -> Json:
    """Return a Note, or a Question where there is a poll."""
    document: Json = {
        "@context": CONTEXT,
        "id": post.uri,
        "type": "Note" if post.poll is None else "Question",
        "attributedTo": post.actor,
        "url": post.url,
        "published": timestamp(post.published),
        "to": list(post.to),
        "cc": list(post.cc),
        "inReplyTo": post.in_reply_to,
        "summary": post.summary or None,
        "sensitive": post.sensitive,
        "content": post.content_html,
        "attachment": [_attachment(file) for file in post.attachments],
        "tag": [
            *({"type": "Mention", "href": each.href, "name": each.name} for each in post.mentions),
            *(
                {"type": "Hashtag", "href": each.href, "name": f"#{each.name}"}
                for each in post.hashtags
            ),
        ],
    }
    if post.language:
        document["contentMap"] = {post.language: post.content_html}
    if post.updated is not None:
        document["updated"] = timestamp(post.updated)
    if post.conversation is not None:
        document["conversation"] = post.conversation
    return document if post.poll is None else document | _poll(post.poll)


def create(activity_id: str, post: OutgoingNote) -> Json:
    """Return the Create of a post, addressed as the post is."""
    return _activity("Create", activity_id, post.actor, _embedded(note(post))) | {
        "published": timestamp(post.published),
        "to": list(post.to),
        "cc": list(post.cc),
    }


def vote(
    activity_id: str,
    vote_id: str,
    actor_uri: str,
    *,
    option: str,
    question_uri: str,
    author_uri: str,
    published: datetime,
) -> Json:
    """Return the Create of a vote: a post without content whose name is the exact option."""
    ballot: Json = {
        "id": vote_id,
        "type": "Note",
        "attributedTo": actor_uri,
        "name": option,
        "inReplyTo": question_uri,
        "to": [author_uri],
    }
    return _activity("Create", activity_id, actor_uri, ballot) | {
        "published": timestamp(published),
        "to": [author_uri],
    }


def update_note(activity_id: str, post: OutgoingNote, published: datetime) -> Json:
    """Return the Update of a post."""
    return _activity("Update", activity_id, post.actor, _embedded(note(post))) | {
        "published": timestamp(published),
        "to": list(post.to),
        "cc": list(post.cc),
    }


def update_actor(activity_id: str, member: OutgoingActor) -> Json:
    """Return the Update of an actor."""
    return _activity("Update", activity_id, member.uri, _embedded(actor(member))) | {
        "to": [PUBLIC],
        "cc": [member.followers],
    }


def tombstone(object_uri: str, deleted: datetime | None = None) -> Json:
    """Return what stands where a deleted object was."""
    document: Json = {"@context": CONTEXT, "id": object_uri, "type": "Tombstone"}
    return document if deleted is None else document | {"deleted": timestamp(deleted)}


def delete(
    activity_id: str,
    actor_uri: str,
    object_uri: str,
    to: Sequence[str] = (PUBLIC,),
    cc: Sequence[str] = (),
) -> Json:
    """Return the Delete of a post, or of the actor itself if the object is the actor."""
    deleted = object_uri if object_uri == actor_uri else _embedded(tombstone(object_uri))
    return _activity("Delete", activity_id, actor_uri, deleted) | {"to": list(to), "cc": list(cc)}


def announce(
    activity_id: str,
    actor_uri: str,
    object_uri: str,
    published: datetime,
    to: Sequence[str],
    cc: Sequence[str],
) -> Json:
    """Return the boost of a post, by its id."""
    return _activity("Announce", activity_id, actor_uri, object_uri) | {
        "published": timestamp(published),
        "to": list(to),
        "cc": list(cc),
    }


def like(activity_id: str, actor_uri: str, object_uri: str, author_uri: str) -> Json:
    """Return the favourite of a post, addressed to its author."""
    return _activity("Like", activity_id, actor_uri, object_uri) | {"to": [author_uri]}


def follow(activity_id: str, actor_uri: str, target_uri: str) -> Json:
    """Return the request to follow an actor."""
    return _activity("Follow", activity_id, actor_uri, target_uri) | {"to": [target_uri]}


def accept(activity_id: str, actor_uri: str, request: Json) -> Json:
    """Return the Accept of a Follow; request is that whole activity."""
    return _answer("Accept", activity_id, actor_uri, request)


def reject(activity_id: str, actor_uri: str, request: Json) -> Json:
    """Return the Reject of a Follow, also of one that was accepted before."""
    return _answer("Reject", activity_id, actor_uri, request)


def undo(activity_id: str, actor_uri: str, activity: Json) -> Json:
    """Return the Undo of an activity of the same actor, addressed as that one was."""
    audience = {name: activity[name] for name in ("to", "cc") if name in activity}
    return _activity("Undo", activity_id, actor_uri, _embedded(activity)) | audience


def block(activity_id: str, actor_uri: str, target_uri: str) -> Json:
    """Return the Block of an actor; it goes to nobody but the blocked one's server."""
    return _activity("Block", activity_id, actor_uri, target_uri) | {"to": [target_uri]}


def ordered_collection(uri: str, total: int, *, first: str | None = None) -> Json:
    """Return a collection whose items are on its pages, or are not shown where first is None."""
    document: Json = {
        "@context": CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": total,
    }
    return document if first is None else document | {"first": first}


def ordered_items(uri: str, items: Sequence[Json | str]) -> Json:
    """Return a small collection with all its items in it."""
    return ordered_collection(uri, len(items)) | {"orderedItems": _items(items)}


def ordered_collection_page(
    uri: str,
    part_of: str,
    items: Sequence[Json | str],
    *,
    next_page: str | None = None,
    previous_page: str | None = None,
) -> Json:
    """Return one page of a collection, newest items first."""
    document: Json = {
        "@context": CONTEXT,
        "id": uri,
        "type": "OrderedCollectionPage",
        "partOf": part_of,
        "orderedItems": _items(items),
    }
    links = {"next": next_page, "prev": previous_page}
    return document | {name: page for name, page in links.items() if page is not None}


def timestamp(time: datetime) -> str:
    """Return a time as it stands on the wire: UTC with milliseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def _activity(kind: str, activity_id: str, actor_uri: str, inner: Json | str) -> Json:
    return {
        "@context": CONTEXT,
        "id": activity_id,
        "type": kind,
        "actor": actor_uri,
        "object": inner,
    }


def _answer(kind: str, activity_id: str, actor_uri: str, request: Json) -> Json:
    # Pleroma and Lemmy find the request by its parts, others by its id: all of it, nothing else.
    parts: Json = {
        name: request[name] for name in ("id", "type", "actor", "object") if name in request
    }
    return _activity(kind, activity_id, actor_uri, parts) | {"to": [request["actor"]]}


def _embedded(document: Json) -> Json:
    return {name: value for name, value in document.items() if name != "@context"}


def _items(items: Sequence[Json | str]) -> list[Json | str]:
    return [item if isinstance(item, str) else _embedded(item) for item in items]


def _public_key(key_id: str, owner: str, pem: str) -> Json:
    return {"id": key_id, "owner": owner, "publicKeyPem": pem}


def _image(picture: Image) -> Json:
    document: Json = {"type": "Image", "url": picture.url}
    if picture.media_type is not None:
        document["mediaType"] = picture.media_type
    if picture.description:
        document["summary"] = picture.description
    return document


def _attachment(file: Attachment) -> Json:
    document: Json = {
        "type": "Document",
        "mediaType": file.media_type,
        "url": file.url,
        "name": file.description or None,
    }
    if file.focus is not None:
        document["focalPoint"] = list(file.focus)
    for name, value in (
        ("blurhash", file.blurhash),
        ("width", file.width),
        ("height", file.height),
    ):
        if value is not None:
            document[name] = value
    return document


def _poll(poll: Poll) -> Json:
    options = [
        {
            "type": "Note",
            "name": option.name,
            "replies": {"type": "Collection", "totalItems": option.votes},
        }
        for option in poll.options
    ]
    document: Json = {"anyOf" if poll.multiple else "oneOf": options}
    if poll.voters_count is not None:
        document["votersCount"] = poll.voters_count
    for name, time in (("endTime", poll.end_time), ("closed", poll.closed)):
        if time is not None:
            document[name] = timestamp(time)
    return document
