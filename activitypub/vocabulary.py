"""Names of ActivityStreams and its extensions that more than one module needs."""

from typing import Final

AS2: Final = "https://www.w3.org/ns/activitystreams"
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
# Bugs of several servers (Akkoma, Fedify, bovine) put the two short spellings on the wire.
PUBLIC_SPELLINGS: Final = frozenset({PUBLIC, "as:Public", "Public"})

SECURITY_V1: Final = "https://w3id.org/security/v1"
DATA_INTEGRITY_V1: Final = "https://w3id.org/security/data-integrity/v1"
DID_V1: Final = "https://www.w3.org/ns/did/v1"
MULTIKEY_V1: Final = "https://w3id.org/security/multikey/v1"
WEBFINGER_TERMS: Final = "https://purl.archive.org/socialweb/webfinger"

ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = "application/ld+json"
# What we ask for when we fetch, and what we send when we are asked.
ACCEPT: Final = f'{ACTIVITY_JSON}, {LD_JSON}; profile="{AS2}"'
CONTENT_TYPE: Final = f"{ACTIVITY_JSON}; charset=utf-8"

ACTOR_TYPES: Final = ("Person", "Service", "Group", "Organization", "Application")
# Objects that are shown as posts; all but Note and Question by title, summary and link.
NOTE_TYPES: Final = (
    "Note",
    "Question",
    "Article",
    "Page",
    "Image",
    "Audio",
    "Video",
    "Event",
)
ACTIVITY_TYPES: Final = (
    "Create",
    "Update",
    "Delete",
    "Announce",
    "Like",
    "EmojiReact",
    "Follow",
    "Accept",
    "Reject",
    "Undo",
    "Block",
    "Flag",
    "Move",
    "Add",
    "Remove",
    "QuoteRequest",
    "LikeRequest",
    "ReplyRequest",
    "AnnounceRequest",
)
GTS_TERMS: Final = "https://gotosocial.org/ns"

# How an author proves to have agreed to a quote (FEP-044f), or to a reaction (GoToSocial).
AUTHORIZATION_TYPES: Final = (
    "QuoteAuthorization",
    "ReplyAuthorization",
    "ReplyApproval",
    "LikeAuthorization",
    "LikeApproval",
    "AnnounceAuthorization",
    "AnnounceApproval",
)
