"""Timelines and kept posts: what each shows, its pages, its cost."""

from typing import Any

import pytest

from tests.api.office import Office
from tests.api.posts import STATUSES, arrive, does, follow, ids, post, uploaded
from tests.counting import counted

HOME = "/api/v1/timelines/home"
PUBLIC = "/api/v1/timelines/public"
TAG = "/api/v1/timelines/tag"
DIRECT = "/api/v1/timelines/direct"
FAVOURITES = "/api/v1/favourites"
BOOKMARKS = "/api/v1/bookmarks"


async def test_home_shows_oneself_and_whom_one_follows(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(ana, bo)
    mine = await post(ana, "mine", visibility="private")
    theirs = await post(bo, "theirs", visibility="private")
    stranger = await post(cy, "stranger")
    boost = await does(bo, "reblog", stranger)
    await post(bo, "@cy not for ana", visibility="direct")
    assert await ids(ana, HOME) == [boost["id"], theirs["id"], mine["id"]]
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/mute")
    assert await ids(ana, HOME) == [theirs["id"], mine["id"]]


async def test_the_organisation_is_heard_and_can_be_narrowed(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    rui = await office.colleague("rui")
    here = (await post(bo, "here"))["id"]
    there = await arrive(office, rui, "there")
    media = await uploaded(bo)
    shown = (await post(bo, "look", media_ids=[media["id"]]))["id"]
    await post(bo, "quiet", visibility="unlisted")
    await post(ana, "@bo reply", in_reply_to_id=here)
    assert await ids(ana, PUBLIC) == [shown, there, here]
    assert await ids(ana, PUBLIC, local=True) == [shown, here]
    assert await ids(ana, PUBLIC, remote="1") == [there]
    assert await ids(ana, PUBLIC, only_media=True) == [shown]
    assert await ids(ana, PUBLIC, local="false", remote="0", only_media="f") == [shown, there, here]
    page = await ana.get(PUBLIC, local=True, limit=1, unheard_of=1)
    assert "local=true" in page.links["next"]
    assert "unheard_of" not in page.links["next"]
    assert [each["id"] for each in (await ana.get(page.links["next"])).data] == [here]
    await office.allow("porto.example", "removed")
    assert await ids(ana, PUBLIC) == [shown, here]


async def test_hashtags_combine_in_any_spelling(office: Office) -> None:
    ana = await office.member("ana")
    one = (await post(ana, "#Café and #tea"))["id"]
    two = (await post(ana, "#tea only"))["id"]
    three = (await post(ana, "#cake", visibility="unlisted"))["id"]
    assert await ids(ana, f"{TAG}/TEA") == [two, one]
    assert await ids(ana, f"{TAG}/%23tea") == [two, one]
    assert await ids(ana, f"{TAG}/caf%C3%A9") == [one]
    assert await ids(ana, f"{TAG}/tea", all=["café"]) == [one]
    assert await ids(ana, f"{TAG}/tea", none=["café"]) == [two]
    assert await ids(ana, f"{TAG}/cafÉ", any=["tea"]) == [two, one]
    assert three not in await ids(ana, f"{TAG}/cake")
    page = await ana.get(f"{TAG}/tea", none=["café"], limit=1)
    assert "none%5B%5D=caf%C3%A9" in page.links["next"]


@pytest.mark.parametrize(
    "path",
    [
        f"{TAG}/%00",
        f"{TAG}/a%00b",
        f"{TAG}/a?any[]=%00",
        f"{TAG}/a?none[]=a%00",
        f"{TAG}/%ED%A0%80",
        f"{TAG}/a?all[]=%ED%A0%80",
        f"{TAG}/{'a' * 2000}",
        f"{TAG}/a?any[x][y]=z",
        f"{TAG}/a?any[]=1&any=2",
        f"{TAG}/a?" + "&".join(f"any[]={number}" for number in range(400)),
        f"{PUBLIC}?local[]=x&max_id=abc&limit=many",
        f"{HOME}?min_id=-1&limit=-5",
        f"{HOME}?max_id=99999999999999999999999",
        f"{HOME}?max_id=%00&since_id[]=1",
    ],
)
async def test_odd_questions_are_answered_or_refused(office: Office, path: str) -> None:
    ana = await office.member("ana")
    answer = await ana.get(path)
    assert answer.status in {200, 400, 404, 422}, (answer.status, answer.data)
    assert answer.data == [] or answer.error


async def test_names_of_tags_in_a_body_are_checked_too(office: Office) -> None:
    ana = await office.member("ana")
    answer = await ana.request("GET", f"{TAG}/a", json={"any": ["a\0b", {"c": "d"}, None, 3]})
    assert answer.status in {200, 422}
    assert answer.data == [] or answer.error


async def test_lists_show_their_members_to_their_owner(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(ana, bo)
    await follow(ana, cy)
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "Team"})
    await ana.ok("POST", f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [bo.id]})
    theirs = await post(bo, "hello")
    await post(cy, "not on the list")
    path = f"/api/v1/timelines/list/{made['id']}"
    assert await ids(ana, path) == [theirs["id"]]
    answer = await bo.get(path)
    assert (answer.status, answer.error) == (404, "Record not found")


