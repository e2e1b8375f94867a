"""The dualities of the wire: one or many, id or object, null or absent; and the caps."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activitypub.errors import Malformed
from activitypub.objects import Attachment, Emoji, Image, Mention, PollOption, PublicKey, Quoting
from activitypub.reading import read_activity, read_actor, read_note
from activitypub.vocabulary import PUBLIC

ALICE = "https://b.example/users/alice"
NOTE = "https://b.example/notes/1"


def alice(**changes: Any) -> dict[str, Any]:
    """Return Alice's smallest actor with changes; None takes a property away."""
    document = {
        "id": ALICE,
        "type": "Person",
        "preferredUsername": "alice",
        "inbox": f"{ALICE}/inbox",
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def post(**changes: Any) -> dict[str, Any]:
    return {"id": NOTE, "type": "Note", "attributedTo": ALICE} | changes


def like(**changes: Any) -> dict[str, Any]:
    document = {"id": f"{NOTE}/like", "type": "Like", "actor": ALICE, "object": NOTE}
    return document | changes


# ------------------------------------------------------------------------------- activities


@pytest.mark.parametrize("actor", [ALICE, [ALICE], {"id": ALICE, "name": "CEO"}, [{"id": ALICE}]])
def test_sec_021_an_actor_counts_by_its_id_only(actor: object) -> None:
    assert read_activity(like(actor=actor)).actor == ALICE


@pytest.mark.parametrize(
    "actor", [None, [], "", {}, 1, [ALICE, "https://c.example/victim"], "http://b.example/x", "x"]
)
def test_sec_021_there_must_be_one_actor(actor: object) -> None:
    with pytest.raises(Malformed, match="exactly one actor"):
        read_activity(like(actor=actor))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (NOTE, NOTE),
        ([NOTE], NOTE),
        ({"id": NOTE}, {"id": NOTE}),
        ([{"id": "x"}, {"id": "y"}], [{"id": "x"}, {"id": "y"}]),
        (None, []),
        ([], []),
        ([None, NOTE], NOTE),
    ],
)
def test_the_object_of_an_activity(given: object, read: object) -> None:
    assert read_activity(like(object=given)).object == read


@pytest.mark.parametrize("given", [1, True, [[NOTE]], [1]])
def test_an_odd_object_is_malformed(given: object) -> None:
    with pytest.raises(Malformed, match="object"):
        read_activity(like(object=given))


def test_types_that_nobody_knows_are_read() -> None:
    assert read_activity(like(type="Arrive")).type == "Arrive"
    assert read_activity(like(type=["x:Odd", "Like"])).type == "Like"
    odd: tuple[object, ...] = (None, [], 1, {}, "x" * 300)
    for kind in odd:
        with pytest.raises(Malformed):
            read_activity(like(type=kind))


@pytest.mark.parametrize("bad", [None, "", 1, [NOTE], "tag:b.example,2026:1", "https://"])
def test_an_activity_has_an_https_id(bad: object) -> None:
    with pytest.raises(Malformed, match="id"):
        read_activity(like(id=bad))


@pytest.mark.parametrize("public", [PUBLIC, "as:Public", "Public"])
def test_public_has_one_spelling(public: str) -> None:
    activity = read_activity(like(to=public, cc=[{"id": ALICE}, ALICE, None, 3, "nonsense"]))
    assert activity.to == (PUBLIC,)
    assert activity.cc == (ALICE,)


def test_a_huge_audience_is_cut() -> None:
    assert len(read_activity(like(to=[f"{ALICE}/{n}" for n in range(100_000)])).to) == 1000


# ----------------------------------------------------------------------------------- actors


def test_the_smallest_actor() -> None:
    actor = read_actor(alice())
    assert (actor.id, actor.type, actor.username) == (ALICE, "Person", "alice")
    assert actor.url == ALICE
    assert actor.keys == ()
    assert not actor.bot


