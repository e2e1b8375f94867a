"""Offices that a member wants nothing of vanish for that member alone."""

from typing import Any

import pytest

from fedimmp.services import office_blocks
from storage import domain_blocks
from storage.domain_blocks import DomainBlock
from storage.paging import Page
from storage.statuses import NewMention
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office
from tests.api.posts import arrive, does, follow, ids, post

PATH = "/api/v1/domain_blocks"
PORTO = {"domain": "porto.example"}


async def _accepted(office: Office, follower: str, followed: str) -> None:
    """Let a follow between people of two offices count."""
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO follows (id, account_id, target_id, uri, state)"
            " VALUES ($1, $2, $3, $4, 'accepted')",
            int(follower) ^ int(followed),
            int(follower),
            int(followed),
            f"https://porto.example/follows/{follower}-{followed}",
        )


async def test_offices_are_blocked_and_listed(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    for domain in ("porto.example", "@x@LISBOA.example", "https://xn--fa-hia.example/"):
        assert await ana.ok("POST", PATH, json={"domain": domain}) == {}
    assert await ana.ok("POST", PATH, json=PORTO) == {}
    everything = ["xn--fa-hia.example", "lisboa.example", "porto.example"]
    assert await ana.ok("GET", PATH) == everything
    page = await ana.get(PATH, limit=2)
    assert page.data == everything[:2]
    rest = await ana.get(page.links["next"])
    assert rest.data == everything[2:]
    assert (await ana.get(rest.links["prev"])).data == everything[:2]
    assert await bo.ok("GET", PATH) == []
    assert await ana.ok("DELETE", f"{PATH}?domain=porto.example") == {}
    assert await ana.ok("DELETE", PATH, json={"domain": "lisboa.example"}) == {}
    assert await ana.ok("DELETE", PATH, json={"domain": "lisboa.example"}) == {}
    assert await ana.ok("GET", PATH) == everything[:1]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"domain": ""},
        {"domain": None},
        {"domain": "a b"},
        {"domain": "no/host"},
        {"domain": "a\0b"},
        {"domain": "\ud800"},
        {"domain": ["porto.example"]},
        {"domain": {"a": "b"}},
        {"domain": "a" * 2_000},
    ],
)
async def test_what_is_no_office_is_refused(office: Office, form: dict[str, Any]) -> None:
    ana = await office.member("ana")
    for method in ("POST", "DELETE"):
        answer = await ana.request(method, PATH, json=form)
        # Half a character is no JSON to begin with.
        assert answer.status in {400, 422} and answer.error, method
    assert await ana.ok("GET", PATH) == []


async def test_the_own_office_and_one_too_many_are_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await office.member("ana")
    own = await ana.post(PATH, {"domain": office.app.uris.host})
    assert (own.status, "own office" in own.error) == (422, True)
    monkeypatch.setattr(office_blocks, "MOST_BLOCKED", 1)
    await ana.ok("POST", PATH, json=PORTO)
    assert (await ana.post(PATH, {"domain": "lisboa.example"})).status == 422


async def test_blocking_needs_its_scope(office: Office) -> None:
    ana = await office.member("ana")
    reader = await office.api(ana.account_id, "read")
    follower = await office.api(ana.account_id, "follow")
    for method in ("POST", "DELETE"):
        assert (await office.anonymous().request(method, PATH, json=PORTO)).status == 401
        assert (await reader.request(method, PATH, json=PORTO)).status == 403
        assert (await follower.request(method, PATH, json=PORTO)).status == 200
    assert (await office.anonymous().get(f"{PATH}/preview", **PORTO)).status == 401