async def test_direct_posts_have_a_timeline_of_their_own(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    whisper = await post(ana, "@bo psst", visibility="direct")
    await post(ana, "@bo loud")
    for party in (ana, bo):
        assert await ids(party, DIRECT) == [whisper["id"]]
    assert await ids(cy, DIRECT) == []


# ------------------------------------------------------------------------------------------ pages


async def test_timelines_are_paged_by_the_ids_they_show(office: Office) -> None:
    ana = await office.member("ana")
    assert (await ana.get(HOME)).links == {}
    made = [(await post(ana, str(number)))["id"] for number in range(7)]
    newest = made[::-1]
    page = await ana.get(HOME, limit=3)
    assert [each["id"] for each in page.data] == newest[:3]
    assert page.links["next"] == f"{office.url}{HOME}?limit=3&max_id={newest[2]}"
    assert page.links["prev"] == f"{office.url}{HOME}?limit=3&min_id={newest[0]}"
    assert await ids(ana, page.links["next"]) == newest[3:6]
    # Timelines always name both neighbours, an empty page none.
    last = await ana.get(HOME, max_id=newest[5])
    assert ([each["id"] for each in last.data], set(last.links)) == (newest[6:], {"next", "prev"})
    assert (await ana.get(last.links["next"])).links == {}
    assert await ids(ana, HOME, min_id=newest[5], limit=2) == newest[3:5]
    assert await ids(ana, HOME, since_id=newest[5], limit=2) == newest[:2]
    assert await ids(ana, HOME, min_id=newest[6], max_id=newest[2], limit=2) == newest[4:6]
    assert await ids(ana, HOME, min_id=newest[6], since_id=newest[1], limit=2) == newest[4:6]
    assert await ids(ana, HOME, limit=0) == await ids(ana, HOME, limit="many") == []
    assert await ids(ana, HOME, limit=-2) == newest[:2]
    assert await ids(ana, HOME, limit=10**30) == newest
    # A cursor may name what is no longer there.
    await ana.ok("DELETE", f"{STATUSES}/{newest[2]}")
    assert await ids(ana, page.links["next"]) == newest[3:6]


@pytest.mark.parametrize(("path", "action"), [(FAVOURITES, "favourite"), (BOOKMARKS, "bookmark")])
async def test_kept_posts_come_in_the_order_of_keeping(
    office: Office, path: str, action: str
) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    assert (await ana.get(path)).links == {}
    made = [await post(bo, str(number)) for number in range(3)]
    for number in (1, 2, 0):
        await does(ana, action, made[number])
    page = await ana.get(path, limit=2)
    assert [each["id"] for each in page.data] == [made[0]["id"], made[2]["id"]]
    assert set(page.links) == {"next", "prev"}
    assert "min_id=" in page.links["prev"]
    # The cursor is no status.
    assert not any(each["id"] in page.headers["Link"] for each in made)
    older = await ana.get(page.links["next"])
    assert [each["id"] for each in older.data] == [made[1]["id"]]
    assert set(older.links) == {"prev"}
    assert await ids(ana, older.links["prev"]) == [made[0]["id"], made[2]["id"]]
    assert await ids(bo, path) == []
    # What its author no longer shows is not listed.
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    assert await ids(ana, path) == []


# ------------------------------------------------------------------------------------------- cost


@pytest.mark.parametrize("path", [HOME, PUBLIC, f"{TAG}/lunch", DIRECT, FAVOURITES, BOOKMARKS])
async def test_a_long_page_takes_as_many_queries_as_a_short_one(office: Office, path: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await follow(ana, bo)
    for number in range(9):
        author, form = (bo, ana)[number % 2], dict[str, Any]()
        if number % 3 == 0:
            form["poll"] = {"options": ["a", "b"], "expires_in": 300}
        elif number % 3 == 1:
            form["media_ids"] = [(await uploaded(author))["id"]]
        text = f"@ana @bo #lunch {number}"
        if path == DIRECT:
            form["visibility"] = "direct"
        made = await post(author, text, **form)
        for action in ("favourite", "bookmark"):
            await does(ana, action, made)
    await ids(ana, path)
    used = set()
    for limit in (3, 9):
        with counted(office.app.db) as count:
            answer = await ana.get(path, limit=limit)
        used.add(count.queries)
        assert len(answer.data) == limit
    # The posts with polls are rendered each time; of the others only one query remains.
    assert len(used) == 1
    assert used.pop() <= 9