def test_a_whole_actor() -> None:
    actor = read_actor(
        alice(
            type=["Service", "x:Other"],
            name="Alice",
            summary="<p>hi</p>",
            url=[{"type": "Link", "href": "https://c.example/@alice"}, "https://b.example/@alice"],
            outbox={"id": f"{ALICE}/outbox"},
            followers=[f"{ALICE}/followers"],
            following="https://c.example/following",
            featured="javascript:alert(1)",
            endpoints={"sharedInbox": "https://b.example/inbox"},
            manuallyApprovesFollowers=True,
            discoverable="true",
            icon=[{"type": "Image", "url": "https://cdn.example/a.png", "mediaType": "image/png"}],
            image={
                "type": "Image",
                "url": [{"href": "https://cdn.example/b", "mediaType": "image/x"}],
            },
            attachment={"type": "PropertyValue", "name": "Desk", "value": "<b>3</b>"},
            published="2024-01-02T00:00:00Z",
            alsoKnownAs="https://c.example/alice",
            movedTo="",
        )
    )
    assert actor.type == "Service"
    assert actor.bot
    assert actor.url == "https://b.example/@alice"
    assert actor.outbox == f"{ALICE}/outbox"
    assert actor.followers == f"{ALICE}/followers"
    assert (actor.following, actor.featured) == (None, None)
    assert actor.shared_inbox == "https://b.example/inbox"
    assert actor.locked
    assert not actor.discoverable
    assert actor.icon == Image("https://cdn.example/a.png", "image/png")
    assert actor.image == Image("https://cdn.example/b", "image/x")
    assert actor.fields == (("Desk", "<b>3</b>"),)
    assert actor.published == datetime(2024, 1, 2, tzinfo=UTC)
    assert actor.also_known_as == ("https://c.example/alice",)
    assert actor.moved_to is None


def test_the_key_and_the_emoji_of_an_actor() -> None:
    key = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
    cat = {"type": "Emoji", "name": ":cat:", "icon": {"url": "https://cdn.example/cat.png"}}
    actor = read_actor(alice(publicKey=key, tag=cat))
    assert actor.keys == (PublicKey(f"{ALICE}#main-key", ALICE, "PEM"),)
    assert actor.emojis == (Emoji("cat", "https://cdn.example/cat.png"),)


@pytest.mark.parametrize(
    "inbox",
    [
        None,
        "",
        "http://[",
        "ftp://b.example/inbox",
        "https://evil.example/inbox",
        "https://b.example:8443/inbox",
        "http://127.0.0.1/inbox",
        {},
        1,
    ],
)
def test_sec_092_an_inbox_lies_on_the_host_of_its_actor(inbox: object) -> None:
    with pytest.raises(Malformed, match="inbox"):
        read_actor(alice(inbox=inbox))


def test_sec_092_a_shared_inbox_elsewhere_is_dropped() -> None:
    assert (
        read_actor(alice(endpoints={"sharedInbox": "https://evil.example/"})).shared_inbox is None
    )
    assert read_actor(alice(endpoints=None, sharedInbox="https://b.example/in")).shared_inbox
    assert read_actor(alice(endpoints=[1, "x"])).shared_inbox is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        None,
        1,
        "a@b",
        "../x",
        "%2e%2e",
        "admin\u200b",
        "\u202enimda",
        "a b",
        "x" * 2049,
        "a.",
        "\U0001f600",
    ],
)
def test_sec_089_odd_user_names(name: object) -> None:
    with pytest.raises(Malformed, match="user name"):
        read_actor(alice(preferredUsername=name))


@pytest.mark.parametrize("name", ["alice", "Alice_2", "a.b-c", "b.corp.example", "localhost:8001"])
def test_good_user_names(name: str) -> None:
    assert read_actor(alice(preferredUsername=name)).username == name


def test_a_webfinger_address_stands_in_for_a_user_name() -> None:
    actor = read_actor(alice(preferredUsername=None, webfinger="alice@corp.example"))
    assert (actor.username, actor.webfinger) == ("alice", "alice@corp.example")


@pytest.mark.parametrize("kind", ["Note", "Tombstone", "person", 1, None])
def test_what_is_no_actor(kind: object) -> None:
    with pytest.raises(Malformed):
        read_actor(alice(type=kind))


def test_sec_024_a_key_of_another_owner_is_ignored() -> None:
    mine = {"id": f"{ALICE}#k", "owner": ALICE, "publicKeyPem": "PEM"}
    odd: list[Any] = [
        mine | {"owner": "https://b.example/users/bob"},
        mine | {"owner": None},
        mine | {"id": "https://evil.example/key"},
        mine | {"publicKeyPem": None},
        f"{ALICE}#k",
        1,
    ]
    assert read_actor(alice(publicKey=[*odd, mine])).keys == (
        PublicKey(f"{ALICE}#k", ALICE, "PEM"),
    )
    assert read_actor(alice(publicKey=odd)).keys == ()
    assert len(read_actor(alice(publicKey=[mine] * 1000)).keys) == 10