async def test_follows_in_both_directions_end_and_the_office_is_told(office: Office) -> None:
    ana = await office.member("ana")
    rui, eva, lea = [await office.colleague(name) for name in ("rui", "eva", "lea")]
    far = await office.colleague("far", "lisboa.example")
    await _accepted(office, ana.id, rui)
    await _accepted(office, eva, ana.id)
    await _accepted(office, far, ana.id)
    await ana.ok("POST", f"/api/v1/accounts/{lea}/follow")
    preview = await ana.ok("GET", f"{PATH}/preview?domain=porto.example")
    check("DomainBlockPreview", preview)
    assert preview == {"following_count": 1, "followers_count": 1}
    none = await ana.ok("GET", f"{PATH}/preview?domain=unknown.example")
    assert none == {"following_count": 0, "followers_count": 0}

    await ana.ok("POST", PATH, json=PORTO)

    told = {activity["type"] for activity in await office.sent()}
    assert told == {"Follow", "Undo", "Reject"}
    followers = await ana.ok("GET", f"/api/v1/accounts/{ana.id}/followers")
    assert [each["acct"] for each in followers] == ["far@lisboa.example"]
    assert await ana.ok("GET", f"/api/v1/accounts/{ana.id}/following") == []
    (relation,) = (await ana.get("/api/v1/accounts/relationships", id=[rui])).data
    check("Relationship", relation)
    assert (relation["domain_blocking"], relation["following"]) == (True, False)
    assert (await ana.post(f"/api/v1/accounts/{rui}/follow")).status == 403


async def test_their_posts_and_boosts_vanish_for_this_member_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    rui = await office.colleague("rui")
    await follow(ana, bo)
    for reader in (ana, bo):
        await _accepted(office, reader.id, rui)
    far = await arrive(office, rui, "far")
    await does(bo, "reblog", {"id": far})
    near = await post(bo, "near")
    await ana.ok("POST", PATH, json=PORTO)
    later = await arrive(office, rui, "later")

    async def seen(person: Api, path: str) -> set[str]:
        return set(await ids(person, path)) & {far, later, near["id"]}

    for path in ("/api/v1/timelines/home", "/api/v1/timelines/public"):
        assert await seen(ana, path) == {near["id"]}
        assert await seen(bo, path) == {far, later, near["id"]}
    assert not (await ana.ok("GET", "/api/v1/accounts/search?q=rui"))
    assert await bo.ok("GET", "/api/v1/accounts/search?q=rui")
    for path in ("/api/v1/directory", "/api/v1/suggestions"):
        people = await ana.ok("GET", path)
        check_all("Account", people)
        assert "rui@porto.example" not in [each["acct"] for each in people]
    await ana.ok("DELETE", PATH, json=PORTO)
    assert await seen(ana, "/api/v1/timelines/public") == {far, later, near["id"]}


async def test_nobody_there_is_announced(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    rui = await office.colleague("rui")
    await _accepted(office, rui, ana.id)
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO notifications (account_id, type, from_account_id) VALUES ($1, $2, $3)",
            ana.account_id,
            "follow",
            int(rui),
        )
    # That follows ended is all that is told of the office.
    severed = ["severed_relationships"]
    mine = await ana.ok("GET", "/api/v1/notifications")
    assert [each["account"]["acct"] for each in mine] == ["rui@porto.example"]
    await ana.ok("POST", PATH, json=PORTO)
    assert [each["type"] for each in await ana.ok("GET", "/api/v1/notifications")] == severed
    for person in (ana, bo):
        name = f"note-{person.id}"
        mentions = (NewMention(person.account_id),)
        await arrive(office, rui, name, mentions=mentions)
    assert [each["type"] for each in await ana.ok("GET", "/api/v1/notifications")] == severed
    (told,) = await bo.ok("GET", "/api/v1/notifications")
    assert told["type"] == "mention"


async def test_more_follows_than_fit_a_transaction_end_by_a_job(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await office.member("ana")
    monkeypatch.setattr(office_blocks, "_AT_ONCE", 2)
    people = [await office.colleague(name) for name in ("rui", "eva", "lea")]
    for each in people:
        await _accepted(office, each, ana.id)
    await ana.ok("POST", PATH, json=PORTO)
    assert len(await ana.ok("GET", f"/api/v1/accounts/{ana.id}/followers")) == 1
    payload = {"account_id": ana.account_id, "domain": "porto.example"}
    for _ in range(2):
        await office_blocks.sever_office(office.app, payload)
    assert await ana.ok("GET", f"/api/v1/accounts/{ana.id}/followers") == []
    assert [each["type"] for each in await office.sent()] == ["Reject"] * 3


async def test_a_page_of_offices_takes_one_query(office: Office) -> None:
    ana = await office.member("ana")
    async with office.app.db.writer() as tx:
        for number in range(3):
            block = DomainBlock(number + 1, f"{number}.example")
            await domain_blocks.insert(tx, block, ana.account_id, office.app.now())
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await domain_blocks.list_page(conn, ana.account_id, Page(limit=limit))
            assert (len(found), conn.queries) == (limit, 1)
