"""What somebody else's profile shows, to whom."""

import pytest

from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import bar, does, follow, ids, post, uploaded


async def test_each_flag_narrows_what_a_profile_shows(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    other = await post(bo, "other")
    picture = await uploaded(ana)
    plain = await post(ana, "plain #Lunch")
    shown = await post(ana, "shown", media_ids=[picture["id"]])
    thread = await post(ana, "thread", in_reply_to_id=plain["id"])
    reply = await post(ana, "reply", in_reply_to_id=other["id"])
    direct = await post(ana, "@bo psst", visibility="direct")
    boost = await does(ana, "reblog", other)
    await post(ana, "followers", visibility="private")
    path = f"/api/v1/accounts/{ana.id}/statuses"

    everything = [each["id"] for each in (boost, direct, reply, thread, shown, plain)]
    assert await ids(bo, path) == everything
    narrowed = {
        "only_media": [shown],
        "exclude_replies": [boost, direct, thread, shown, plain],
        "exclude_reblogs": [direct, reply, thread, shown, plain],
        "exclude_direct": [boost, reply, thread, shown, plain],
    }
    for flag, left in narrowed.items():
        assert await ids(bo, path, **{flag: True}) == [each["id"] for each in left], flag
        assert await ids(bo, path, **{flag: False}) == everything
    assert await ids(bo, path, tagged="#LUNCH") == [plain["id"]]
    assert await ids(bo, path, tagged="lunch", only_media=True) == []
    await follow(bo, ana)
    assert len(await ids(bo, path)) == 7
    page = await bo.get(path, limit=2, exclude_replies=True)
    assert "exclude_replies=true" in page.links["next"]
    for name in ("only_media", "pinned"):
        await does(ana, "pin", plain)
        assert (await bo.get(path, **{name: True})).status == 200
    assert await ids(bo, path, pinned=True) == [plain["id"]]


@pytest.mark.parametrize("name", ["statuses", "followers", "following", "featured_tags"])
async def test_a_suspended_profile_and_one_that_blocks_show_nothing(
    office: Office, name: str
) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(ana, cy)
    await follow(cy, ana)
    await post(ana, "hello @bo #lunch")
    await ana.ok("POST", "/api/v1/tags/lunch/feature")
    path = f"/api/v1/accounts/{ana.id}/{name}"
    assert len(await bo.ok("GET", path)) == 1
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    assert len(await bo.ok("GET", path)) == (1 if name == "featured_tags" else 0)
    assert len(await cy.ok("GET", path)) == 1
    await bar(office, ana.account_id, "suspended_at")
    assert await cy.ok("GET", path) == []
    shown = await cy.ok("GET", f"/api/v1/accounts/{ana.id}")
    check("Account", shown)
    assert (shown["suspended"], shown["note"], shown["fields"]) == (True, "", [])
    assert (await cy.get(f"/api/v1/accounts/99/{name}")).status == 404


async def test_people_whom_one_avoids_are_on_nobodys_list_but_the_own(office: Office) -> None:
    ana, bo, cy, di, eva = [await office.member(name) for name in ("ana", "bo", "cy", "di", "eva")]
    for each in (bo, cy, di, eva):
        await follow(each, ana)
        await follow(ana, each)
    await bo.ok("POST", f"/api/v1/accounts/{cy.id}/block")
    await di.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    for name in ("followers", "following"):
        path = f"/api/v1/accounts/{ana.id}/{name}"
        seen = await bo.ok("GET", path)
        check_all("Account", seen)
        assert [each["acct"] for each in seen] == ["eva", "bo"]
        assert len(await ana.ok("GET", path)) == 4
        await ana.ok("POST", f"/api/v1/accounts/{eva.id}/mute")
        assert len(await ana.ok("GET", path)) == 4


async def test_nobody_proves_an_identity_here(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    path = f"/api/v1/accounts/{bo.id}/identity_proofs"
    proofs = await ana.ok("GET", path)
    check_all("IdentityProof", proofs)
    assert proofs == []
    assert (await ana.get("/api/v1/accounts/99/identity_proofs")).status == 404
    assert (await office.anonymous().get(path)).status == 401


async def test_batches_keep_each_id_once_and_leave_out_who_is_gone(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(ana, bo)
    await follow(bo, cy)
    twice = [cy.id, cy.id, "99", "junk"]
    familiar = (await ana.get("/api/v1/accounts/familiar_followers", id=twice)).data
    check_all("FamiliarFollowers", familiar)
    assert [(each["id"], len(each["accounts"])) for each in familiar] == [(cy.id, 1)]
    await cy.ok("PATCH", "/api/v1/accounts/update_credentials", json={"hide_collections": True})
    familiar = (await ana.get("/api/v1/accounts/familiar_followers", id=twice)).data
    assert familiar == [{"id": cy.id, "accounts": []}]
    path = "/api/v1/accounts/relationships"
    one = await ana.ok("GET", f"{path}?id={bo.id}")
    check_all("Relationship", one)
    assert len((await ana.get(path, id=twice)).data) == 1
    await bar(office, bo.account_id, "suspended_at")
    assert (await ana.get(path, id=[bo.id])).data == []
    assert [each["id"] for each in (await ana.get(path, id=[bo.id], with_suspended=True)).data] == [
        bo.id
    ]
    assert await ana.ok("GET", path) == []
    assert await ana.ok("GET", "/api/v1/accounts") == []


async def test_a_list_may_hold_oneself_and_reads_languages_as_followed(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "Us", "exclusive": True})
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/follow", json={"languages": ["pt"]})
    path = f"/api/v1/lists/{made['id']}/accounts"
    await ana.ok("POST", path, json={"account_ids": [ana.id, bo.id]})
    own = await post(ana, "mine", language="en")
    await post(bo, "theirs", language="en")
    portuguese = await post(bo, "deles", language="pt")
    assert await ids(ana, f"/api/v1/timelines/list/{made['id']}") == [portuguese["id"], own["id"]]
    # Who is on an exclusive list is left out at home; nobody is without their own posts.
    assert await ids(ana, "/api/v1/timelines/home") == [own["id"]]


async def test_only_four_hashtags_are_asked_of_each_kind(office: Office) -> None:
    ana = await office.member("ana")
    first = await post(ana, "#one")
    last = await post(ana, "#five")
    path = "/api/v1/timelines/tag/zero"
    assert await ids(ana, path, any=["one", "two", "three", "four", "five"]) == [first["id"]]
    assert await ids(ana, path, any=["five"]) == [last["id"]]
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE tags SET usable = false WHERE name = 'five'")
    assert await ids(ana, path, any=["five"]) == []
