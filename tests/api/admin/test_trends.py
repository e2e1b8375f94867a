"""What staff decides about what is talked about."""

import pytest

from fedimmp.entities.admin.tags import render_admin_tags
from storage import tag_moderation, trends
from storage.paging import Page
from tests.api.admin.staff import audited, staff
from tests.api.contract.entities import check, check_all
from tests.api.office import Office

TRENDS = "/api/v1/admin/trends"
TAGS = "/api/v1/admin/tags"


async def weigh(office: Office) -> None:
    async with office.app.db.writer() as tx:
        await trends.count_tags(tx, office.app.now())
        await trends.weigh_statuses(tx, office.app.now())


async def test_a_rejected_post_trends_no_more(office: Office) -> None:
    eva = await staff(office, "eva", "moderator")
    ana, ben = await office.member("ana"), await office.member("ben")
    post = await ana.ok("POST", "/api/v1/statuses", json={"status": "hello"})
    for fan in (eva, ben):
        await fan.ok("POST", f"/api/v1/statuses/{post['id']}/favourite")
    await weigh(office)
    listed = await eva.ok("GET", f"{TRENDS}/statuses")
    check_all("Admin::Trends::Status", listed)
    assert [each["id"] for each in listed] == [post["id"]]

    rejected = await eva.ok("POST", f"{TRENDS}/statuses/{post['id']}/reject")

    check("Admin::Trends::Status", rejected)
    assert await ben.ok("GET", "/api/v1/trends/statuses") == []
    await eva.ok("POST", f"{TRENDS}/statuses/{post['id']}/approve")
    await weigh(office)
    assert [each["id"] for each in await ben.ok("GET", "/api/v1/trends/statuses")] == [post["id"]]
    acts = [act for actor, act, _ in await audited(office) if act.startswith("trend.")]
    assert acts[-2:] == ["trend.reject", "trend.approve"]


async def test_a_rejected_hashtag_trends_no_more(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    for api in (eva, ana):
        await api.ok("POST", "/api/v1/statuses", json={"status": "#Walks"})
    await weigh(office)
    listed = await eva.ok("GET", f"{TRENDS}/tags")
    check_all("Admin::Tag", listed)
    assert [(each["name"], each["requires_review"]) for each in listed] == [("Walks", False)]
    tag = f"{TRENDS}/tags/{listed[0]['id']}"

    rejected = await eva.ok("POST", f"{tag}/reject")

    check("Admin::Tag", rejected)
    assert rejected["trendable"] is False
    assert await ana.ok("GET", "/api/v1/trends/tags") == []
    assert (await eva.ok("POST", f"{tag}/approve"))["trendable"] is True
    assert len(await ana.ok("GET", "/api/v1/trends/tags")) == 1


async def test_hashtags_are_listed_and_changed(office: Office) -> None:
    eva = await staff(office, "eva")
    await eva.ok("POST", "/api/v1/statuses", json={"status": "#one #two #three"})
    first = await eva.get(TAGS, limit=2)
    check_all("Admin::Tag", first.data)
    rest = (await eva.get(first.links["next"])).data
    assert {each["name"] for each in [*first.data, *rest]} == {"one", "two", "three"}
    tag = f"{TAGS}/{rest[0]['id']}"
    assert await eva.ok("GET", tag) == rest[0]

    change = {"display_name": rest[0]["name"].upper(), "listable": False}
    changed = await eva.ok("PUT", tag, json=change)

    check("Admin::Tag", changed)
    assert (changed["name"], changed["listable"]) == (rest[0]["name"].upper(), False)
    assert (changed["usable"], changed["trendable"]) == (True, True)
    query = {"q": rest[0]["name"], "type": "hashtags"}
    assert (await eva.ok("GET", "/api/v2/search", params=query))["hashtags"] == []
    for wrong in ("other", "", "a\0", "x" * 301):
        assert (await eva.put(tag, {"display_name": wrong})).status == 422


async def test_links_are_none(office: Office) -> None:
    eva = await staff(office, "eva")
    for path in ("links", "links/publishers"):
        assert await eva.ok("GET", f"{TRENDS}/{path}") == []
        for verb in ("approve", "reject"):
            assert (await eva.post(f"{TRENDS}/{path}/1/{verb}")).status == 404


@pytest.mark.sec("SEC-174")
async def test_what_is_refused(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    hidden = {"status": "psst", "visibility": "direct"}
    post = await ana.ok("POST", "/api/v1/statuses", json=hidden)
    for path in (
        f"{TRENDS}/statuses/{post['id']}/approve",
        f"{TRENDS}/statuses/7/reject",
        f"{TRENDS}/tags/7/approve",
    ):
        assert (await eva.post(path)).status == 404
        assert (await ana.post(path)).status == 403
        assert (await office.anonymous().post(path)).status == 401
    assert (await eva.get(f"{TAGS}/7")).status == 404
    assert (await eva.put(f"{TAGS}/7", {"usable": False})).status == 404
    for path in ("links", "links/publishers", "statuses", "tags"):
        assert (await ana.get(f"{TRENDS}/{path}")).status == 403
    assert (await ana.get(TAGS)).status == 403


async def test_a_page_of_hashtags_takes_a_fixed_number_of_queries(office: Office) -> None:
    eva = await staff(office, "eva")
    await eva.ok("POST", "/api/v1/statuses", json={"status": "#one #two #three"})
    counts = set()
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await tag_moderation.list_page(conn, Page(limit=limit))
            shown = await render_admin_tags(office.app, conn, found, eva.account_id)
            counts.add(conn.queries)
        assert len(shown) == limit
    assert len(counts) == 1, counts
