"""Whose notifications a member hears, and who has to wait."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office

POLICY = "/api/v2/notifications/policy"
SIMPLE = "/api/v1/notifications/policy"
REQUESTS = "/api/v1/notifications/requests"
CLASSES = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
    "for_bots",
)


async def post(member: Api, text: str, **form: Any) -> str:
    status = await member.ok("POST", "/api/v1/statuses", json={"status": text, **form})
    return str(status["id"])


async def types(member: Api, **query: Any) -> list[str]:
    answer = await member.get("/api/v1/notifications", **query)
    check_all("Notification", answer.data)
    return [each["type"] for each in answer.data]


async def test_a_policy_is_kept_in_words_and_in_booleans(office: Office) -> None:
    ana = await office.member("ana")
    policy = await ana.ok("GET", POLICY)
    check("NotificationPolicy", policy)
    assert {name: policy[name] for name in CLASSES} == {
        **dict.fromkeys(CLASSES, "accept"),
        "for_limited_accounts": "filter",
    }
    assert policy["summary"] == {"pending_requests_count": 0, "pending_notifications_count": 0}
    changed = await ana.ok("PATCH", POLICY, json={"for_bots": "drop", "for_new_accounts": "filter"})
    assert changed == {**policy, "for_bots": "drop", "for_new_accounts": "filter"}
    simple = await ana.ok("GET", SIMPLE)
    check("V1::NotificationPolicy", simple)
    assert (simple["filter_bots"], simple["filter_new_accounts"]) == (True, True)
    assert simple["filter_not_following"] is False
    simple = await ana.ok("PUT", SIMPLE, data={"filter_bots": "false", "filter_not_following": "1"})
    assert (simple["filter_bots"], simple["filter_not_following"]) == (False, True)
    policy = await ana.ok("PUT", POLICY, json={})
    assert (policy["for_bots"], policy["for_not_following"]) == ("accept", "filter")
    assert (await ana.patch(POLICY, {"for_bots": "perhaps"})).status == 422
    assert (await ana.patch(POLICY, {"for_bots": ["drop"]})).status == 422


async def test_what_is_filtered_waits_for_a_word(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await ana.ok("PATCH", POLICY, json={"for_not_following": "filter"})
    await post(bo, "@ana one")
    last = await post(bo, "@ana two")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    assert await types(ana) == []
    assert await types(ana, include_filtered=True) == ["follow", "mention", "mention"]
    hidden = (await ana.get("/api/v1/notifications", include_filtered=True)).data
    assert {(each["filtered"], each["group_key"].split("-")[0]) for each in hidden} == {
        (True, "ungrouped")
    }
    assert (await ana.get("/api/v2/notifications")).data["notification_groups"] == []
    assert await ana.ok("GET", "/api/v1/notifications/unread_count") == {"count": 0}
    summary = (await ana.ok("GET", POLICY))["summary"]
    assert summary == {"pending_requests_count": 1, "pending_notifications_count": 3}
    answer = await ana.get(REQUESTS)
    check_all("NotificationRequest", answer.data)
    (request,) = answer.data
    assert (request["account"]["id"], request["notifications_count"]) == (bo.id, "3")
    assert request["last_status"]["id"] == last
    assert await ana.ok("GET", f"{REQUESTS}/{request['id']}") == request
    for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/dismiss")):
        assert (await bo.request(method, f"{REQUESTS}/{request['id']}{path}")).status == 404
    assert await ana.ok("POST", f"{REQUESTS}/{request['id']}/accept") == {}
    assert await ana.ok("GET", f"{REQUESTS}/merged") == {"merged": True}
    assert await types(ana) == ["follow", "mention", "mention"]
    assert (await ana.get(REQUESTS)).data == []
    assert (await ana.post(f"{REQUESTS}/{request['id']}/accept")).status == 404
    # From now on he is heard, whatever the policy says.
    await post(bo, "@ana three")
    assert len(await types(ana)) == 4


async def test_what_is_dismissed_is_gone_and_may_come_again(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await ana.ok("PATCH", POLICY, json={"for_not_following": "filter"})
    for each in (bo, cy):
        await post(each, "@ana hello")
    newest, oldest = (await ana.get(REQUESTS)).data
    assert [newest["account"]["acct"], oldest["account"]["acct"]] == ["cy", "bo"]
    page = await ana.get(REQUESTS, limit=1)
    assert [each["id"] for each in (await ana.get(page.links["next"])).data] == [oldest["id"]]
    assert await ana.ok("POST", f"{REQUESTS}/{newest['id']}/dismiss") == {}
    assert (await ana.post(f"{REQUESTS}/dismiss", {})).status == 422
    form = {"id": [oldest["id"], newest["id"], "77"]}
    assert await ana.ok("POST", f"{REQUESTS}/dismiss", json=form) == {}
    assert await types(ana, include_filtered=True) == []
    assert (await ana.get(REQUESTS)).data == []
    await post(bo, "@ana again")
    (request,) = (await ana.get(REQUESTS)).data
    assert await ana.ok("POST", f"{REQUESTS}/accept", json={"id": [request["id"]]}) == {}
    assert await types(ana) == ["mention"]


async def test_requests_of_blocked_people_vanish(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await ana.ok("PATCH", POLICY, json={"for_not_following": "filter"})
    await post(bo, "@ana hello")
    assert len((await ana.get(REQUESTS)).data) == 1
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    assert (await ana.get(REQUESTS)).data == []
    assert (await ana.ok("GET", POLICY))["summary"]["pending_requests_count"] == 0


async def _limit(office: Office, member: Api) -> None:
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET silenced_at = now() WHERE id = $1", member.account_id)


@pytest.mark.parametrize("name", CLASSES)
async def test_each_class_is_dropped_unless_it_is_somebody_known(office: Office, name: str) -> None:
    ana, bo, cy = [await office.member(each) for each in ("ana", "bo", "cy")]
    # Cy is followed both ways, for longer than three days; Bo is a stranger in every respect.
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/follow")
    await cy.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    for each in (bo, cy):
        await each.ok("PATCH", "/api/v1/accounts/update_credentials", json={"bot": True})
        await _limit(office, each)
    office.clock.offset = timedelta(days=4)
    accepting = dict.fromkeys(CLASSES, "accept")
    await ana.ok("PATCH", POLICY, json={**accepting, name: "drop"})
    for each in (bo, cy):
        await post(each, "@ana psst", visibility="direct")
    told = (await ana.get("/api/v1/notifications", types=["mention"], include_filtered=True)).data
    assert [each["account"]["acct"] for each in told] == ["cy"]
    await ana.ok("PATCH", POLICY, json=accepting)
    await post(bo, "@ana psst", visibility="direct")
    assert (await types(ana))[0] == "mention"


async def test_a_follower_of_yesterday_does_not_count_as_one(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/follow")
    await ana.ok("PATCH", POLICY, json={"for_not_followers": "drop"})
    await post(bo, "@ana hello")
    assert await types(ana) == ["follow"]
    office.clock.offset = timedelta(days=3, minutes=1)
    await post(bo, "@ana hello")
    assert await types(ana) == ["mention", "follow"]


async def test_an_account_grows_old_enough(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await ana.ok("PATCH", POLICY, json={"for_new_accounts": "drop"})
    await post(bo, "@ana hello")
    assert await types(ana) == []
    office.clock.offset = timedelta(days=30, minutes=1)
    await post(bo, "@ana hello")
    assert await types(ana) == ["mention"]


async def test_the_answer_to_a_private_word_is_solicited(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await ana.ok("PATCH", POLICY, json={"for_private_mentions": "filter"})
    asked = await post(ana, "@bo well?", visibility="direct")
    await post(bo, "@ana yes", visibility="direct", in_reply_to_id=asked)
    await post(bo, "@ana and", visibility="direct")
    await post(bo, "@ana in public")
    assert await types(ana) == ["mention", "mention"]
    assert await types(ana, include_filtered=True) == ["mention"] * 3


async def test_a_mute_that_is_over_mutes_no_more(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/mute", json={"duration": 3600})
    await post(bo, "@ana hello")
    assert await types(ana) == []
    office.clock.offset = timedelta(hours=2)
    await post(bo, "@ana hello")
    assert await types(ana) == ["mention"]


async def test_an_office_that_is_blocked_is_not_heard(office: Office) -> None:
    ana = await office.member("ana")
    eva, fay = await office.colleague("eva"), await office.colleague("fay")
    await ana.ok("POST", "/api/v1/domain_blocks", json={"domain": "porto.example"})
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO follows (id, account_id, target_id, uri, state)"
            " VALUES (1, $1, $2, 'https://hq.example/follows/1', 'accepted')",
            ana.account_id,
            int(fay),
        )
    assert await _heard(office, ana, eva) == []
    assert await _heard(office, ana, fay) == ["follow"]


async def _heard(office: Office, member: Api, sender: str) -> list[str]:
    from fedimmp.effects import notices
    from storage.notifications import NotificationDraft

    draft = NotificationDraft(member.account_id, "follow", int(sender))
    async with office.app.db.writer() as tx:
        await notices.notified(tx, [draft], office.app.now())
    return await types(member)


async def test_who_may_ask(office: Office) -> None:
    ana = await office.member("ana")
    other = await office.api(ana.account_id, "read:statuses")
    for path in (POLICY, SIMPLE, REQUESTS, f"{REQUESTS}/merged", f"{REQUESTS}/1"):
        assert (await office.anonymous().get(path)).status == 401
        assert (await other.get(path)).status == 403
    reader = await office.api(ana.account_id, "read:notifications")
    assert (await reader.patch(POLICY, {"for_bots": "drop"})).status == 403
    assert (await ana.get(f"{REQUESTS}/nothing")).status == 404
