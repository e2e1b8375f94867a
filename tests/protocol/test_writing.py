"""What we write is what we, and every other strict reader, read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activitypub import writing
from activitypub.documents import parse_document
from activitypub.errors import TooLarge
from activitypub.jsonld import normalise
from activitypub.objects import Attachment, Image, Mention, Note, Poll, PollOption, PublicKey
from activitypub.reading import read_activity, read_actor, read_note
from activitypub.signatures.multikey import pem_of
from activitypub.vocabulary import PUBLIC

NOON = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
ALICE = "https://a.example/ap/users/1"
BOB = "https://b.example/users/bob"
NOTE = f"{ALICE}/statuses/2"
# The key of the test vectors of FEP-8b32.
MULTIKEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
MEMBER = writing.OutgoingActor(
    uri=ALICE,
    type="Person",
    username="alice",
    handle="alice@a.example",
    inbox=f"{ALICE}/inbox",
    shared_inbox="https://a.example/inbox",
    outbox=f"{ALICE}/outbox",
    followers=f"{ALICE}/followers",
    following=f"{ALICE}/following",
    featured=f"{ALICE}/featured",
    featured_tags=f"{ALICE}/featured/tags",
    url="https://a.example/@alice",
    key_id=f"{ALICE}#main-key",
    public_key_pem="PEM",
    multikey_id=f"{ALICE}#ed25519-key",
    multikey=MULTIKEY,
    name="Alice",
    summary_html="<p>hi</p>",
    locked=True,
    published=NOON,
    icon=Image("https://a.example/files/k/a.png", "image/png", "Alice"),
    fields=(("Desk", "3"),),
    attribution_domains=("blog.a.example",),
)
KEYS = (
    PublicKey(f"{ALICE}#main-key", ALICE, "PEM"),
    PublicKey(f"{ALICE}#ed25519-key", ALICE, pem_of(MULTIKEY)),
)
POST = writing.OutgoingNote(
    uri=NOTE,
    actor=ALICE,
    url="https://a.example/@alice/2",
    content_html="<p>hello</p>",
    published=NOON,
    to=(PUBLIC,),
    cc=(f"{ALICE}/followers", BOB),
    summary="greeting",
    language="en",
    in_reply_to="https://b.example/notes/1",
    sensitive=True,
    attachments=(
        Attachment(
            "https://a.example/files/k/1.png",
            "image/png",
            "a cat",
            "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            64,
            48,
            (0, 1),
        ),
    ),
    mentions=(Mention(BOB, "@bob@b.example"),),
    hashtags=(writing.Tag("cats", "https://a.example/tags/cats"),),
    conversation="https://a.example/conversations/1",
)


def sent(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as it arrives at a peer; ours must be plain JSON for a strict reader."""
    arrived = parse_document(writing.encode(document))
    assert normalise(arrived) is arrived
    return arrived


def test_a_post_arrives_whole() -> None:
    assert read_note(sent(writing.note(POST))) == Note(
        id=NOTE,
        type="Note",
        attributed_to=ALICE,
        url="https://a.example/@alice/2",
        content_html="<p>hello</p>",
        summary="greeting",
        language="en",
        published=NOON,
        in_reply_to="https://b.example/notes/1",
        to=(PUBLIC,),
        cc=(f"{ALICE}/followers", BOB),
        sensitive=True,
        attachments=tuple(POST.attachments),
        mentions=tuple(POST.mentions),
        hashtags=("cats",),
        conversation="https://a.example/conversations/1",
        context="https://a.example/conversations/1",
    )


def test_a_poll_arrives_whole() -> None:
    poll = Poll((PollOption("tea", 2), PollOption("coffee")), True, NOON, NOON, 2)
    question = writing.OutgoingNote(NOTE, ALICE, NOTE, "", NOON, (BOB,), (), poll=poll)
    read = read_note(sent(writing.note(question)))
    assert (read.type, read.poll) == ("Question", poll)
    single = writing.note(
        writing.OutgoingNote(NOTE, ALICE, NOTE, "", NOON, (), (), poll=Poll(poll.options))
    )
    assert "oneOf" in single
    assert "anyOf" not in single


def test_a_create_carries_the_post_and_its_audience() -> None:
    document = sent(writing.create(f"{NOTE}/activity", POST))
    activity = read_activity(document)
    assert (activity.type, activity.actor, activity.published) == ("Create", ALICE, NOON)
    assert (activity.to, activity.cc) == (tuple(POST.to), tuple(POST.cc))
    assert isinstance(activity.object, dict)
    assert "@context" not in activity.object
    assert read_note(activity.object) == read_note(writing.note(POST))


def test_an_actor_arrives_whole() -> None:
    actor = read_actor(sent(writing.actor(MEMBER)))
    assert (actor.id, actor.username, actor.name) == (ALICE, "alice", "Alice")
    assert (actor.inbox, actor.shared_inbox) == (MEMBER.inbox, MEMBER.shared_inbox)
    assert (actor.outbox, actor.featured) == (MEMBER.outbox, MEMBER.featured)
    assert (actor.followers, actor.following) == (MEMBER.followers, MEMBER.following)
    assert (actor.url, actor.webfinger) == (MEMBER.url, "alice@a.example")
    assert actor.keys == KEYS
    assert actor.icon == MEMBER.icon
    assert actor.attribution_domains == ("blog.a.example",)
    assert actor.fields == (("Desk", "3"),)
    assert actor.locked
    assert actor.discoverable
    assert not actor.suspended
    # The hour at which somebody joined is nobody's business.
    assert actor.published == datetime(2026, 11, 24, tzinfo=UTC)


