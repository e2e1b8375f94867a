"""What people do with posts, and who did it."""

import pytest

from tests.api.contract.entities import check_all
from tests.api.office import Office
from tests.api.posts import STATUSES, does, follow, ids, post, seen


@pytest.mark.parametrize(
    ("action", "back", "flag", "count"),
    [
        ("favourite", "unfavourite", "favourited", "favourites_count"),
        ("bookmark", "unbookmark", "bookmarked", None),
        ("mute", "unmute", "muted", None),
    ],
)
async def test_an_action_happens_once_and_is_taken_back(
    office: Office, action: str, back: str, flag: str, count: str | None
) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "hello")
    for _ in range(2):
        done = await does(bo, action, made)
        assert (done["id"], done[flag]) == (made["id"], True)
        if count:
            assert done[count] == 1
    assert (await seen(ana, made))[flag] is False
    for _ in range(2):
        undone = await does(bo, back, made)
        assert undone[flag] is False
        if count:
            assert undone[count] == 0


async def test_a_boost_wraps_the_post_and_is_taken_back(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "hello")
    boost = await does(bo, "reblog", made)
    assert boost["id"] != made["id"]
    assert (boost["account"]["acct"], boost["reblogged"], boost["content"]) == ("bo", True, "")
    inner = boost["reblog"]
    assert (inner["id"], inner["reblogs_count"], inner["reblogged"]) == (made["id"], 1, True)
    assert (await does(bo, "reblog", made))["id"] == boost["id"]
    assert (await does(bo, "reblog", boost))["id"] == boost["id"]
    # What is done to the boost is done to the post.
    liked = await does(ana, "favourite", boost)
    assert liked["favourited"] is True
    assert (await seen(ana, made))["favourites_count"] == 1
    for name, author in (("ana", ana), ("bo", bo)):
        assert (await seen(author, made))["reblogged"] is (name == "bo")
    undone = await does(bo, "unreblog", made)
    assert (undone["id"], undone["reblogs_count"], undone["reblogged"]) == (made["id"], 0, False)
    assert (await bo.get(f"{STATUSES}/{boost['id']}")).status == 404
    assert (await does(bo, "unreblog", made))["reblogs_count"] == 0


async def test_what_may_be_boosted_and_how(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await follow(bo, ana)
    private = await post(ana, "for followers", visibility="private")
    whisper = await post(ana, "@bo psst", visibility="direct")
    for secret in (private, whisper):
        answer = await bo.post(f"{STATUSES}/{secret['id']}/reblog")
        assert (answer.status, bool(answer.error)) == (403, True)
    assert (await ana.post(f"{STATUSES}/{whisper['id']}/reblog")).status == 403
    own = await does(ana, "reblog", private, visibility="public")
    assert own["visibility"] == "private"
    unlisted = await post(ana, "quiet", visibility="unlisted")
    assert (await does(bo, "reblog", unlisted, visibility="unlisted"))["visibility"] == "unlisted"
    public = await post(ana, "loud")
    answer = await bo.post(f"{STATUSES}/{public['id']}/reblog", {"visibility": "everybody"})
    assert (answer.status, bool(answer.error)) == (422, True)
    assert (await seen(bo, public))["reblogged"] is False


async def test_who_blocks_an_author_takes_no_part_but_takes_back(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    old, new = await post(ana, "old"), await post(ana, "new")
    for action in ("favourite", "reblog", "bookmark"):
        await does(bo, action, old)
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    assert (await seen(bo, new))["content"] == "<p>new</p>"
    for action in ("favourite", "reblog"):
        assert (await bo.post(f"{STATUSES}/{new['id']}/{action}")).status == 403
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/unblock")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    # The author has shut bo out since: bo can still take back what bo did, and nothing else.
    for action in ("unfavourite", "unreblog", "unbookmark"):
        assert (await bo.post(f"{STATUSES}/{old['id']}/{action}")).status == 200
        assert (await bo.post(f"{STATUSES}/{old['id']}/{action}")).status == 404
        assert (await bo.post(f"{STATUSES}/{new['id']}/{action}")).status == 404
    counts = await seen(ana, old)
    assert (counts["favourites_count"], counts["reblogs_count"]) == (0, 0)


async def test_pins_are_ones_own_and_five(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    posts = [await post(ana, str(number)) for number in range(6)]
    for each in posts[:5]:
        assert (await does(ana, "pin", each))["pinned"] is True
    await does(ana, "pin", posts[0])
    whisper = await post(ana, "psst", visibility="direct")
    boost = await does(ana, "reblog", await post(bo, "hello"))
    for impossible in (posts[5], whisper, boost):
        answer = await ana.post(f"{STATUSES}/{impossible['id']}/pin")
        assert (answer.status, bool(answer.error)) == (422, True)
    assert (await bo.post(f"{STATUSES}/{posts[5]['id']}/pin")).status == 422
    path = f"/api/v1/accounts/{ana.id}/statuses"
    shown = [each["id"] for each in posts[:5]]
    assert await ids(bo, path, pinned=True) == shown[::-1]
    assert (await does(ana, "unpin", posts[4]))["pinned"] is False
    assert await ids(bo, path, pinned=True) == shown[3::-1]
    await does(ana, "unpin", posts[4])
    await ana.ok("DELETE", f"{STATUSES}/{posts[0]['id']}")
    assert await ids(bo, path, pinned=True) == shown[3:0:-1]


@pytest.mark.parametrize(
    ("action", "listing"), [("favourite", "favourited_by"), ("reblog", "reblogged_by")]
)
async def test_who_did_it_is_listed_by_a_hidden_cursor(
    office: Office, action: str, listing: str
) -> None:
    ana = await office.member("ana")
    made = await post(ana, "hello")
    path = f"{STATUSES}/{made['id']}/{listing}"
    assert (await ana.get(path)).links == {}
    fans = [await office.member(name) for name in ("bo", "cy", "di", "eve")]
    for fan in fans:
        await does(fan, action, made)
    await ana.ok("POST", f"/api/v1/accounts/{fans[3].id}/block")
    page = await ana.get(path, limit=2, unheard_of="x")
    check_all("Account", page.data)
    assert [each["acct"] for each in page.data] == ["di", "cy"]
    assert set(page.links) == {"next", "prev"}
    assert "since_id=" in page.links["prev"]
    assert "limit=2" in page.links["next"]
    assert "unheard_of" not in page.headers["Link"]
    older = await ana.get(page.links["next"])
    assert [each["acct"] for each in older.data] == ["bo"]
    assert set(older.links) == {"prev"}
    assert (await ana.get(page.links["prev"])).data == []
    newer = await ana.get(older.links["prev"])
    assert [each["acct"] for each in newer.data] == ["di", "cy"]
    everybody = await fans[0].get(path)
    assert len(everybody.data) == 3 + (fans[3].id in {each["id"] for each in everybody.data})
    for scope, status in (("read:accounts", 200), ("read:statuses", 403)):
        assert (await (await office.api(ana.account_id, scope)).get(path)).status == status


async def test_a_muted_conversation_tells_nothing_more(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await post(ana, "hello")
    await does(ana, "mute", made)
    reply = await post(bo, "@ana hi", in_reply_to_id=made["id"])
    assert (await seen(ana, reply))["muted"] is True
    assert (await ana.get("/api/v1/notifications")).data == []
    await does(ana, "unmute", reply)
    await post(bo, "@ana hi again", in_reply_to_id=made["id"])
    assert len((await ana.get("/api/v1/notifications")).data) == 1