def test_the_caps_of_an_actor() -> None:
    field = {"type": "PropertyValue", "name": "n" * 9999, "value": "v" * 9999}
    actor = read_actor(alice(name="n" * 9999, summary="s" * 99_999, attachment=[field] * 1000))
    assert (len(actor.name), len(actor.summary_html)) == (2048, 20_000)
    assert len(actor.fields) == 50
    assert {len(text) for pair in actor.fields for text in pair} == {2047}


# ------------------------------------------------------------------------------------ posts


def test_the_smallest_post() -> None:
    note = read_note(post())
    assert (note.id, note.type, note.attributed_to, note.url) == (NOTE, "Note", ALICE, NOTE)
    assert (note.content_html, note.published, note.to, note.poll) == ("", None, (), None)


@pytest.mark.parametrize(
    "author",
    [ALICE, {"id": ALICE}, [ALICE, "https://c.example/x"], [{"type": "Person", "id": ALICE}]],
)
def test_sec_062_the_first_author_counts(author: object) -> None:
    assert read_note(post(attributedTo=author)).attributed_to == ALICE


@pytest.mark.parametrize("author", [None, "", [], {}, {"name": "Alice"}, 1])
def test_sec_062_a_post_has_an_author(author: object) -> None:
    with pytest.raises(Malformed, match="wrote it"):
        read_note(post(attributedTo=author))


def test_content_and_its_language() -> None:
    both = {"de": "<p>Hallo</p>", "en": "<p>hello</p>"}
    for changes, content, language in (
        ({"content": "<p>x</p>"}, "<p>x</p>", None),
        ({"content": "<p>hello</p>", "contentMap": both}, "<p>hello</p>", "en"),
        ({"contentMap": both}, "<p>Hallo</p>", "de"),
        ({"content": "<p>x</p>", "contentMap": both}, "<p>x</p>", "de"),
        ({"content": {"@value": "x", "@language": "pt-BR"}}, "x", "pt-BR"),
        ({"content": [{"@value": "x", "@language": "fr"}, "y"]}, "x", "fr"),
        ({"content": "x", "contentMap": {"und": "x"}}, "x", None),
        ({"content": "x", "contentMap": {"<script>": "x"}}, "x", None),
        ({"content": None, "contentMap": None}, "", None),
        ({"content": 5, "contentMap": [1]}, "", None),
    ):
        note = read_note(post(**changes))
        assert (note.content_html, note.language) == (content, language)


def test_sec_116_huge_texts_are_cut() -> None:
    languages = {f"a{n}": "x" for n in range(10_000)}
    note = read_note(post(content="c" * 900_000, summary="s" * 900_000, contentMap=languages))
    assert (len(note.content_html), len(note.summary)) == (200_000, 20_000)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T12:00:00Z", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24T12:00:00.123456Z", datetime(2026, 11, 24, 12, 0, 0, 123456, UTC)),
        ("2026-11-24T13:00:00+01:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24T12:00:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("0000-01-01T00:00:00Z", None),
        ("9999999-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("2026-11-24T12:00:00+99:99", None),
        ("yesterday afternoon", None),
        (1700000000, None),
        (None, None),
    ],
)
def test_sec_117_times(text: object, time: datetime | None) -> None:
    assert read_note(post(published=text)).published == time


@pytest.mark.parametrize(
    "url",
    [
        "https://c.example/@alice/1",
        "javascript:alert(1)",
        "data:text/html,x",
        {"type": "Link", "href": "vbscript:x"},
        5,
        [],
    ],
)
def test_a_page_elsewhere_or_of_another_scheme_is_dropped(url: object) -> None:
    assert read_note(post(url=url)).url == NOTE


def test_the_page_of_a_video() -> None:
    links = [
        {"type": "Link", "mediaType": "text/html", "href": "https://b.example/w/1"},
        {"type": "Link", "mediaType": "video/mp4", "href": "https://b.example/1.mp4"},
    ]
    video = read_note(post(type="Video", name="Tour", url=links, attributedTo=[ALICE, "x"]))
    assert (video.url, video.name) == ("https://b.example/w/1", "Tour")


