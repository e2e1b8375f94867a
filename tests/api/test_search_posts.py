"""Posts are found by their words, in every language, and by what is known of them."""

from datetime import timedelta

import pytest

from storage import search, search_words, settings
from storage.search import PostFilter
from storage.search_words import Term
from tests.api.office import Api, Office
from tests.api.posts import uploaded
from tests.api.test_search import find, post, texts


async def found_by(member: Api, q: str, **query: object) -> list[str]:
    """Return the texts of the posts that are found, without their paragraph."""
    return [
        text.removeprefix("<p>").removesuffix("</p>")
        for text in texts(await find(member, q, type="statuses", **query))
    ]


@pytest.mark.parametrize(
    ("language", "text", "q"),
    [
        ("en", "Writing the reports", "report writes"),
        ("de", "Die Häuser sind verkauft", "haus"),
        ("de", "Große Straße", "GROSSE STRASSE"),
        ("fr", "Les réunions commencent", "reunion"),
        ("es", "Las canciones nuevas", "canción"),
        ("pt", "Os escritórios estão abertos", "escritório aberto"),
        ("ja", "明日は東京都へ行きます", "東京"),
        ("zh", "我们在上海开会", "上海"),
        ("th", "สวัสดีครับ", "สวัสดี"),
        ("ko", "서울에서 만나요", "서울"),
        ("ru", "Новые отчёты готовы", "отчет"),
        ("eo", "Saluton al chiuj", "saluton"),
        (None, "ＦＵＬＬ width", "full"),
    ],
)
async def test_words_of_many_languages(
    office: Office, language: str | None, text: str, q: str
) -> None:
    ana = await office.member("ana")
    await post(ana, text, language=language)
    await post(ana, "nothing of it", language="en")
    assert await found_by(ana, q) == [text]


async def test_phrases_and_exclusions(office: Office) -> None:
    ana = await office.member("ana")
    await post(ana, "green tea at noon", language="en")
    await post(ana, "tea that is green", language="en")
    assert await found_by(ana, '"green tea"') == ["green tea at noon"]
    assert await found_by(ana, "“green tea”") == ["green tea at noon"]
    assert await found_by(ana, "green tea") == ["tea that is green", "green tea at noon"]
    assert await found_by(ana, "tea -noon") == ["tea that is green"]
    assert await found_by(ana, 'tea -"green tea"') == ["tea that is green"]
    assert await found_by(ana, "-noon from:me") == ["tea that is green"]
    # What a language takes for noise is not asked for.
    assert await found_by(ana, "the tea at a noon") == ["green tea at noon"]
    assert await found_by(ana, "東京") == []


