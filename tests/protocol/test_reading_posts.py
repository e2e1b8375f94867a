"""Posts as peers write them: every form of a property, and the caps."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activitypub.errors import Malformed
from activitypub.objects import Attachment, Emoji, LinkedPage, Mention, PollOption, Quoting
from activitypub.reading import read_note

ALICE = "https://b.example/users/alice"
NOTE = "https://b.example/notes/1"


def post(**changes: Any) -> dict[str, Any]:
    return {"id": NOTE, "type": "Note", "attributedTo": ALICE} | changes


def test_the_smallest_post() -> None:
    note = read_note(post())
    assert (note.id, note.type, note.attributed_to, note.url) == (NOTE, "Note", ALICE, NOTE)
    assert (note.content_html, note.published, note.to, note.poll) == ("", None, (), None)


@pytest.mark.parametrize(
    "author",
    [ALICE, {"id": ALICE}, [ALICE, "https://c.example/x"], [{"type": "Person", "id": ALICE}]],
)
@pytest.mark.sec("SEC-062")
def test_the_first_author_counts(author: object) -> None:
    assert read_note(post(attributedTo=author)).attributed_to == ALICE


@pytest.mark.parametrize("author", [None, "", [], {}, {"name": "Alice"}, 1])
@pytest.mark.sec("SEC-062")
def test_a_post_has_an_author(author: object) -> None:
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


@pytest.mark.sec("SEC-116")
def test_huge_texts_are_cut() -> None:
    languages = {f"a{n}": "x" for n in range(10_000)}
    note = read_note(post(content="c" * 900_000, summary="s" * 900_000, contentMap=languages))
    assert (len(note.content_html), len(note.summary)) == (100_000, 20_000)


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
@pytest.mark.sec("SEC-117")
def test_times(text: object, time: datetime | None) -> None:
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


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("#\u0939\u093f\u0928\u094d\u0926\u0940", ("\u0939\u093f\u0928\u094d\u0926\u0940",)),
        ("#\u725b", ("\u725b",)),
        ("#one\u00b7two_3", ("one\u00b7two_3",)),
        ("#1984", ()),
        ("#a b", ()),
        ("#a-b", ()),
        ("#<b>", ()),
        ("#", ()),
        (f"#{'x' * 201}", ()),
    ],
)
def test_hashtags_of_every_script(name: str, read: tuple[str, ...]) -> None:
    assert read_note(post(tag={"type": "Hashtag", "name": name})).hashtags == read


@pytest.mark.sec("SEC-113")
def test_a_flood_of_tags_is_cut() -> None:
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


@pytest.mark.parametrize(
    ("item", "url", "media_type"),
    [
        ({"type": "Document", "href": "https://f.example/1"}, "https://f.example/1", None),
        ({"url": "https://f.example/1.png"}, "https://f.example/1.png", None),
        ({"type": "as:Image", "url": "https://f.example/1"}, "https://f.example/1", None),
        (
            {
                "type": "Video",
                "url": [
                    {"type": "Link", "mediaType": "text/html", "href": "https://f.example/w"},
                    {"type": "Link", "mediaType": "video/mp4", "href": "https://f.example/1.mp4"},
                ],
            },
            "https://f.example/1.mp4",
            "video/mp4",
        ),
        (
            {"type": "Image", "url": "https://f.example/1", "mediaType": "Image/PNG; a=b"},
            "https://f.example/1",
            "image/png",
        ),
        (
            {"type": "Image", "url": "https://f.example/1", "mediaType": "image/png\r\nX: y"},
            "https://f.example/1",
            None,
        ),
    ],
)
def test_a_file_has_many_forms(item: dict[str, Any], url: str, media_type: str | None) -> None:
    (found,) = read_note(post(attachment=item)).attachments
    assert (found.url, found.media_type) == (url, media_type)


@pytest.mark.parametrize(
    "blurhash", ["", "LEHV6n", "L" * 6, "\u00e9" * 28, ["LEHV6nWB2yk8pyo0adR*.7kCMdnj"], "~" * 200]
)
def test_a_blurhash_of_a_wrong_length_is_dropped(blurhash: object) -> None:
    (found,) = read_note(post(attachment=PICTURE | {"blurhash": blurhash})).attachments
    assert found.blurhash is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT2.5S", 2.5),
        ("PT1H1M1S", 3661.0),
        ("P1DT1S", 86_401.0),
        ("PT0S", None),
        ("P1Y", None),
        ("P", None),
        ("PT" + "9" * 30 + "S", None),
        (133, None),
        (None, None),
    ],
)
def test_how_long_a_film_is(text: object, seconds: float | None) -> None:
    (found,) = read_note(post(attachment=PICTURE | {"duration": text})).attachments
    assert found.duration == seconds


def test_a_sensitive_file_hides_all() -> None:
    assert read_note(post(attachment=[PICTURE, PICTURE | {"sensitive": True}])).sensitive
    assert not read_note(post(attachment=[PICTURE | {"sensitive": "yes"}])).sensitive


def test_attached_pages() -> None:
    links = [
        {"type": "Link", "href": "https://news.example/a", "name": "News"},
        {"type": "Link", "href": "https://news.example/a"},
        {"type": "Link", "href": "payto://iban/DE75512108001245126199"},
        {"type": "Link", "href": "javascript:alert(1)"},
    ]
    assert read_note(post(attachment=links)).pages == (
        LinkedPage("https://news.example/a", "News"),
    )
    many = [{"type": "Link", "href": f"https://news.example/{n}"} for n in range(5000)]
    assert len(read_note(post(attachment=many)).pages) == 4


@pytest.mark.parametrize(
    ("closed", "read"),
    [
        (True, True),
        ([True], True),
        (False, None),
        ("2026-11-25T12:00:00Z", datetime(2026, 11, 25, 12, tzinfo=UTC)),
        ("soon", None),
    ],
)
def test_when_a_poll_closed(closed: object, read: object) -> None:
    poll = read_note(post(type="Question", oneOf={"name": "tea"}, closed=closed)).poll
    assert poll is not None
    assert poll.closed == read


def test_voters_of_one_answer_each_are_the_votes() -> None:
    options = [{"name": name, "replies": {"totalItems": 2}} for name in ("tea", "water")]
    one = read_note(post(type="Question", oneOf=options)).poll
    several = read_note(post(type="Question", anyOf=options)).poll
    assert one is not None and several is not None
    assert (one.voters_count, several.voters_count) == (4, None)


def test_text_that_is_no_html_is_shown_as_written() -> None:
    for kind in ("text/markdown", "text/plain", "text/x.misskeymarkdown"):
        note = read_note(post(content="<b>*x*</b>\ny", mediaType=kind))
        assert note.content_html == "&lt;b&gt;*x*&lt;/b&gt;<br>y"
    for html in ("text/html", None, 5, "nonsense"):
        assert read_note(post(content="<b>x</b>", mediaType=html)).content_html == "<b>x</b>"