def test_a_bare_actor_says_no_more_than_its_keys() -> None:
    document = sent(writing.bare_actor(MEMBER))
    assert set(document) == {
        "@context",
        "id",
        "type",
        "preferredUsername",
        "inbox",
        "publicKey",
        "assertionMethod",
    }
    assert read_actor(document).keys == KEYS


def test_the_instance_actor() -> None:
    document = writing.instance_actor(
        "https://a.example/actor",
        username="a.example",
        name="Head office",
        url="https://a.example/about",
        inbox="https://a.example/actor/inbox",
        outbox="https://a.example/actor/outbox",
        shared_inbox="https://a.example/inbox",
        key_id="https://a.example/actor#main-key",
        public_key_pem="PEM",
        multikey_id="https://a.example/actor#ed25519-key",
        multikey=MULTIKEY,
    )
    actor = read_actor(sent(document))
    assert [key.id.partition("#")[2] for key in actor.keys] == ["main-key", "ed25519-key"]
    assert (actor.type, actor.username, actor.bot) == ("Application", "a.example", True)


def test_a_follow_and_its_answers_are_literally_this() -> None:
    follow = writing.follow(f"{ALICE}/activities/3", ALICE, BOB)
    plain = {
        "id": f"{ALICE}/activities/3",
        "type": "Follow",
        "actor": ALICE,
        "object": BOB,
        "to": [BOB],
    }
    assert follow == {"@context": writing.CONTEXT} | plain
    assert writing.undo(f"{ALICE}/activities/4", ALICE, follow) == {
        "@context": writing.CONTEXT,
        "id": f"{ALICE}/activities/4",
        "type": "Undo",
        "actor": ALICE,
        "object": plain,
        "to": [BOB],
    }
    for build, kind in ((writing.accept, "Accept"), (writing.reject, "Reject")):
        assert build(f"{BOB}/5", BOB, follow | {"extra": "x"}) == {
            "@context": writing.CONTEXT,
            "id": f"{BOB}/5",
            "type": kind,
            "actor": BOB,
            "object": {name: plain[name] for name in ("id", "type", "actor", "object")},
            "to": [ALICE],
        }


def test_a_like_and_an_announce_are_literally_this() -> None:
    assert writing.like(f"{ALICE}/activities/6", ALICE, "https://b.example/notes/1", BOB) == {
        "@context": writing.CONTEXT,
        "id": f"{ALICE}/activities/6",
        "type": "Like",
        "actor": ALICE,
        "object": "https://b.example/notes/1",
        "to": [BOB],
    }
    assert writing.announce(f"{ALICE}/activities/7", ALICE, NOTE, NOON, (PUBLIC,), (BOB,)) == {
        "@context": writing.CONTEXT,
        "id": f"{ALICE}/activities/7",
        "type": "Announce",
        "actor": ALICE,
        "object": NOTE,
        "published": "2026-11-24T12:00:00.250Z",
        "to": [PUBLIC],
        "cc": [BOB],
    }


def test_deletes_of_a_post_and_of_oneself() -> None:
    of_post = read_activity(sent(writing.delete(f"{NOTE}#delete", ALICE, NOTE, (BOB,), ())))
    assert of_post.object == {"id": NOTE, "type": "Tombstone"}
    assert of_post.to == (BOB,)
    of_self = read_activity(sent(writing.delete(f"{ALICE}#delete", ALICE, ALICE)))
    assert (of_self.object, of_self.to) == (ALICE, (PUBLIC,))
    assert writing.tombstone(NOTE, NOON)["deleted"] == "2026-11-24T12:00:00.250Z"


def test_a_vote_is_a_post_with_the_name_of_an_option() -> None:
    document = writing.vote(
        f"{ALICE}#votes/1/activity",
        f"{ALICE}#votes/1",
        ALICE,
        option="tea",
        question_uri="https://b.example/notes/1",
        author_uri=BOB,
        published=NOON,
    )
    activity = read_activity(sent(document))
    assert isinstance(activity.object, dict)
    ballot = read_note(activity.object)
    assert (ballot.name, ballot.in_reply_to, ballot.to) == (
        "tea",
        "https://b.example/notes/1",
        (BOB,),
    )
    assert (activity.to, activity.cc, ballot.content_html) == ((BOB,), (), "")


def test_updates() -> None:
    update = read_activity(sent(writing.update_actor(f"{ALICE}#updates/1", MEMBER)))
    assert isinstance(update.object, dict)
    assert read_actor(update.object).id == update.actor == ALICE
    edited = read_activity(sent(writing.update_note(f"{NOTE}#updates/1", POST, NOON)))
    assert (edited.type, edited.published) == ("Update", NOON)
    block = read_activity(sent(writing.block(f"{ALICE}/activities/8", ALICE, BOB)))
    assert (block.type, block.object, block.to) == ("Block", BOB, (BOB,))


def test_collections() -> None:
    uri = f"{ALICE}/outbox"
    assert writing.ordered_collection(uri, 5) == {
        "@context": writing.CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": 5,
    }
    assert writing.ordered_collection(uri, 5, first=f"{uri}?page=1")["first"] == f"{uri}?page=1"
    page = writing.ordered_collection_page(
        f"{uri}?page=1", uri, [writing.note(POST), NOTE], next_page=f"{uri}?page=2"
    )
    assert page["next"] == f"{uri}?page=2"
    assert "prev" not in page
    assert "@context" not in page["orderedItems"][0]
    assert page["orderedItems"][1] == NOTE
    whole = writing.ordered_items(uri, [NOTE])
    assert (whole["totalItems"], whole["orderedItems"]) == (1, [NOTE])


def test_a_body_that_misskey_would_refuse_is_not_made() -> None:
    long = writing.OutgoingNote(NOTE, ALICE, NOTE, "x" * 70_000, NOON, (), ())
    with pytest.raises(TooLarge):
        writing.encode(writing.create(f"{NOTE}/activity", long))