def test_tags() -> None:
    note = read_note(
        post(
            tag=[
                {"type": "Mention", "href": ALICE, "name": "@alice"},
                {"type": "Mention", "href": ALICE},
                {"type": "Mention", "href": "javascript:x"},
                {"type": "Hashtag", "name": "#Caf\u00e9"},
                {"type": "Hashtag", "name": "caf\u00c9"},
                {"type": "Hashtag", "name": "#a b"},
                {"type": "Hashtag"},
                {"type": "Emoji", "name": ":<b>:", "icon": {"url": "https://b.example/x.png"}},
                {"type": "Emoji", "id": None, "name": "cat", "icon": "https://b.example/cat.png"},
                {"type": "Odd"},
                "text",
                None,
            ]
        )
    )
    assert note.mentions == (Mention(ALICE, "@alice"),)
    assert note.hashtags == ("Caf\u00e9",)
    assert note.emojis == (Emoji("cat", "https://b.example/cat.png"),)
    single = read_note(post(tag={"type": "Mention", "href": ALICE}))
    assert single.mentions == (Mention(ALICE),)


def test_sec_113_a_flood_of_tags_is_cut() -> None:
    flood = [{"type": "Mention", "href": f"{ALICE}/{n}"} for n in range(5000)]
    assert len(read_note(post(tag=flood)).mentions) == 500


PICTURE = {
    "type": "Document",
    "mediaType": "image/png",
    "url": "https://files.example/1.png",
    "name": "a cat",
    "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
    "focalPoint": [0.5, -7],
    "width": 640,
    "height": "480",
}


def test_attachments() -> None:
    note = read_note(
        post(
            attachment=[
                PICTURE,
                {"type": "Image", "url": {"href": "https://f.example/2", "mediaType": "image/x"}},
                {
                    "type": "Image",
                    "url": "https://f.example/3",
                    "summary": "s",
                    "name": "n",
                    "width": -1,
                },
                {"type": "Image", "url": "javascript:x"},
                {"type": "Image"},
                {"type": "PropertyValue", "url": "https://f.example/4"},
                "https://f.example/5",
            ]
        )
    )
    assert note.attachments == (
        Attachment(
            "https://files.example/1.png",
            "image/png",
            "a cat",
            "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
            640,
            480,
            (0.5, -1.0),
        ),
        Attachment("https://f.example/2", "image/x"),
        Attachment("https://f.example/3", None, "s"),
    )
    assert len(read_note(post(attachment=[PICTURE] * 5000)).attachments) == 16
    assert len(read_note(post(attachment=PICTURE)).attachments) == 1


@pytest.mark.parametrize(
    ("point", "focus"),
    [({"@list": [0, 1]}, (0.0, 1.0)), ([1], None), (["a", "b"], None), ("0,0", None), (None, None)],
)
def test_focal_points(point: object, focus: tuple[float, float] | None) -> None:
    item = {"type": "Image", "url": "https://f.example/1", "focalPoint": point}
    assert read_note(post(attachment=item)).attachments[0].focus == focus


def test_polls() -> None:
    options = [
        {"type": "Note", "name": "tea", "replies": {"type": "Collection", "totalItems": "3"}},
        {"type": "Note", "name": "water"},
        {"type": "Note", "name": ""},
        "coffee",
    ]
    end = "2026-11-25T12:00:00Z"
    question = post(type="Question", endTime=end, votersCount=3)
    poll = read_note(question | {"oneOf": options}).poll
    assert poll is not None
    assert poll.options == (PollOption("tea", 3), PollOption("water"))
    assert (poll.multiple, poll.voters_count, poll.closed) == (False, 3, None)
    ended = read_note(question | {"anyOf": options, "closed": True}).poll
    assert ended is not None
    assert ended.multiple
    assert (ended.closed, ended.end_time) == (True, datetime(2026, 11, 25, 12, tzinfo=UTC))
    many = read_note(question | {"oneOf": [{"name": str(n)} for n in range(9999)]}).poll
    assert many is not None
    assert len(many.options) == 500
    assert read_note(question | {"oneOf": []}).poll is None
    assert read_note(post(oneOf=options)).poll is None


def test_a_vote_is_a_post_with_a_name() -> None:
    vote = read_note(post(name="tea", inReplyTo=["https://a.example/q"], content=None))
    assert (vote.name, vote.in_reply_to, vote.content_html) == ("tea", "https://a.example/q", "")


def test_quotes_have_many_names() -> None:
    quoted = "https://a.example/notes/9"
    for name in ("quoteUrl", "quoteUri", "_misskey_quote"):
        assert read_note(post(**{name: quoted})).quote == Quoting(quoted, legacy=True)
    assert read_note(post(quote={"id": quoted})).quote == Quoting(quoted)
    assert read_note(post(quote=None, quoteUrl="javascript:x")).quote is None


@pytest.mark.parametrize("kind", ["Person", "Tombstone", "Create", "note", None, 3])
def test_what_is_no_post(kind: object) -> None:
    with pytest.raises(Malformed):
        read_note(post(type=kind))
