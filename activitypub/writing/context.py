"""What all our documents share: the @context, their bytes, their times."""

from datetime import UTC, datetime
from typing import Any

from activitypub.documents import serialise
from activitypub.errors import TooLarge
from activitypub.vocabulary import (
    AS2,
    DATA_INTEGRITY_V1,
    DID_V1,
    MULTIKEY_V1,
    SECURITY_V1,
    WEBFINGER_TERMS,
)

Json = dict[str, Any]

# Misskey refuses larger bodies.
MAX_BODY = 64 * 1024

# Of posts and activities. Each proof repeats it, so it names no more than they use.
CONTEXT: list[Any] = [
    AS2,
    DATA_INTEGRITY_V1,
    {
        "toot": "http://joinmastodon.org/ns#",
        "ostatus": "http://ostatus.org#",
        "gts": "https://gotosocial.org/ns#",
        "Emoji": "toot:Emoji",
        "Hashtag": "as:Hashtag",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        "approvedBy": {"@id": "gts:approvedBy", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "blurhash": "toot:blurhash",
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "conversation": "ostatus:conversation",
        "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {
            "@id": "https://w3id.org/fep/044f#quoteAuthorization",
            "@type": "@id",
        },
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "replyAuthorization": {"@id": "gts:replyAuthorization", "@type": "@id"},
        "sensitive": "as:sensitive",
        "votersCount": "toot:votersCount",
    },
]

# Of actors; the vocabulary of DIDs is the one that defines assertionMethod (FEP-521a).
ACTOR_CONTEXT: list[Any] = [
    AS2,
    SECURITY_V1,
    DATA_INTEGRITY_V1,
    DID_V1,
    MULTIKEY_V1,
    WEBFINGER_TERMS,
    {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "Emoji": "toot:Emoji",
        "Hashtag": "as:Hashtag",
        "PropertyValue": "schema:PropertyValue",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "indexable": "toot:indexable",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "suspended": "toot:suspended",
        "value": "schema:value",
    },
]


def encode(document: Json) -> bytes:
    """Return the bytes to send; raises TooLarge beyond 64 KiB."""
    body = serialise(document)
    if len(body) > MAX_BODY:
        raise TooLarge(f"A document of ours is larger than {MAX_BODY} bytes.")
    return body


def timestamp(time: datetime) -> str:
    """Return a time as it stands on the wire: UTC with milliseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def embedded(document: Json) -> Json:
    """Return a document as it stands inside another one: without its context."""
    return {name: value for name, value in document.items() if name != "@context"}
