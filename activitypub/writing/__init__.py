"""The documents that we send, as plain dictionaries with our @context.

Each public function returns a complete document; where one is embedded in another, the inner one
loses its context. Ids are given by the caller: this module invents none. Serialise with encode().
"""

from activitypub.writing.activities import (
    accept,
    announce,
    block,
    create,
    delete,
    follow,
    like,
    reject,
    undo,
    update_actor,
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
    ordered_collection,
    ordered_collection_page,
    ordered_items,
)
from activitypub.writing.context import (
    CONTEXT,
    MAX_BODY,
    Json,
    encode,
    timestamp,
)
from activitypub.writing.notes import (
    OutgoingNote,
    Tag,
    note,
    tombstone,
)

__all__ = [
    "CONTEXT",
    "MAX_BODY",
    "Json",
    "OutgoingActor",
    "OutgoingNote",
    "Tag",
    "accept",
    "actor",
    "announce",
    "bare_actor",
    "block",
    "create",
    "delete",
    "encode",
    "follow",
    "instance_actor",
    "like",
    "note",
    "ordered_collection",
    "ordered_collection_page",
    "ordered_items",
    "reject",
    "timestamp",
    "tombstone",
    "undo",
    "update_actor",
    "update_note",
    "vote",
]
