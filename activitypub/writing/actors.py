"""Our actors as documents: whole for signed readers, bare for anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from activitypub.objects import Image
from activitypub.writing.context import ACTOR_CONTEXT, Json
from activitypub.writing.emojis import OutgoingEmoji, emoji_tag


@dataclass(frozen=True, slots=True)
class OutgoingActor:
    """A member of ours, or another actor of this instance, as peers see it.

    handle is user@host; multikey is the Ed25519 key as publicKeyMultibase; fields are (name, HTML)
    pairs; published is shown with its day only.
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
    featured_tags: str
    url: str
    key_id: str
    public_key_pem: str
    multikey_id: str
    multikey: str
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
    also_known_as: Sequence[str] = ()
    moved_to: str | None = None
    emojis: Sequence[OutgoingEmoji] = ()
    attribution_domains: Sequence[str] = ()


def actor(member: OutgoingActor) -> Json:
    """Return the whole document of an actor, for signed readers."""
    document = bare_actor(member) | {
        "webfinger": member.handle,
        "outbox": member.outbox,
        "followers": member.followers,
        "following": member.following,
        "featured": member.featured,
        "featuredTags": member.featured_tags,
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
    if member.emojis:
        document["tag"] = [emoji_tag(each) for each in member.emojis]
    if member.suspended:
        document["suspended"] = True
    if member.also_known_as:
        document["alsoKnownAs"] = list(member.also_known_as)
    if member.attribution_domains:
        document["attributionDomains"] = list(member.attribution_domains)
    if member.moved_to is not None:
        document["movedTo"] = member.moved_to
    for name, picture in (("icon", member.icon), ("image", member.image)):
        if picture is not None:
            document[name] = _image(picture)
    return document


def bare_actor(member: OutgoingActor) -> Json:
    """Return what anybody needs to verify the signatures of an actor, and no more."""
    return {
        "@context": ACTOR_CONTEXT,
        "id": member.uri,
        "type": member.type,
        "preferredUsername": member.username,
        "inbox": member.inbox,
        "publicKey": _public_key(member.key_id, member.uri, member.public_key_pem),
        "assertionMethod": [_multikey(member.multikey_id, member.uri, member.multikey)],
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
    multikey_id: str,
    multikey: str,
) -> Json:
    """Return the actor that signs the fetches of this instance; anybody may read it."""
    return {
        "@context": ACTOR_CONTEXT,
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
        "assertionMethod": [_multikey(multikey_id, uri, multikey)],
    }


def _public_key(key_id: str, owner: str, pem: str) -> Json:
    return {"id": key_id, "owner": owner, "publicKeyPem": pem}


def _multikey(key_id: str, owner: str, text: str) -> Json:
    return {"id": key_id, "type": "Multikey", "controller": owner, "publicKeyMultibase": text}


def _image(picture: Image) -> Json:
    document: Json = {"type": "Image", "url": picture.url}
    if picture.media_type is not None:
        document["mediaType"] = picture.media_type
    if picture.description:
        document["summary"] = picture.description
    return document
