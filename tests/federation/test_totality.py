"""Whatever a document holds, it is read or refused with a sentence: no reader ever breaks."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from activitypub.documents import parse_document
from activitypub.errors import ProtocolError
from activitypub.jsonld import normalise
from activitypub.reading import read_activity, read_actor, read_note
from activitypub.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, AS2, NOTE_TYPES, PUBLIC
from fedimmp.inbound.dispatch import find_handler
from fedimmp.ingest.contents import content_of, distinct_ids

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE = "https://b.example/1"
_PROPERTIES = """
    actor attachment attributedTo blurhash cc closed content contentMap context conversation
    directMessage duration endTime focalPoint height href icon id inReplyTo inbox mediaType name
    nameMap object oneOf anyOf preferredUsername publicKey published quote replies sensitive
    source summary summaryMap tag target to totalItems type updated url votersCount width
    @context @value @language @type @id @list
    """
_NAMES = st.sampled_from(_PROPERTIES.split())
_TEXTS = st.sampled_from(
    [
        *(AS2, PUBLIC, "as:Public", HERE, "https://b.example/users/alice", "http://[", "", "#x"),
        *("en", "und", "2026-11-24T12:00:00Z", "PT3S", "text/html", "image/png", ":cat:", "<b>"),
        *("javascript:x", "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "Link", "Hashtag", "Emoji", "Mention"),
        *(*NOTE_TYPES, *ACTOR_TYPES[:2], *ACTIVITY_TYPES[:6], "PropertyValue", "Image"),
    ]
)
_LEAVES = st.none() | st.booleans() | st.integers(-2, 2**40) | st.floats(-2, 2) | _TEXTS
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=20,
)
_OBJECTS = st.dictionaries(_NAMES, _VALUES, max_size=12)


@settings(max_examples=300, deadline=None)
@given(_OBJECTS, st.sampled_from(NOTE_TYPES))
def test_every_post_is_read_and_shown_or_malformed(found: dict[str, Any], kind: str) -> None:
    document = {"@context": AS2, "id": HERE, "type": kind, "attributedTo": HERE} | found
    with contextlib.suppress(ProtocolError):
        note = read_note(normalise(parse_document(orjson.dumps(document))))
        content = content_of(note, distinct_ids(NOW), NOW)
        assert "<script" not in content.html
        assert len(content.attachments) <= 16


@settings(max_examples=300, deadline=None)
@given(_OBJECTS, st.sampled_from(ACTOR_TYPES))
def test_every_actor_is_read_or_malformed(found: dict[str, Any], kind: str) -> None:
    whole = {"preferredUsername": "alice", "inbox": f"{HERE}/inbox"}
    document = {"@context": AS2, "id": HERE, "type": kind} | whole | found
    with contextlib.suppress(ProtocolError):
        assert read_actor(normalise(parse_document(orjson.dumps(document)))).username


@settings(max_examples=300, deadline=None)
@given(_OBJECTS, st.sampled_from(ACTIVITY_TYPES), _VALUES)
def test_every_activity_is_understood_or_malformed(
    found: dict[str, Any], kind: str, thing: object
) -> None:
    document = {"@context": AS2, "id": HERE, "type": kind, "actor": HERE, "object": thing} | found
    with contextlib.suppress(ProtocolError):
        activity = read_activity(normalise(parse_document(orjson.dumps(document))))
        handler = find_handler(activity)
        if handler is not None:
            handler.read(activity)
