"""Documents with their usual contexts are read as they are, others are translated or refused."""

import time
from typing import Any
from unittest.mock import patch

import pytest

from activitypub.contexts import is_known
from activitypub.errors import Malformed
from activitypub.jsonld import normalise
from activitypub.vocabulary import AS2, SECURITY_V1
from activitypub.writing import CONTEXT

NOTE: dict[str, Any] = {"id": "https://b.example/1", "type": "Note", "content": "hi"}
MASTODON: dict[str, Any] = {
    "ostatus": "http://ostatus.org#",
    "atomUri": "ostatus:atomUri",
    "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
    "conversation": "ostatus:conversation",
    "sensitive": "as:sensitive",
    "toot": "http://joinmastodon.org/ns#",
    "votersCount": "toot:votersCount",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "Hashtag": "as:Hashtag",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "schema": "http://schema.org/",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "@language": "en",
}


@pytest.mark.parametrize(
    "context",
    [
        AS2,
        [AS2],
        [AS2, SECURITY_V1],
        [AS2, "https://pleroma.example/schemas/litepub-0.1.jsonld", {"@language": "und"}],
        [AS2, "https://gotosocial.org/ns", MASTODON],
        ["https://join-lemmy.org/context.json", AS2],
        [AS2, {"odd": "https://odd.example/ns#odd", "nothing": None}],
        [AS2, {"@vocab": "https://www.w3.org/ns/activitystreams#"}],
        CONTEXT,
    ],
)
def test_a_usual_document_stays_as_it_is(context: object) -> None:
    document = {"@context": context} | NOTE | {"object": {"@context": context} | NOTE}
    assert normalise(document) is document


def test_ours_is_read_as_plain_json_without_pyld() -> None:
    with patch("activitypub.jsonld.jsonld.compact", side_effect=AssertionError):
        assert normalise({"@context": CONTEXT} | NOTE)["content"] == "hi"


@pytest.mark.parametrize(
    "document",
    [
        {
            "@context": {"as": f"{AS2}#", "text": "as:content"},
            "@id": NOTE["id"],
            "@type": "as:Note",
            "text": "hi",
        },
        {"@context": AS2, "id": NOTE["id"], "type": "Note", "as:content": "hi"},
        {"@context": AS2, "id": NOTE["id"], "type": "Note", f"{AS2}#content": "hi"},
        {"@context": AS2, "@id": NOTE["id"], "@type": "Note", "content": "hi"},
        {"@context": [AS2, {"text": "as:content"}], "id": NOTE["id"], "type": "Note", "text": "hi"},
        {
            "@context": [AS2, {"p": f"{AS2}#"}, {"q": "p:", "text": "q:content"}],
            "id": NOTE["id"],
            "type": "Note",
            "text": "hi",
        },
        {
            "@context": [AS2, {"content": "as:name", "name": "as:content"}],
            "id": NOTE["id"],
            "type": "Note",
            "name": "hi",
        },
        {"@context": {"@vocab": f"{AS2}#", "id": "@id", "type": "@type"}, f"{AS2}#content": "hi"}
        | {"id": NOTE["id"], "type": "Note"},
    ],
)
def test_an_unusual_document_is_translated(document: dict[str, Any]) -> None:
    assert normalise(document) == {"@context": AS2} | NOTE


def test_a_renamed_actor_is_the_actor_that_counts() -> None:
    """A term with another meaning cannot say one thing to us and another to a strict reader."""
    document = {
        "@context": [
            AS2,
            {"actor": "https://evil.example/ns#x", "as_actor": {"@id": "as:actor", "@type": "@id"}},
        ],
        "id": "https://b.example/1",
        "type": "Like",
        "actor": "https://b.example/victim",
        "as_actor": "https://b.example/mallory",
        "object": "https://a.example/1",
    }
    assert normalise(document)["actor"] == "https://b.example/mallory"


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        "",
        "http://www.w3.org/ns/activitystreams",
        "https://schema.org/",
        {"name": "https://schema.org/name"},
        [{}],
        1,
        [AS2, 1],
        [AS2, []],
        [AS2, {"a" * n: "https://x.example/" for n in range(1, 400)}],
    ],
)
def test_a_missing_or_alien_context_is_malformed(context: object) -> None:
    with pytest.raises(Malformed, match="@context"):
        normalise({"@context": context} | NOTE)
    with pytest.raises(Malformed):
        normalise(dict(NOTE))


