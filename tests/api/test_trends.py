"""What is talked about: counted by the worker, without anybody's approval."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fedimmp.entities.tags import render_tags
from fedimmp.workers.housekeeping import CHORES, do
from storage import trends
from tests.api.contract.entities import check_all
from tests.api.office import Api, Office
from tests.api.posts import does, ids, post

TAGS = "/api/v1/trends/tags"
STATUSES = "/api/v1/trends/statuses"


async def count(office: Office) -> None:
    """Do what the worker does every ten minutes."""
    for chore in CHORES:
        if chore.name in {"hashtags in use", "trending posts"}:
            await do(office.app, chore)


async def run(office: Office, statement: str, *arguments: Any) -> None:
    async with office.app.db.writer() as tx:
        await tx.execute(statement, *arguments)


async def names(person: Api, path: str = TAGS, **query: Any) -> list[str]:
    answer = await person.get(path, **query)
    check_all("Tag", answer.data)
    return [each["name"] for each in answer.data]


async def three(office: Office) -> list[Api]:
    return [await office.member(name) for name in ("ana", "bo", "cy")]


async def test_hashtags_of_several_people_trend(office: Office) -> None:
    ana, bo, cy = await three(office)
    for each in (ana, bo, cy):
        await post(each, "#Lunch")
    for each in (ana, bo):
        await post(each, "#rain")
    for _ in range(3):
        await post(ana, "#alone")
    await post(ana, "#hidden", visibility="unlisted")
    await post(bo, "#hidden", visibility="unlisted")
    assert await names(ana) == []
    await count(office)
    assert await names(ana) == ["Lunch", "rain"]
    (lunch, _) = await ana.ok("GET", TAGS)
    assert (lunch["history"][0]["uses"], lunch["history"][0]["accounts"]) == ("3", "3")
    assert len(lunch["history"]) == 7
    old = await ana.get("/api/v1/trends")
    check_all("Tag", old.data)
    assert old.data == await ana.ok("GET", TAGS)
    assert old.headers["Deprecation"].startswith("@")
    await count(office)
    assert await names(ana) == ["Lunch", "rain"]
    for column in ("trendable", "listable", "usable"):
        await run(office, f"UPDATE tags SET {column} = false WHERE name = 'lunch'")
        assert await names(ana) == ["rain"]
        await run(office, f"UPDATE tags SET {column} = true WHERE name = 'lunch'")


async def test_a_hashtag_of_people_whom_staff_limits_does_not_count(office: Office) -> None:
    ana, bo, cy = await three(office)
    for each in (ana, bo):
        await post(each, "#lunch")
    for each in (ana, cy):
        await post(each, "#rain")
    for column in ("silenced_at", "suspended_at"):
        await run(office, f"UPDATE accounts SET {column} = now() WHERE id = $1", bo.account_id)
        await count(office)
        assert await names(ana) == ["rain"]
        await run(office, f"UPDATE accounts SET {column} = NULL WHERE id = $1", bo.account_id)
        await count(office)
        assert sorted(await names(ana)) == ["lunch", "rain"]


async def test_trends_are_paged_by_offset(office: Office) -> None:
    ana, bo, _ = await three(office)
    for each in (ana, bo):
        await post(each, "#one #two #three")
    await count(office)
    first = await ana.get(TAGS, limit=2)
    assert (len(first.data), set(first.links)) == (2, {"next"})
    second = await ana.get(first.links["next"])
    assert (len(second.data), set(second.links)) == (1, {"prev"})
    assert (await ana.get(second.links["prev"])).data == first.data
    assert await names(ana, limit=0) == []
    assert await names(ana, offset="junk") == await names(ana)
    assert await names(ana, offset=10_000) == []


async def test_uses_of_earlier_days_are_kept_for_a_week(office: Office) -> None:
    ana, bo, _ = await three(office)
    for each in (ana, bo):
        await post(each, "#lunch")
    await count(office)
    office.clock.offset = timedelta(days=1)
    history = (await ana.ok("GET", "/api/v1/tags/lunch"))["history"]
    assert [each["uses"] for each in history] == ["0", "2", "0", "0", "0", "0", "0"]
    await count(office)
    assert await names(ana) == ["lunch"]
    office.clock.offset = timedelta(days=8)
    await count(office)
    assert await names(ana) == []
    history = (await ana.ok("GET", "/api/v1/tags/lunch"))["history"]
    assert {each["uses"] for each in history} == {"0"}


async def test_posts_with_many_reactions_trend(office: Office) -> None:
    ana, bo, cy = await three(office)
    liked = await post(ana, "liked")
    loved = await post(ana, "loved")
    covered = await post(ana, "covered", spoiler_text="careful")
    reply = await post(ana, "reply", in_reply_to_id=liked["id"])
    quiet = await post(ana, "quiet", visibility="unlisted")
    once = await post(ana, "once")
    for each in (bo, cy):
        for status in (liked, loved, covered, reply, quiet):
            await does(each, "favourite", status)
        await does(each, "reblog", loved)
    await does(bo, "favourite", once)
    assert await ids(ana, STATUSES) == []
    await count(office)
    assert await ids(ana, STATUSES) == [loved["id"], liked["id"]]
    page = await ana.get(STATUSES, limit=1)
    assert await ids(ana, page.links["next"]) == [liked["id"]]

    await cy.ok("POST", f"/api/v1/accounts/{ana.id}/mute")
    assert await ids(cy, STATUSES) == []
    rejected = int(loved["id"])
    await run(office, "INSERT INTO untrendable_statuses (status_id) VALUES ($1)", rejected)
    assert await ids(ana, STATUSES) == [liked["id"]]
    await count(office)
    assert await ids(ana, STATUSES) == [liked["id"]]
    await ana.ok("DELETE", f"/api/v1/statuses/{liked['id']}")
    assert await ids(ana, STATUSES) == []


@pytest.fixture
def without_trends(running_office: Office) -> Iterator[None]:
    """Configure the office, which all tests share, not to show what trends."""
    posts = running_office.app.config.posts
    object.__setattr__(posts, "trends", False)
    yield
    object.__setattr__(posts, "trends", True)


@pytest.mark.usefixtures("without_trends")
async def test_an_office_may_do_without_trends(office: Office) -> None:
    ana, bo, cy = await three(office)
    for each in (ana, bo):
        status = await post(each, "#lunch")
        for fan in (ana, bo, cy):
            await does(fan, "favourite", status)
    await count(office)
    async with office.app.db.reader() as conn:
        assert await trends.list_tags(conn, office.app.now(), limit=9, offset=0)
        assert not await trends.list_statuses(conn, ana.account_id, limit=9, offset=0)
    for path in (TAGS, STATUSES, "/api/v1/trends"):
        assert await ana.ok("GET", path) == []


async def test_no_link_trends_and_none_has_a_timeline(office: Office) -> None:
    ana = await office.member("ana")
    links = await ana.ok("GET", "/api/v1/trends/links")
    check_all("Trends::Link", links)
    assert links == []
    answer = await ana.get("/api/v1/timelines/link", url="https://news.example/")
    assert (answer.status, answer.error) == (404, "Record not found")
    assert (await ana.get("/api/v1/timelines/link")).status == 422
    for path in (TAGS, STATUSES, "/api/v1/trends/links", "/api/v1/timelines/link"):
        assert (await office.anonymous().get(path)).status == 401


async def test_trends_take_a_fixed_number_of_queries(office: Office) -> None:
    ana, bo, _ = await three(office)
    for each in (ana, bo):
        await post(each, "#one #two #three")
    await count(office)
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await trends.list_tags(conn, office.app.now(), limit=limit, offset=0)
            rendered = await render_tags(office.app, conn, found, ana.account_id)
            assert (len(rendered), conn.queries) == (limit, 3)


async def test_a_post_trends_no_longer_once_its_author_is_limited(office: Office) -> None:
    ana, bo, cy = await three(office)
    loud = await post(ana, "Hear me")
    for each in (bo, cy):
        await does(each, "favourite", loud)
    await count(office)
    assert await ids(bo, STATUSES) == [loud["id"]]
    await run(office, "UPDATE accounts SET silenced_at = now() WHERE id = $1", ana.account_id)
    assert await ids(bo, STATUSES) == []
    await count(office)
    async with office.app.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM trending_statuses") == 0
