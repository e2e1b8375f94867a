"""The literal table of what is understood: activity type and type of its object.

The object's type is "id" where only its id came, "list" for several, "" where there is none.
What is not in the table is no error: servers tell each other much that is nothing to us.
"""

from typing import Final

from activitypub.objects import Activity
from activitypub.properties import type_of
from activitypub.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, NOTE_TYPES
from fedimmp.inbound.announces import ANNOUNCE
from fedimmp.inbound.approvals import ACCEPT_NAMED, APPROVAL, REJECT_NAMED
from fedimmp.inbound.blocks import BLOCK
from fedimmp.inbound.creates import CREATE, CREATE_NAMED
from fedimmp.inbound.deletes import DELETE
from fedimmp.inbound.features import ADD, REMOVE
from fedimmp.inbound.flags import FLAG
from fedimmp.inbound.follows import ACCEPT, FOLLOW, REJECT
from fedimmp.inbound.groups import RELAYED
from fedimmp.inbound.likes import LIKE
from fedimmp.inbound.manifests import MANIFEST_NEWS
from fedimmp.inbound.moves import MOVE
from fedimmp.inbound.quotes import ACCEPT_QUOTE, QUOTE_REQUEST, REJECT_QUOTE
from fedimmp.inbound.received import Handler
from fedimmp.inbound.requests import REACTION_REQUEST
from fedimmp.inbound.undos import UNDO
from fedimmp.inbound.updates import UPDATE_ACTOR, UPDATE_NAMED, UPDATE_NOTE
from fedimmp.inbound.votes import VOTE, is_vote

ANY: Final = "*"
VOTES: Final = "vote"
MANIFEST: Final = "Document"

HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    **{("Create", kind): CREATE for kind in NOTE_TYPES},
    ("Create", VOTES): VOTE,
    ("Create", "list"): VOTE,
    ("Create", "id"): CREATE_NAMED,
    **{("Update", kind): UPDATE_NOTE for kind in NOTE_TYPES},
    **{("Update", kind): UPDATE_ACTOR for kind in ACTOR_TYPES},
    ("Update", MANIFEST): MANIFEST_NEWS,
    ("Update", "id"): UPDATE_NAMED,
    ("Delete", ANY): DELETE,
    **{("Announce", kind): RELAYED for kind in ACTIVITY_TYPES},
    ("Announce", ANY): ANNOUNCE,
    ("Like", ANY): LIKE,
    ("EmojiReact", ANY): LIKE,
    ("Follow", ANY): FOLLOW,
    ("Accept", "Follow"): ACCEPT,
    ("Accept", "QuoteRequest"): ACCEPT_QUOTE,
    ("Accept", "ReplyRequest"): APPROVAL,
    ("Accept", "Create"): APPROVAL,
    **{("Accept", kind): APPROVAL for kind in NOTE_TYPES},
    ("Accept", "id"): ACCEPT_NAMED,
    ("Reject", "Follow"): REJECT,
    ("Reject", "QuoteRequest"): REJECT_QUOTE,
    ("Reject", "id"): REJECT_NAMED,
    ("QuoteRequest", ANY): QUOTE_REQUEST,
    ("LikeRequest", ANY): REACTION_REQUEST,
    ("ReplyRequest", ANY): REACTION_REQUEST,
    ("AnnounceRequest", ANY): REACTION_REQUEST,
    ("Undo", ANY): UNDO,
    ("Block", ANY): BLOCK,
    ("Flag", ANY): FLAG,
    ("Move", ANY): MOVE,
    ("Add", ANY): ADD,
    ("Remove", ANY): REMOVE,
}

_KNOWN_OBJECTS = (*NOTE_TYPES, *ACTOR_TYPES, *ACTIVITY_TYPES, MANIFEST)


def find_handler(activity: Activity) -> Handler | None:
    """Return what handles an activity, None where nothing needs to be done."""
    exact = HANDLERS.get((activity.type, object_kind(activity)))
    return exact or HANDLERS.get((activity.type, ANY))


def object_kind(activity: Activity) -> str:
    """Return the type of an activity's object as the table spells it."""
    match activity.object:
        case str():
            return "id"
        case dict() as document:
            if activity.type == "Create" and is_vote(document):
                return VOTES
            return type_of(document, _KNOWN_OBJECTS) or ""
        case list() as several:
            return "list" if several else ""
