"""What several people did to one thing is one line."""

from datetime import timedelta
from typing import Any

import pytest

from fedimmp.entities.notifications import render_groups
from storage import notification_groups
from storage.paging import Page
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office

GROUPS = "/api/v2/notifications"


async def post(member: Api, text: str, **form: Any) -> str:
    status = await member.ok("POST", "/api/v1/statuses", json={"status": text, **form})
    return str(status["id"])


async def favourite(member: Api, status_id: str) -> None:
    await member.ok("POST", f"/api/v1/statuses/{status_id}/favourite")


async def groups(member: Api, **query: Any) -> list[dict[str, Any]]:
    answer = await member.get(GROUPS, **query)
    assert answer.status == 200, answer.data
    check("GroupedNotificationsResults", answer.data)
    found: list[dict[str, Any]] = answer.data["notification_groups"]
    return found


async def test_what_several_did_is_one_group(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first, second = await post(ana, "one"), await post(ana, "two")
    await favourite(bo, first)
    await favourite(bo, second)
    await post(bo, "@ana hi")
    await favourite(cy, first)
    answer = (await ana.get(GROUPS)).data
    check("GroupedNotificationsResults", answer)
    ones, mention, twos = answer["notification_groups"]
    assert [each["type"] for each in (ones, mention, twos)] == ["favourite", "mention", "favourite"]
    assert ones["group_key"].startswith(f"favourite-{first}-")
    assert (ones["notifications_count"], ones["status_id"]) == (2, first)
    assert ones["sample_account_ids"] == [cy.id, bo.id]
    assert type(ones["most_recent_notification_id"]) is int
    assert str(ones["most_recent_notification_id"]) == ones["page_max_id"]
    assert mention["group_key"] == f"ungrouped-{mention['most_recent_notification_id']}"
    assert (twos["notifications_count"], twos["status_id"]) == (1, second)
    assert sorted(each["id"] for each in answer["accounts"]) == sorted([bo.id, cy.id])
    assert len(answer["statuses"]) == 3
    told = (await ana.get("/api/v1/notifications")).data
    assert {each["group_key"] for each in told} == {
        each["group_key"] for each in answer["notification_groups"]
    }


async def test_pages_count_groups_and_walk_both_ways(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    posts = [await post(ana, str(number)) for number in range(3)]
    for each in posts:
        await favourite(bo, each)
    await favourite(cy, posts[0])
    page = await ana.get(GROUPS, limit=2, types=["favourite"])
    assert [each["status_id"] for each in page.data["notification_groups"]] == [posts[0], posts[2]]
    # The group began before this page ends: its older member is on the next one.
    assert (
        page.data["notification_groups"][0]["page_min_id"]
        == (page.data["notification_groups"][0]["page_max_id"])
    )
    older = await ana.get(page.links["next"])
    assert [each["status_id"] for each in older.data["notification_groups"]] == [posts[1], posts[0]]
    newer = await ana.get(older.links["prev"])
    assert [each["status_id"] for each in newer.data["notification_groups"]] == [posts[0], posts[2]]
    end = await ana.get(older.links["next"])
    assert (end.data["notification_groups"], end.links) == ([], {})
    assert await groups(ana, limit=0) == []


async def test_an_app_says_which_types_it_groups(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first = await post(ana, "one")
    for each in (bo, cy):
        await favourite(each, first)
        await each.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    assert [each["notifications_count"] for each in await groups(ana)] == [2, 2]
    chosen = await groups(ana, grouped_types=["follow", "mention"])
    assert [each["type"] for each in chosen] == ["follow", "favourite", "favourite"]
    assert [each["group_key"].split("-")[0] for each in chosen] == ["follow"] + ["ungrouped"] * 2
    unread = f"{GROUPS}/unread_count"
    assert await ana.ok("GET", unread) == {"count": 2}
    assert await ana.ok("GET", f"{unread}?grouped_types[]=follow") == {"count": 3}
    assert await ana.ok("GET", f"{unread}?limit=1") == {"count": 1}
    marker = {"notifications": {"last_read_id": chosen[1]["page_max_id"]}}
    await ana.ok("POST", "/api/v1/markers", json=marker)
    assert await ana.ok("GET", unread) == {"count": 1}


async def test_a_group_stays_open_for_twelve_hours(office: Office) -> None:
    ana = await office.member("ana")
    first = await post(ana, "one")
    for hours, name in ((0, "bo"), (11, "cy"), (12, "di")):
        fan = await office.member(name)
        office.clock.offset = timedelta(hours=hours)
        await favourite(fan, first)
    assert [each["notifications_count"] for each in await groups(ana)] == [1, 2]


async def test_people_come_whole_or_as_faces(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first = await post(ana, "one")
    await favourite(bo, first)
    await favourite(cy, first)
    answer = (await ana.get(GROUPS, expand_accounts="partial_avatars")).data
    check("GroupedNotificationsResults", answer)
    assert [each["id"] for each in answer["accounts"]] == [cy.id]
    check_all("PartialAccountWithAvatar", answer["partial_accounts"])
    assert [each["id"] for each in answer["partial_accounts"]] == [bo.id]
    assert "partial_accounts" not in (await ana.get(GROUPS, expand_accounts="full")).data
    bad = await ana.get(GROUPS, expand_accounts="some")
    assert (bad.status, bool(bad.error)) == (400, True)


async def test_one_group_is_read_and_dismissed_by_its_owner(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first = await post(ana, "one")
    await favourite(bo, first)
    await favourite(cy, first)
    await post(bo, "@ana hi")
    alone, both = await groups(ana)
    for each in (alone, both):
        shown = await ana.ok("GET", f"{GROUPS}/{each['group_key']}")
        check("GroupedNotificationsResults", shown)
        (group,) = shown["notification_groups"]
        assert "page_min_id" not in group
        assert group["notifications_count"] == each["notifications_count"]
        assert (await bo.get(f"{GROUPS}/{each['group_key']}")).status == 404
    page = await ana.get(f"{GROUPS}/{both['group_key']}/accounts", limit=1)
    check_all("Account", page.data)
    assert [each["id"] for each in page.data] == [cy.id]
    assert [each["id"] for each in (await ana.get(page.links["next"])).data] == [bo.id]
    assert await ana.ok("POST", f"{GROUPS}/{alone['group_key']}/dismiss") == {}
    assert await bo.ok("POST", f"{GROUPS}/{both['group_key']}/dismiss") == {}
    assert [each["group_key"] for each in await groups(ana)] == [both["group_key"]]
    assert await ana.ok("POST", f"{GROUPS}/{both['group_key']}/dismiss") == {}
    assert await ana.ok("POST", f"{GROUPS}/{both['group_key']}/dismiss") == {}
    assert await groups(ana) == []
    assert (await ana.get(f"{GROUPS}/{both['group_key']}")).status == 404
    assert (await ana.get(f"{GROUPS}/%00")).status in (400, 404)


async def test_an_app_is_helped_with_types_it_does_not_know(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, "one")
    await post(bo, "see", quoted_status_id=first)
    for path in ("/api/v1/notifications", GROUPS):
        told = (await ana.get(path)).data
        (plain,) = told if isinstance(told, list) else told["notification_groups"]
        assert "fallback" not in plain
        told = (await ana.get(path, supported_types=["mention"])).data
        (helped,) = told if isinstance(told, list) else told["notification_groups"]
        check("NotificationFallback", helped["fallback"])
        assert helped["fallback"]["title"] == "bo quoted your post"
        told = (await ana.get(path, supported_types=["quote"])).data
        (known,) = told if isinstance(told, list) else told["notification_groups"]
        assert "fallback" not in known


async def test_who_may_ask(office: Office) -> None:
    ana = await office.member("ana")
    other = await office.api(ana.account_id, "read:statuses")
    for path in (GROUPS, f"{GROUPS}/unread_count", f"{GROUPS}/ungrouped-1"):
        assert (await office.anonymous().get(path)).status == 401
        assert (await other.get(path)).status == 403
    assert (await ana.get(GROUPS, account_id="nobody")).status == 422
    assert (await ana.get(GROUPS, types=["a" * 200])).status == 422


@pytest.mark.parametrize("partial", [False, True])
async def test_a_page_takes_a_fixed_number_of_queries(office: Office, partial: bool) -> None:
    ana = await office.member("ana")
    posts = [await post(ana, str(number)) for number in range(4)]
    for name in ("bo", "cy", "di"):
        fan = await office.member(name)
        for each in posts:
            await favourite(fan, each)
        await post(fan, "@ana thanks")
    counts = []
    for limit in (2, 7, 2, 7):
        async with office.app.db.reader() as conn:
            page = await notification_groups.list_page(conn, ana.account_id, Page(limit=limit))
            await render_groups(office.app, conn, page, ana.account_id, partial_avatars=partial)
            counts.append(conn.queries)
        assert len(page) == limit
    # What is kept costs the groups, the people and the statuses of a page.
    assert counts[2:] == [4, 4]
    assert max(counts) <= 14
