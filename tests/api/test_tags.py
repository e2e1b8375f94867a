"""Hashtags: followed ones fill the home timeline, shown ones are on the profile."""

import pytest

from fedimmp.entities.tags import render_tags
from fedimmp.services import hashtags
from storage import tag_follows
from storage.new_statuses import NewTag
from storage.paging import Page
from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import arrive, does, follow, ids, post

HOME = "/api/v1/timelines/home"


async def test_public_posts_with_a_followed_hashtag_come_home(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    before = await post(bo, "old #Lunch")
    followed = await ana.ok("POST", "/api/v1/tags/LUNCH/follow")
    check("Tag", followed)
    assert (followed["name"], followed["following"]) == ("Lunch", True)
    assert await ana.ok("POST", "/api/v1/tags/lunch/follow") == followed
    new = await post(bo, "new #lunch")
    await post(bo, "#lunch among friends", visibility="unlisted")
    await post(bo, "#lunch for followers", visibility="private")
    await post(bo, "#dinner")
    await does(bo, "reblog", new)
    rui = await office.colleague("rui")
    remote = await arrive(office, rui, "far", tags=(NewTag(7, "lunch", "lunch"),))
    assert await ids(ana, HOME) == [remote, new["id"], before["id"]]

    gone = await ana.ok("POST", "/api/v1/tags/lunch/unfollow")
    check("Tag", gone)
    assert gone["following"] is False
    assert await ids(ana, HOME) == []
    await post(bo, "later #lunch")
    assert await ids(ana, HOME) == []


async def test_a_hashtag_brings_nobody_whom_one_avoids(office: Office) -> None:
    ana, bo, cy, di = [await office.member(name) for name in ("ana", "bo", "cy", "di")]
    await ana.ok("POST", "/api/v1/tags/lunch/follow")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/mute")
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/block")
    await di.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    eva = await office.member("eva")
    await ana.ok("POST", f"/api/v1/accounts/{eva.id}/follow", json={"languages": ["pt"]})
    rui = await office.colleague("rui")
    await ana.ok("POST", "/api/v1/domain_blocks", json={"domain": "porto.example"})
    for unwanted in (bo, cy, di):
        await post(unwanted, "#lunch")
    await post(eva, "#lunch", language="en")
    await arrive(office, rui, "far", tags=(NewTag(7, "lunch", "lunch"),))
    assert await ids(ana, HOME) == []
    wanted = await post(eva, "#lunch", language="pt")
    assert await ids(ana, HOME) == [wanted["id"]]


async def test_what_is_followed_otherwise_stays(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    for name in ("lunch", "soup"):
        await ana.ok("POST", f"/api/v1/tags/{name}/follow")
    await follow(ana, bo)
    by_bo = await post(bo, "#lunch")
    own = await post(ana, "#lunch")
    both = await post(cy, "#lunch #soup")
    alone = await post(cy, "#lunch")
    assert await ids(ana, HOME) == [each["id"] for each in (alone, both, own, by_bo)]
    await ana.ok("POST", "/api/v1/tags/lunch/unfollow")
    assert await ids(ana, HOME) == [each["id"] for each in (both, own, by_bo)]
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/unfollow")
    assert await ids(ana, HOME) == [each["id"] for each in (both, own)]


async def test_followed_hashtags_are_listed_page_by_page(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("one", "two", "three"):
        await ana.ok("POST", f"/api/v1/tags/{name}/follow")
    page = await ana.get("/api/v1/followed_tags", limit=2)
    check_all("Tag", page.data)
    assert [each["name"] for each in page.data] == ["three", "two"]
    assert all(each["following"] for each in page.data)
    rest = await ana.get(page.links["next"])
    assert [each["name"] for each in rest.data] == ["one"]
    assert "next" not in rest.links
    newer = await ana.get(rest.links["prev"])
    assert [each["name"] for each in newer.data] == ["three", "two"]


async def test_hashtags_are_shown_on_the_profile_by_name(office: Office) -> None:
    ana = await office.member("ana")
    shown = await ana.ok("POST", "/api/v1/tags/Lunch/feature")
    check("Tag", shown)
    assert (shown["featuring"], shown["following"]) == (True, False)
    assert await ana.ok("POST", "/api/v1/tags/lunch/feature") == shown
    assert [each["name"] for each in await ana.ok("GET", "/api/v1/featured_tags")] == ["Lunch"]
    assert (await ana.ok("GET", "/api/v1/tags/lunch"))["featuring"] is True
    hidden = await ana.ok("POST", "/api/v1/tags/lunch/unfeature")
    assert hidden == shown | {"featuring": False}
    assert await ana.ok("POST", "/api/v1/tags/lunch/unfeature") == hidden
    assert await ana.ok("GET", "/api/v1/featured_tags") == []
    for number in range(10):
        await ana.ok("POST", f"/api/v1/tags/n{number}/feature")
    assert (await ana.post("/api/v1/tags/eleventh/feature")).status == 422


@pytest.mark.parametrize("action", ["follow", "unfollow", "feature", "unfeature"])
async def test_hashtag_actions_need_a_name_and_a_scope(office: Office, action: str) -> None:
    ana = await office.member("ana")
    reader = await office.api(ana.account_id, "read")
    path = f"/api/v1/tags/lunch/{action}"
    assert (await office.anonymous().post(path)).status == 401
    assert (await reader.post(path)).status == 403
    for odd in ("%20", "a%20b", "12", "%00", "-", "a" * 2_000):
        answer = await ana.post(f"/api/v1/tags/{odd}/{action}")
        assert (answer.status, bool(answer.error)) == (404, True), odd
        assert (await ana.get(f"/api/v1/tags/{odd}")).status == 404


async def test_nobody_follows_hashtags_without_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await office.member("ana")
    monkeypatch.setattr(hashtags, "MOST_FOLLOWED", 1)
    await ana.ok("POST", "/api/v1/tags/one/follow")
    assert (await ana.post("/api/v1/tags/two/follow")).status == 422
    assert (await ana.post("/api/v1/tags/one/follow")).status == 200


async def test_a_page_of_hashtags_takes_one_query_and_two_to_render(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("one", "two", "three"):
        await ana.ok("POST", f"/api/v1/tags/{name}/follow")
    counts = set()
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await tag_follows.list_page(conn, ana.account_id, Page(limit=limit))
            rendered = await render_tags(
                office.app, conn, [each.tag for each in found], ana.account_id
            )
            counts.add(conn.queries)
        assert len(rendered) == limit
    assert counts == {3}