@pytest.mark.parametrize(
    "keyword", ["@graph", "@included", "@reverse", "@nest", "@import", "@propagate"]
)
@pytest.mark.sec("SEC-108")
def test_keywords_that_restructure_are_refused(keyword: str) -> None:
    undo = {"@context": AS2, "id": "https://b.example/1", "type": "Undo"}
    for document in (
        undo | {keyword: [NOTE]},
        undo | {"object": {"tag": [{keyword: NOTE}]}},
        undo | {"@context": [AS2, {keyword: "x"}]},
        undo | {"@context": [AS2, {"object": {"@id": "as:object", keyword: "x"}}]},
        undo | {"@context": {"as": f"{AS2}#"}, keyword: NOTE, "@type": "as:Undo"},
    ):
        with pytest.raises(Malformed, match="not accepted"):
            normalise(document)


def test_no_context_is_ever_fetched() -> None:
    document = {
        "@context": [AS2, "https://evil.example/context", {"text": "as:content"}],
        "id": NOTE["id"],
        "type": "Note",
        "text": "hi",
    }
    with patch("socket.socket.connect", side_effect=AssertionError):
        assert normalise(document)["content"] == "hi"


@pytest.mark.parametrize(
    "value",
    [
        [{"type": "Mention", "href": f"https://b.example/{n}"} for n in range(1000)],
        [[[[[[[[[[[[[[[[[[[[[[[[[[["x"]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_an_unusual_document_must_be_small(value: object) -> None:
    document = {"@context": [AS2, {"text": "as:content"}], "type": "Note", "tag": value}
    begun = time.thread_time()
    with pytest.raises(Malformed, match="unusual"):
        normalise(document)
    assert time.thread_time() - begun < 0.2


@pytest.mark.parametrize(
    "odd",
    [
        {"@context": [AS2, {"text": "as:content"}], "content": "x"},
        {"@context": {"as": f"{AS2}#", "a": {"@id": "b"}, "b": {"@id": "a"}}, "@type": "as:Note"},
        {"@context": {"as": f"{AS2}#", "x": {"@id": 5}}, "@type": "as:Note"},
        {"@context": {"as": f"{AS2}#", "@base": 5}, "@type": "as:Note"},
        {"@context": {"as": f"{AS2}#"}, "@type": {"x": 1}},
        {"@context": {"as": f"{AS2}#"}, "@id": ["x"], "@type": "as:Note"},
        {"@context": {"as": f"{AS2}#"}, "@type": "as:Note", "as:name": {"@value": {}}},
    ],
)
def test_broken_json_ld_is_malformed(odd: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        normalise(odd)


@pytest.mark.sec("SEC-106")
def test_blank_nodes_cost_nothing() -> None:
    clique = {f"_:b{n}": {"id": f"_:b{n}", "tag": [f"_:b{m}" for m in range(8)]} for n in range(8)}
    document = {"@context": AS2} | NOTE | {"signature": {}, "tag": list(clique.values())}
    begun = time.thread_time()
    assert normalise(document)
    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize(
    "url",
    [
        "https://w3id.org/identity/v1",
        "https://join-lemmy.org/context.json",
        "https://anywhere.example/schemas/litepub-0.1.jsonld",
        "http://joinmastodon.org/ns",
    ],
)
def test_the_contexts_of_the_field_are_known_and_others_are_empty(url: str) -> None:
    assert is_known(url)
    for other in (
        f"{url}/x",
        "https://anywhere.example/schemas/other.jsonld",
        "file:///etc/passwd",
    ):
        assert not is_known(other)


def test_an_unusual_document_costs_little() -> None:
    """300 values take pyld 40 ms; a document with more is refused before it is asked."""
    contexts = [AS2, {"sender": "as:actor"}]
    within = {"@context": contexts} | NOTE | {"to": [f"https://b.example/{n}" for n in range(250)]}
    assert len(normalise(within)["to"]) == 250
    with (
        patch("activitypub.jsonld.jsonld.compact", side_effect=AssertionError),
        pytest.raises(Malformed, match="too large"),
    ):
        normalise(within | {"cc": within["to"]})
