"""What the office itself tells: reports, sign-ups, warnings of staff, and follows that are lost."""

from typing import Any

import pytest

from fedimmp.effects import notices
from fedimmp.services import peering
from tests.api.admin.staff import judge, staff
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office


async def told(member: Api, kind: str) -> list[dict[str, Any]]:
    """Return a member's notifications of a type, in both versions of the API."""
    single = (await member.get("/api/v1/notifications", types=[kind])).data
    check_all("Notification", single)
    grouped = (await member.get("/api/v2/notifications", types=[kind])).data
    check("GroupedNotificationsResults", grouped)
    assert len(grouped["notification_groups"]) == len(single)
    found: list[dict[str, Any]] = single
    return found


async def test_staff_hears_of_reports_whomever_they_block(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    mod = await office.member("mod", role="moderator")
    boss = await office.member("boss", role="admin")
    await mod.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    report = await ana.ok("POST", "/api/v1/reports", json={"account_id": bo.id, "comment": "Rude"})
    for each in (mod, boss):
        (notification,) = await told(each, "admin.report")
        check("Report", notification["report"])
        assert notification["report"]["id"] == report["id"]
        assert notification["account"]["id"] == ana.id
    for each in (ana, bo):
        assert await told(each, "admin.report") == []
    # Another report by the same member is another notification.
    await ana.ok("POST", "/api/v1/reports", json={"account_id": boss.id})
    assert len(await told(mod, "admin.report")) == 2


async def test_a_warning_is_told_with_its_text(office: Office) -> None:
    ana = await office.member("ana")
    boss = await staff(office, "boss")
    await judge(boss, ana.id, "none", text="Please be kind")
    (notification,) = await told(ana, "moderation_warning")
    warning = notification["moderation_warning"]
    check("AccountWarning", warning)
    assert (warning["action"], warning["text"]) == ("none", "Please be kind")
    assert warning["target_account"]["id"] == ana.id
    assert await told(boss, "moderation_warning") == []
    answer = await ana.get("/api/v1/notifications", supported_types=["mention"])
    assert "moderators" in answer.data[0]["fallback"]["title"]


async def _befriend(office: Office, member: Api, person: str) -> None:
    pairs = ((member.account_id, int(person)), (int(person), member.account_id))
    async with office.app.db.writer() as tx:
        for row_id, (follower, followed) in enumerate(pairs, 1):
            await tx.execute(
                "INSERT INTO follows (id, account_id, target_id, uri, state)"
                " VALUES ($1, $2, $3, $4, 'accepted')",
                row_id,
                follower,
                followed,
                f"https://hq.example/follows/{row_id}",
            )


@pytest.mark.parametrize("way", ["domain_block", "user_domain_block", "account_suspension"])
async def test_lost_follows_are_told_at_once(office: Office, way: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    boss = await staff(office, "boss")
    eva = await office.colleague("eva")
    await _befriend(office, ana, eva)
    match way:
        case "domain_block":
            await peering.remove_peer(office.app, "porto.example", actor="cli")
        case "user_domain_block":
            await ana.ok("POST", "/api/v1/domain_blocks", json={"domain": "porto.example"})
        case _:
            await boss.ok("POST", f"/api/v1/admin/accounts/{eva}/action", json={"type": "suspend"})
    (notification,) = await told(ana, "severed_relationships")
    event = notification["event"]
    check("RelationshipSeveranceEvent", event)
    name = "eva@porto.example" if way == "account_suspension" else "porto.example"
    assert (event["type"], event["target_name"]) == (way, name)
    assert (event["followers_count"], event["following_count"]) == (1, 1)
    assert await told(bo, "severed_relationships") == []
    answer = await ana.get("/api/v1/notifications", supported_types=["mention"])
    assert answer.data[0]["fallback"]["title"] == f"You lost follows with {name}"


async def test_nobody_is_told_of_losing_nothing(office: Office) -> None:
    ana = await office.member("ana")
    await office.colleague("eva")
    async with office.app.db.writer() as tx:
        await notices.host_severed(tx, "porto.example", office.app.now())
    assert await told(ana, "severed_relationships") == []
