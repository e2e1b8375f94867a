"""The documents that we send, as plain dictionaries with our @context.

Each public function returns a complete document; where one is embedded in another, the inner one
loses its context. Ids are given by the caller: this module invents none. Serialise with encode().
"""

from activitypub.writing.activities import (
    accept,
    add,
    announce,
    block,
    create,
    delete,
    flag,
    follow,
    like,
    move,
    reject,
    remove,
    undo,
    update_actor,
    update_manifest,
    update_note,
    vote,
)
from activitypub.writing.actors import (
    OutgoingActor,
    actor,
    bare_actor,
    instance_actor,
)
from activitypub.writing.collections import (
    collection,
    conversation,
    ordered_collection,
    ordered_collection_page,
    ordered_items,
    replies,
    replies_page,
    tally,
)
from activitypub.writing.context import (
    ACTOR_CONTEXT,
    CONTEXT,
    MAX_BODY,
    Json,
    encode,
    timestamp,
)
from activitypub.writing.emojis import (
    OutgoingEmoji,
    emoji,
)
from activitypub.writing.notes import (
    OutgoingNote,
    Responses,
    Tag,
    hashtag,
    note,
    tombstone,
)
from activitypub.writing.quotes import (
    OutgoingQuote,
    Stamp,
    quote_request,
    revoke,
    stamp,
)

__all__ = [
    "ACTOR_CONTEXT",
    "CONTEXT",
    "MAX_BODY",
    "Json",
    "OutgoingActor",
    "OutgoingEmoji",
    "OutgoingNote",
    "OutgoingQuote",
    "Responses",
    "Stamp",
    "Tag",
    "accept",
    "actor",
    "add",
    "announce",
    "bare_actor",
    "block",
    "collection",
    "conversation",
    "create",
    "delete",
    "emoji",
    "encode",
    "flag",
    "follow",
    "hashtag",
    "instance_actor",
    "like",
    "move",
    "note",
    "ordered_collection",
    "ordered_collection_page",
    "ordered_items",
    "quote_request",
    "reject",
    "remove",
    "replies",
    "replies_page",
    "revoke",
    "stamp",
    "tally",
    "timestamp",
    "tombstone",
    "undo",
    "update_actor",
    "update_manifest",
    "update_note",
    "vote",
]