async def test_authors(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await post(ana, "tea of ana")
    await post(bo, "tea of bo")
    for q in ("tea from:bo", "tea from:@bo", "from:bo", f"from:@bo@{office.app.uris.host}"):
        assert await found_by(ana, q) == ["tea of bo"], q
    assert await found_by(ana, "tea from:me") == ["tea of ana"]
    assert await found_by(ana, "tea -from:bo") == ["tea of ana"]
    assert await found_by(ana, "tea", account_id=bo.id) == ["tea of bo"]
    assert await found_by(ana, "tea from:nobody") == []
    assert len(await found_by(ana, "tea -from:nobody")) == 2


async def test_what_a_post_has_and_is(office: Office) -> None:
    ana = await office.member("ana")
    picture = await uploaded(ana, description="a cat")
    await post(ana, "tea pictured", media_ids=[picture["id"]])
    await post(ana, "tea asked", poll={"options": ["Lemon", "Milk"], "expires_in": 3600})
    await post(ana, "tea linked https://example.com/x")
    await post(ana, "tea veiled", spoiler_text="careful")
    first = await post(ana, "tea @ana #hot")
    await post(ana, "tea answered", in_reply_to_id=first["id"])
    for q, text in (
        ("tea has:image", "tea pictured"),
        ("tea has:media", "tea pictured"),
        ("cat", "tea pictured"),
        ("tea has:poll", "tea asked"),
        ("milk", "tea asked"),
        ("tea is:sensitive", "tea veiled"),
        ("careful", "tea veiled"),
        ("tea is:reply", "tea answered"),
    ):
        assert await found_by(ana, q) == [text], q
    assert len(await found_by(ana, "tea has:link")) == 1
    assert [len(await found_by(ana, q)) for q in ("#hot", "#HOT tea", "-#hot tea", "#cold")] == [
        1,
        1,
        5,
        0,
    ]
    assert len(await found_by(ana, "tea has:nothing")) == 0


async def test_days(office: Office) -> None:
    ana = await office.member("ana")
    await post(ana, "tea today")
    today = office.clock().date()
    day, next_day = today.isoformat(), (today + timedelta(days=1)).isoformat()
    for q, count in (
        (f"tea during:{day}", 1),
        (f"tea before:{day}", 0),
        (f"tea after:{day}", 0),
        (f"tea before:{next_day}", 1),
        (f"after:{(today - timedelta(days=1)).isoformat()}", 1),
        ("tea before:yesterday", 0),
        ("tea before:0001-01-01", 0),
    ):
        assert len(await found_by(ana, q)) == count, q


async def test_the_library(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    mine = await post(ana, "my tea")
    kept = {}
    for deed in ("favourite", "bookmark", "reblog"):
        kept[deed] = await post(bo, f"tea to {deed}")
        await ana.ok("POST", f"/api/v1/statuses/{kept[deed]['id']}/{deed}")
    asked = await post(bo, "tea or not", poll={"options": ["a", "b"], "expires_in": 600})
    await ana.ok("POST", f"/api/v1/polls/{asked['poll']['id']}/votes", json={"choices": [0]})
    await post(bo, "tea for everybody")
    await post(bo, "@ana tea for you")
    assert len(await found_by(ana, "tea")) == 7
    library = await found_by(ana, "tea in:library")
    assert len(library) == 6
    assert "tea for everybody" not in library
    assert await found_by(ana, "in:library my") == ["my tea"]
    assert len(await found_by(ana, "tea in:all")) == 7
    ids = [each["id"] for each in (await find(ana, "tea in:library"))["statuses"]]
    assert ids == sorted(ids, key=int, reverse=True)
    assert mine["id"] in ids


async def test_what_followers_may_read_is_found_by_followers(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    await post(ana, "tea for followers", visibility="private")
    assert await found_by(bo, "tea") == ["tea for followers"]
    assert await found_by(cy, "tea") == []
    assert await found_by(bo, "tea in:public") == []
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/unfollow")
    assert await found_by(bo, "tea") == []


async def test_an_edit_is_found_by_its_new_words(office: Office) -> None:
    ana = await office.member("ana")
    status = await post(ana, "green tea")
    await ana.ok("PUT", f"/api/v1/statuses/{status['id']}", json={"status": "black coffee"})
    assert await found_by(ana, "coffee") == ["black coffee"]
    assert await found_by(ana, "tea") == []
    await ana.ok("DELETE", f"/api/v1/statuses/{status['id']}")
    assert await found_by(ana, "coffee") == []


async def test_pages_go_back_by_id_and_by_offset(office: Office) -> None:
    ana = await office.member("ana")
    ids = [(await post(ana, f"tea {number}"))["id"] for number in range(5)]
    ids.sort(key=int, reverse=True)

    async def page(**query: object) -> list[str]:
        found = await find(ana, "tea", type="statuses", **query)
        return [each["id"] for each in found["statuses"]]

    assert await page() == ids
    assert await page(limit=2, offset=2) == ids[2:4]
    assert await page(limit=2, max_id=ids[1]) == ids[2:4]
    assert await page(min_id=ids[3]) == ids[:3]


async def test_a_rare_word_is_looked_up_and_a_frequent_one_met(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await post(ana, "tea of old")
    for number in range(4):
        await post(ana, f"tea {number}")
    for number in range(3):
        await post(bo, f"coffee {number}")
    everything = await found_by(ana, "tea")
    assert len(everything) == 5
    for walk in (0, 1, 4, 6, 8):
        monkeypatch.setattr("storage.search._WALK", walk)
        assert await found_by(ana, "tea") == everything, walk
        assert await found_by(ana, "tea", limit=2) == everything[:2], walk
        assert await found_by(ana, "tea", limit=2, offset=2) == everything[2:4], walk
        assert await found_by(ana, "tea from:bo") == [], walk
        assert await found_by(ana, "old") == ["tea of old"], walk


async def test_posts_of_before_are_read_by_the_worker(office: Office) -> None:
    ana = await office.member("ana")
    ids = [int((await post(ana, f"tea {number}"))["id"]) for number in range(5)]
    async with office.app.db.writer() as tx:
        await tx.execute("DELETE FROM status_words")
        await tx.execute("DELETE FROM search_configurations")
        await settings.upsert(tx, "search.unread_below", max(ids) + 1)
    assert await found_by(ana, "tea") == []
    rounds = 0
    more = True
    while more:
        async with office.app.db.writer() as tx:
            more = await search_words.read_backlog(tx, 2)
        rounds += 1
    assert len(await found_by(ana, "tea")) == 5
    assert rounds == 4
    async with office.app.db.reader() as conn:
        assert await settings.find(conn, "search.unread_below") is None


@pytest.mark.sec("SEC-182")
@pytest.mark.parametrize(
    "q",
    [
        "tea' | 'x",
        "tea:* <-> !",
        "tea\\' & (",
        '"',
        '""',
        '-""',
        "- -- ---",
        "from:",
        'from:"',
        "has: is: in: before:",
        "before:9999-12-31 after:99999",
        "tea " * 200,
        "a" * 1_000,
        "#" * 500,
        "the",
        "&amp;",
        "<script>alert(1)</script>",
        "=a1 =has:poll",
        "\u202e\u200b\ufeff",
        "👍🏽",
    ],
)
async def test_whatever_is_typed_is_answered(office: Office, q: str) -> None:
    ana = await office.member("ana")
    await post(ana, "green coffee")
    assert await found_by(ana, q) == []


async def test_exclusions_alone_leave_everything_else(office: Office) -> None:
    ana = await office.member("ana")
    await post(ana, "green coffee", language="en")
    for q in ("-tea", "-from:nobody", "-has:poll", "-tea " * 150):
        assert await found_by(ana, q) == ["green coffee"], q
    assert await found_by(ana, "-coffee") == []
    assert (await ana.get("/api/v2/search", q="te\x00a")).status == 422


async def test_a_search_takes_a_fixed_number_of_queries(office: Office) -> None:
    ana = await office.member("ana")
    counts = set()
    for number in range(3):
        await post(ana, f"tea {number}")
        async with office.app.db.reader() as conn:
            words = await search_words.parse(conn, [Term("tea")], [])
            found = await search.statuses(conn, ana.account_id, PostFilter(words), limit=20)
            counts.add(conn.queries)
        assert len(found) == number + 1
    assert counts == {3}
