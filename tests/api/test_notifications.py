"""What members are told, and how far they have read."""

from typing import Any

import pytest

from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office


async def post(member: Api, text: str, **form: Any) -> str:
    """Publish a post and return its id."""
    status = await member.ok("POST", "/api/v1/statuses", json={"status": text, **form})
    return str(status["id"])


async def types(member: Api, **query: Any) -> list[str]:
    answer = await member.get("/api/v1/notifications", **query)
    check_all("Notification", answer.data)
    return [each["type"] for each in answer.data]


async def test_everything_that_concerns_a_member_is_told_once(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, "hello")
    for _ in range(2):
        await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
        await bo.ok("POST", f"/api/v1/statuses/{first}/favourite")
        await bo.ok("POST", f"/api/v1/statuses/{first}/reblog")
    reply = await post(bo, "@ana hi", in_reply_to_id=first)
    assert await types(ana) == ["mention", "reblog", "favourite", "follow"]
    told = (await ana.get("/api/v1/notifications")).data
    assert [each.get("status", {}).get("id") for each in told] == [reply, first, first, None]
    assert {each["account"]["acct"] for each in told} == {"bo"}
    assert [int(each["id"]) < 2**53 for each in told] == [True] * 4
    assert told[0]["group_key"] == f"ungrouped-{told[0]['id']}"
    assert await types(bo) == []
    assert await types(ana, types=["follow", "mention", "unheard-of"]) == ["mention", "follow"]
    assert await types(ana, exclude_types=["follow", "mention"]) == ["reblog", "favourite"]
    assert await types(ana, account_id=ana.id) == []
    assert len(await types(ana, account_id=bo.id)) == 4
    await bo.ok("POST", f"/api/v1/statuses/{first}/unfavourite")
    await bo.ok("POST", f"/api/v1/statuses/{first}/unreblog")
    assert await types(ana) == ["mention", "follow"]


