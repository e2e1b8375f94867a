"""Posts and actors as the servers of the field write them: plain JSON, read without pyld."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from activitypub.documents import parse_document
from activitypub.jsonld import normalise
from activitypub.objects import Actor, Attachment, Image, LinkedPage, Mention, Note
from activitypub.reading import read_actor, read_note
from activitypub.vocabulary import AS2, PUBLIC, SECURITY_V1

HOST = "https://peer.example"
ALICE = f"{HOST}/users/alice"
ANA = "https://hq.example/ap/users/1"
MARCH = "2026-03-01T10:00:00Z"
MASTODON: list[Any] = [
    AS2,
    SECURITY_V1,
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "ostatus": "http://ostatus.org#",
        "atomUri": "ostatus:atomUri",
        "sensitive": "as:sensitive",
        "toot": "http://joinmastodon.org/ns#",
        "votersCount": "toot:votersCount",
        "Emoji": "toot:Emoji",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "blurhash": "toot:blurhash",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "attributionDomains": {"@id": "toot:attributionDomains", "@type": "@id"},
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    },
]
PEERTUBE: list[Any] = [
    AS2,
    SECURITY_V1,
    {"RsaSignature2017": "https://w3id.org/security#RsaSignature2017"},
    {
        "pt": "https://joinpeertube.org/ns#",
        "sc": "http://schema.org/",
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "language": "sc:inLanguage",
        "icons": "as:icon",
        "likes": {"@id": "as:likes", "@type": "@id"},
        "playlists": {"@id": "pt:playlists", "@type": "@id"},
        "support": {"@type": "sc:Text", "@id": "pt:support"},
    },
]
TRAIN = {
    "type": "Document",
    "mediaType": "image/png",
    "url": "https://files.peer.example/1.png",
    "name": "A train",
    "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    "focalPoint": [0.5, -0.25],
    "width": 1200,
    "height": 800,
}


@pytest.fixture(autouse=True)
def without_pyld() -> Iterator[None]:
    """Let the slow way fail."""
    with patch("activitypub.jsonld.jsonld.compact", side_effect=AssertionError):
        yield


def read(contexts: object, /, **properties: Any) -> Note:
    document = {"@context": contexts, "id": f"{HOST}/post", "attributedTo": ALICE} | properties
    return read_note(normalise(parse_document(orjson.dumps(document))))


def test_mastodon() -> None:
    note = read(
        MASTODON,
        type="Note",
        summary=None,
        inReplyTo=None,
        published=MARCH,
        url=f"{HOST}/@alice/1",
        to=[PUBLIC],
        cc=[f"{ALICE}/followers", ANA],
        sensitive=False,
        conversation="tag:peer.example,2026:objectId=1:objectType=Conversation",
        content="<p>Olá</p>",
        contentMap={"pt": "<p>Olá</p>"},
        attachment=[
            TRAIN,
            {"type": "Link", "mediaType": "text/html", "href": "https://news.example/a"},
        ],
        tag=[{"type": "Mention", "href": ANA, "name": "@ana@hq.example"}],
        replies={"id": f"{HOST}/post/replies", "type": "Collection"},
    )

    assert (note.language, note.url) == ("pt", f"{HOST}/@alice/1")
    assert note.published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert note.mentions == (Mention(ANA, "@ana@hq.example"),)
    assert note.attachments == (
        Attachment(
            "https://files.peer.example/1.png",
            "image/png",
            "A train",
            blurhash="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            width=1200,
            height=800,
            focus=(0.5, -0.25),
        ),
    )
    assert note.pages == (LinkedPage("https://news.example/a"),)
    assert note.conversation == "tag:peer.example,2026:objectId=1:objectType=Conversation"


def test_gotosocial_writes_single_values_without_a_list() -> None:
    note = read(
        ["https://gotosocial.org/ns", AS2, {"sensitive": "as:sensitive"}],
        type="Note",
        to=PUBLIC,
        cc=[f"{ALICE}/followers", ANA],
        content="<p>hi</p>",
        contentMap={"en": "<p>hi</p>"},
        attachment={
            "type": "Image",
            "mediaType": "image/jpeg",
            "url": f"{HOST}/fileserver/1.jpg",
            "summary": "A cat",
            "name": "cat.jpg",
        },
        tag={"type": "Mention", "href": ANA, "name": "@ana@hq.example"},
        interactionPolicy={"canReply": {"always": [PUBLIC], "approvalRequired": []}},
    )

    assert (note.to, note.language) == ((PUBLIC,), "en")
    assert [each.description for each in note.attachments] == ["A cat"]
    assert [each.href for each in note.mentions] == [ANA]


def test_misskey_hides_single_files() -> None:
    note = read(
        [
            AS2,
            SECURITY_V1,
            {
                "Key": "sec:Key",
                "sensitive": "as:sensitive",
                "Hashtag": "as:Hashtag",
                "quoteUrl": "as:quoteUrl",
                "misskey": "https://misskey-hub.net/ns#",
                "_misskey_content": "misskey:_misskey_content",
                "isCat": "misskey:isCat",
                "vcard": "http://www.w3.org/2006/vcard/ns#",
            },
        ],
        type="Note",
        summary=None,
        content="<p>meow</p>",
        _misskey_content="meow",
        source={"content": "$[tada meow]", "mediaType": "text/x.misskeymarkdown"},
        sensitive=False,
        attachment=[
            {"type": "Document", "mediaType": "image/webp", "url": f"{HOST}/1", "sensitive": False},
            {"type": "Document", "mediaType": "image/webp", "url": f"{HOST}/2", "sensitive": True},
        ],
        tag=[{"type": "Hashtag", "href": f"{HOST}/tags/cats", "name": "#cats"}],
        to=[PUBLIC],
        cc=[f"{ALICE}/followers"],
    )

    assert note.sensitive
    assert (note.content_html, note.hashtags) == ("<p>meow</p>", ("cats",))


def test_akkoma_serves_its_own_context_and_nulls() -> None:
    note = read(
        [AS2, f"{HOST}/schemas/litepub-0.1.jsonld", {"@language": "und"}],
        type="Note",
        actor=ALICE,
        attachment=[],
        content="<p>psst</p>",
        contentMap={"und": "<p>psst</p>"},
        context=f"{HOST}/contexts/1",
        directMessage=True,
        emoji={},
        inReplyTo=None,
        published=None,
        sensitive=None,
        source={"content": "psst", "mediaType": "text/markdown"},
        summary="",
        tag=[],
        to=[ANA],
        cc=None,
    )

    assert note.direct
    assert (note.language, note.published, note.cc) == (None, None, ())
    assert note.context == f"{HOST}/contexts/1"


def test_lemmy_posts_a_page_about_another_one() -> None:
    note = read(
        ["https://join-lemmy.org/context.json", AS2],
        type="Page",
        to=["https://group.example/c/trains", PUBLIC],
        name="Night trains &amp; more",
        cc=[],
        content="<p>Look</p>",
        mediaType="text/html",
        source={"content": "Look", "mediaType": "text/markdown"},
        attachment=[{"href": "https://news.example/trains", "type": "Link"}],
        sensitive=False,
        language={"identifier": "en", "name": "English"},
        published="2026-03-01T10:00:00.123456789Z",
        audience="https://group.example/c/trains",
    )

    assert (note.type, note.name, note.language) == ("Page", "Night trains &amp; more", "en")
    assert note.pages == (LinkedPage("https://news.example/trains"),)
    assert note.published == datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


def test_peertube_names_person_and_channel_and_puts_the_page_among_the_films() -> None:
    note = read(
        PEERTUBE,
        type="Video",
        attributedTo=[
            {"type": "Person", "id": ALICE},
            {"type": "Group", "id": f"{HOST}/video-channels/trains"},
        ],
        name="A ride",
        duration="PT133S",
        mediaType="text/markdown",
        content="**Long** <ride>\nof 3 km",
        language={"identifier": "fr", "name": "French"},
        to=[PUBLIC],
        cc=[f"{ALICE}/followers"],
        icon=[{"type": "Image", "url": f"{HOST}/thumb.jpg", "width": 280, "height": 157}],
        url=[
            {"type": "Link", "mediaType": "video/mp4", "href": f"{HOST}/1.mp4", "height": 720},
            {"type": "Link", "mediaType": "text/html", "href": f"{HOST}/w/abc"},
            {
                "type": "Link",
                "mediaType": "application/x-mpegURL",
                "href": f"{HOST}/1.m3u8",
                "tag": [{"type": "Infohash", "name": "1"}] * 200,
            },
        ],
    )

    assert (note.attributed_to, note.url, note.name) == (ALICE, f"{HOST}/w/abc", "A ride")
    assert note.content_html == "**Long** &lt;ride&gt;<br>of 3 km"
    assert note.language == "fr"


def test_mobilizon_wordpress_and_funkwhale() -> None:
    event = read(
        [AS2, {"mz": "https://joinmobilizon.org/ns#", "mz:timezone": {"@id": "mz:timezone"}}],
        type="Event",
        name="Open day",
        content="<p>Come</p>",
        startTime="2026-05-01T09:00:00+02:00",
        location={"type": "Place", "name": "Gate 3"},
        to=PUBLIC,
    )
    article = read(
        [AS2, {"Hashtag": "as:Hashtag"}],
        type="Article",
        name="News",
        summary="The short of it",
        content="<p>The long of it</p>",
        url=f"{HOST}/?p=1",
        to=PUBLIC,
    )
    audio = read(
        [AS2, "https://funkwhale.audio/ns"],
        type="Audio",
        name="Song",
        url=[
            {
                "type": "Link",
                "mimeType": "audio/ogg",
                "mediaType": "audio/ogg",
                "href": f"{HOST}/s",
            },
            {"type": "Link", "mediaType": "text/html", "href": f"{HOST}/library/1"},
        ],
        to=PUBLIC,
    )

    assert (event.type, event.name) == ("Event", "Open day")
    assert (article.summary, article.url) == ("The short of it", f"{HOST}/?p=1")
    assert (audio.name, audio.url) == ("Song", f"{HOST}/library/1")


def test_friendica_writes_lists_and_typed_values() -> None:
    note = read(
        [AS2, {"diaspora": "https://diasporafoundation.org/ns/", "ostatus": "http://ostatus.org#"}],
        type="Note",
        inReplyTo=[f"{HOST}/other", "https://c.example/more"],
        name=["", None],
        content=[{"@value": "<p>Hallo</p>", "@language": "de"}],
        published={"@type": "xsd:dateTime", "@value": MARCH},
        sensitive=[True],
        to=None,
        cc=[f"{ALICE}/followers"],
        attachment={"type": "Document", "mediaType": "IMAGE/JPEG; q=1", "url": [f"{HOST}/1"]},
    )

    assert note.in_reply_to == f"{HOST}/other"
    assert (note.content_html, note.language, note.sensitive) == ("<p>Hallo</p>", "de", True)
    assert note.published == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert note.attachments == (Attachment(f"{HOST}/1", "image/jpeg"),)


def describe(contexts: object, /, **properties: Any) -> Actor:
    document = {
        "@context": contexts,
        "id": ALICE,
        "preferredUsername": "alice",
        "inbox": f"{ALICE}/inbox",
    } | properties
    return read_actor(normalise(parse_document(orjson.dumps(document))))


def test_actors_of_mastodon_and_misskey() -> None:
    mastodon = describe(
        MASTODON,
        type="Person",
        name="Alice",
        manuallyApprovesFollowers=True,
        featured=f"{ALICE}/collections/featured",
        attachment=[{"type": "PropertyValue", "name": "Desk", "value": "3"}],
        icon={"type": "Image", "mediaType": "image/png", "url": "https://files.example/a.png"},
        endpoints={"sharedInbox": f"{HOST}/inbox"},
    )
    misskey = describe(
        [AS2, SECURITY_V1, {"isCat": "misskey:isCat", "misskey": "https://misskey-hub.net/ns#"}],
        type="Person",
        name=None,
        summary=None,
        _misskey_summary="meow",
        isCat=True,
        sharedInbox=f"{HOST}/inbox",
        icon=[{"type": "Image", "url": f"{HOST}/1.webp", "sensitive": False, "name": None}],
        image=None,
        tag=[],
    )

    assert mastodon.locked and mastodon.fields == (("Desk", "3"),)
    assert mastodon.shared_inbox == misskey.shared_inbox == f"{HOST}/inbox"
    assert misskey.icon == Image(f"{HOST}/1.webp")
    assert (misskey.name, misskey.image) == ("", None)


def test_actors_of_gotosocial_peertube_and_lemmy() -> None:
    stub = describe([AS2, SECURITY_V1], type="Person")
    channel = describe(
        PEERTUBE,
        type="Group",
        attributedTo=[{"type": "Person", "id": f"{HOST}/accounts/alice"}],
        icon=[
            {"type": "Image", "url": f"{HOST}/48.png"},
            {"type": "Image", "url": f"{HOST}/1.png"},
        ],
        url=[{"type": "Link", "mediaType": "text/html", "href": f"{HOST}/c/alice"}],
    )
    community = describe(
        ["https://join-lemmy.org/context.json", AS2],
        type="Group",
        source={"content": "*Trains*", "mediaType": "text/markdown"},
        summary="<p><em>Trains</em></p>",
        language=[{"identifier": "en", "name": "English"}],
        postingRestrictedToMods=False,
        attributedTo=f"{ALICE}/moderators",
    )

    assert (stub.outbox, stub.bot) == (None, False)
    assert channel.icon == Image(f"{HOST}/48.png")
    assert channel.url == f"{HOST}/c/alice"
    assert community.summary_html == "<p><em>Trains</em></p>"
