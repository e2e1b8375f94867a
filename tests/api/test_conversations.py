"""Direct conversations: who sees them, their pages, marks, and hiding."""

from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import STATUSES, post
from tests.counting import counted

PATH = "/api/v1/conversations"


async def test_each_party_has_the_conversation_with_the_others(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first = await post(ana, "@bo psst", visibility="direct")
    (mine,) = (await ana.get(PATH)).data
    (theirs,) = (await bo.get(PATH)).data
    check_all("Conversation", [mine, theirs])
    assert ([each["acct"] for each in mine["accounts"]], mine["unread"]) == (["bo"], False)
    assert ([each["acct"] for each in theirs["accounts"]], theirs["unread"]) == (["ana"], True)
    assert mine["last_status"]["id"] == theirs["last_status"]["id"] == first["id"]
    assert (await cy.get(PATH)).data == []
    answer = await post(bo, "@ana hm", visibility="direct", in_reply_to_id=first["id"])
    (mine,) = (await ana.get(PATH)).data
    assert (mine["unread"], mine["last_status"]["id"]) == (True, answer["id"])
    # The last post goes, the one before it is the last again.
    await bo.ok("DELETE", f"{STATUSES}/{answer['id']}")
    (mine,) = (await ana.get(PATH)).data
    assert mine["last_status"]["id"] == first["id"]


async def test_a_conversation_is_marked_and_hidden_for_oneself(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, "@bo psst", visibility="direct")
    (talk,) = (await bo.get(PATH)).data
    for mark, unread in (("read", False), ("unread", True), ("unread", True), ("read", False)):
        marked = await bo.ok("POST", f"{PATH}/{talk['id']}/{mark}")
        check("Conversation", marked)
        assert (marked["id"], marked["unread"]) == (talk["id"], unread)
    assert await bo.ok("DELETE", f"{PATH}/{talk['id']}") == {}
    assert (await bo.delete(f"{PATH}/{talk['id']}")).status == 404
    assert (await bo.get(PATH)).data == []
    assert len((await ana.get(PATH)).data) == 1
    assert (await bo.get(f"{STATUSES}/{first['id']}")).status == 200
    await post(ana, "@bo are you there?", visibility="direct", in_reply_to_id=first["id"])
    assert len((await bo.get(PATH)).data) == 1


async def test_conversations_are_paged_by_their_last_post(office: Office) -> None:
    ana = await office.member("ana")
    assert (await ana.get(PATH)).links == {}
    last = []
    for name in ("bo", "cy", "di"):
        await office.member(name)
        last.append((await post(ana, f"@{name} psst", visibility="direct"))["id"])
    page = await ana.get(PATH, limit=2)
    assert [each["last_status"]["id"] for each in page.data] == [last[2], last[1]]
    assert f"max_id={last[1]}" in page.links["next"]
    assert f"min_id={last[2]}" in page.links["prev"]
    older = await ana.get(page.links["next"])
    assert [each["last_status"]["id"] for each in older.data] == [last[0]]
    assert set(older.links) == {"prev"}
    newer = await ana.get(older.links["prev"])
    assert [each["id"] for each in newer.data] == [each["id"] for each in page.data]
    used = set()
    for limit in (1, 3):
        with counted(office.app.db) as count:
            await ana.get(PATH, limit=limit)
        used.add(count.queries)
    assert len(used) == 1


async def test_a_private_word_that_is_filtered_waits_outside(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    policy, requests = "/api/v2/notifications/policy", "/api/v1/notifications/requests"
    await ana.ok("PATCH", policy, json={"for_private_mentions": "filter"})
    first = await post(bo, "@ana psst", visibility="direct")
    second = await post(bo, "@ana are you there?", visibility="direct", in_reply_to_id=first["id"])
    assert (await ana.get(PATH)).data == []
    (theirs,) = (await bo.get(PATH)).data
    assert theirs["last_status"]["id"] == second["id"]

    (request,) = (await ana.get(requests)).data
    await ana.ok("POST", f"{requests}/{request['id']}/accept")
    (mine,) = (await ana.get(PATH)).data
    check("Conversation", mine)
    assert (mine["last_status"]["id"], mine["unread"]) == (second["id"], True)
    assert mine["id"] != theirs["id"]
    third = await post(bo, "@ana well?", visibility="direct", in_reply_to_id=second["id"])
    (mine,) = (await ana.get(PATH)).data
    assert mine["last_status"]["id"] == third["id"]


async def test_what_one_is_not_told_of_does_not_move_a_conversation(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    policy = "/api/v2/notifications/policy"
    first = await post(ana, "@bo @cy psst", visibility="direct")
    await ana.ok("PATCH", policy, json={"for_not_following": "filter"})
    held = await post(bo, "@ana @cy hm", visibility="direct", in_reply_to_id=first["id"])
    (mine,) = (await ana.get(PATH)).data
    assert (mine["last_status"]["id"], mine["unread"]) == (first["id"], False)
    (theirs,) = (await cy.get(PATH)).data
    assert (theirs["last_status"]["id"], theirs["unread"]) == (held["id"], True)
    # What follows the deletion of the last post is the one before it that was shown.
    last = await post(ana, "@bo @cy so", visibility="direct", in_reply_to_id=first["id"])
    await ana.ok("DELETE", f"{STATUSES}/{last['id']}")
    (mine,) = (await ana.get(PATH)).data
    assert mine["last_status"]["id"] == first["id"]
    # Whom a policy drops, and who is muted there, is not heard at all.
    await ana.ok("PATCH", policy, json={"for_not_following": "drop"})
    await post(cy, "@ana alone", visibility="direct")
    await ana.ok("POST", f"{STATUSES}/{first['id']}/mute")
    await ana.ok("PATCH", policy, json={"for_not_following": "accept"})
    await post(bo, "@ana @cy again", visibility="direct", in_reply_to_id=first["id"])
    (mine,) = (await ana.get(PATH)).data
    assert (mine["last_status"]["id"], mine["unread"]) == (first["id"], False)


async def test_a_word_to_oneself_is_a_conversation(office: Office) -> None:
    ana = await office.member("ana")
    alone = await post(ana, "remember", visibility="direct")
    (mine,) = (await ana.get(PATH)).data
    assert (mine["last_status"]["id"], mine["unread"]) == (alone["id"], False)
    assert [each["acct"] for each in mine["accounts"]] == ["ana"]