async def test_pages_keep_what_was_asked_for(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for number in range(3):
        await post(bo, f"@ana {number}")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    page = await ana.get("/api/v1/notifications", limit=2, types=["mention"])
    assert [each["status"]["content"][-5:-4] for each in page.data] == ["2", "1"]
    assert "types" in page.links["next"]
    older = await ana.get(page.links["next"])
    assert [each["type"] for each in older.data] == ["mention"]
    assert set(older.links) == {"next", "prev"}
    newer = await ana.get(older.links["prev"])
    assert [each["id"] for each in newer.data] == [each["id"] for each in page.data]
    assert (await ana.get(older.links["next"])).links == {}


async def test_one_can_be_read_and_dismissed_by_its_owner_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    (told,) = (await ana.get("/api/v1/notifications")).data
    path = f"/api/v1/notifications/{told['id']}"
    one = await ana.ok("GET", path)
    check("Notification", one)
    assert one == told
    for method, where in (("GET", path), ("POST", f"{path}/dismiss")):
        assert (await bo.request(method, where)).status == 404
    assert await ana.ok("POST", f"{path}/dismiss") == {}
    assert (await ana.post(f"{path}/dismiss")).status == 404
    assert await types(ana) == []


async def test_clearing_takes_ones_own_only(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/follow")
    assert await ana.ok("POST", "/api/v1/notifications/clear") == {}
    assert (await types(ana), await types(bo)) == ([], ["follow"])


async def test_who_is_out_of_reach_has_done_nothing(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    assert await types(ana) == ["follow"]
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", bo.account_id)
    assert await types(ana) == []
    assert (await ana.get("/api/v1/notifications/unread_count")).data == {"count": 0}


async def test_markers_are_kept_for_all_apps(office: Office) -> None:
    ana = await office.member("ana")
    other = await office.api(ana.account_id)
    assert await ana.ok("GET", "/api/v1/markers?timeline[]=home") == {}
    moved = await ana.ok("POST", "/api/v1/markers", json={"home": {"last_read_id": "7"}})
    assert set(moved) == {"home"}
    check("Marker", moved["home"])
    assert (moved["home"]["last_read_id"], moved["home"]["version"]) == ("7", 0)
    form = {"home[last_read_id]": "9", "notifications[last_read_id]": "3"}
    again = await other.ok("POST", "/api/v1/markers", data=form)
    assert (again["home"]["last_read_id"], again["home"]["version"]) == ("9", 1)
    both = await ana.ok("GET", "/api/v1/markers?timeline[]=home&timeline[]=notifications")
    assert both == again
    assert await ana.ok("GET", "/api/v1/markers") == {}
    assert set(await ana.ok("GET", "/api/v1/markers?timeline=home")) == {"home"}
    assert await ana.ok("POST", "/api/v1/markers", json={"elsewhere": {"last_read_id": "1"}}) == {}
    bad = await ana.post("/api/v1/markers", {"home": {"last_read_id": ""}})
    assert (bad.status, bool(bad.error)) == (422, True)


async def test_unread_are_those_above_the_marker(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for number in range(3):
        await post(bo, f"@ana {number}")
    count = "/api/v1/notifications/unread_count"
    assert await ana.ok("GET", count) == {"count": 3}
    assert await ana.ok("GET", f"{count}?limit=2") == {"count": 2}
    newest, middle, _ = (await ana.get("/api/v1/notifications")).data
    form = {"notifications": {"last_read_id": middle["id"]}}
    await ana.ok("POST", "/api/v1/markers", json=form)
    assert await ana.ok("GET", count) == {"count": 1}
    assert await ana.ok("GET", f"{count}?exclude_types[]=mention") == {"count": 0}
    form = {"notifications": {"last_read_id": newest["id"]}}
    await ana.ok("POST", "/api/v1/markers", json=form)
    assert await ana.ok("GET", count) == {"count": 0}


@pytest.mark.sec("SEC-180")
async def test_who_follows_no_longer_reads_no_more_by_old_news(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    follow = f"/api/v1/accounts/{ana.id}/follow"
    await bo.ok("POST", follow, json={"notify": True})
    told_of = await post(ana, "for followers", visibility="private")
    assert await types(bo) == ["status"]
    (told,) = (await bo.get("/api/v1/notifications")).data
    groups = await bo.ok("GET", "/api/v2/notifications")
    assert [each["id"] for each in groups["statuses"]] == [told_of]

    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/remove_from_followers")
    await ana.ok("PUT", f"/api/v1/statuses/{told_of}", json={"status": "what bo must not know"})

    assert await types(bo) == []
    groups = await bo.ok("GET", "/api/v2/notifications")
    assert (groups["statuses"], groups["notification_groups"]) == ([], [])
    assert (await bo.get(f"/api/v1/notifications/{told['id']}")).status == 404
    assert (await bo.get(f"/api/v2/notifications/{told['group_key']}")).status == 404
    await bo.ok("POST", follow, json={"notify": True})
    assert await types(bo) == ["status"]


async def test_what_is_hidden_takes_no_place_on_a_page(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first, second = [await post(bo, f"@ana {number}") for number in range(2)]
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/follow", json={"notify": True})
    for number in range(2):
        await post(bo, f"for followers {number}", visibility="private")
    v1, v2 = "/api/v1/notifications", "/api/v2/notifications"
    assert len((await ana.get(v1, limit=2)).data) == 2
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/remove_from_followers")

    page = await ana.get(v1, limit=2)
    assert [each["status"]["id"] for each in page.data] == [second, first]
    (newest,) = (await ana.get(v1, limit=1)).data
    assert newest["id"] == page.data[0]["id"]
    groups = await ana.ok("GET", f"{v2}?limit=2")
    assert [each["status_id"] for each in groups["notification_groups"]] == [second, first]
    for path in (v1, v2):
        assert await ana.ok("GET", f"{path}/unread_count") == {"count": 2}
