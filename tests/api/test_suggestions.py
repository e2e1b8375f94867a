"""Whom a member might want to follow, and why."""

import pytest

from storage import directory
from tests.api.contract.entities import check_all
from tests.api.office import Office
from tests.api.posts import follow, post

V2 = "/api/v2/suggestions"


async def test_acquaintances_come_first_then_who_is_active(office: Office) -> None:
    ana, bo, cy, di, eva, fay = [
        await office.member(name) for name in ("ana", "bo", "cy", "di", "eva", "fay")
    ]
    await follow(ana, bo)
    await follow(ana, cy)
    await follow(bo, di)
    await follow(cy, di)
    await follow(bo, eva)
    await post(fay, "Hello")
    found = await ana.ok("GET", V2)
    check_all("Suggestion", found)
    assert [(each["account"]["acct"], each["source"], each["sources"]) for each in found] == [
        ("di", "past_interactions", ["friends_of_friends"]),
        ("eva", "past_interactions", ["friends_of_friends"]),
        ("fay", "global", ["most_interactions"]),
    ]
    plain = await ana.get("/api/v1/suggestions", limit=1, offset=1)
    check_all("Account", plain.data)
    assert [each["acct"] for each in plain.data] == ["eva"]
    assert plain.headers["Deprecation"].startswith("@")
    # Whom somebody follows in secret is nobody's acquaintance.
    await bo.ok("PATCH", "/api/v1/accounts/update_credentials", json={"hide_collections": True})
    found = await ana.ok("GET", V2)
    assert [each["source"] for each in found] == ["past_interactions", "global", "global"]


async def test_nobody_is_suggested_who_is_unwanted(office: Office) -> None:
    people = [await office.member(name) for name in ("ana", "bo", "cy", "di", "eva", "fay")]
    ana, bo, cy, di, eva, fay = people
    await office.colleague("rui")
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/mute")
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/block")
    await di.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    await eva.ok("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    await follow(ana, eva)
    assert await ana.ok("DELETE", f"/api/v1/suggestions/{fay.id}") == {}
    assert await ana.ok("DELETE", f"/api/v1/suggestions/{fay.id}") == {}
    assert await ana.ok("DELETE", "/api/v1/suggestions/99") == {}
    found = await ana.ok("GET", V2)
    assert [each["account"]["acct"] for each in found] == ["rui@porto.example"]
    assert fay.id in [each["account"]["id"] for each in await eva.ok("GET", V2)]


async def silence(office: Office, username: str) -> None:
    async with office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET silenced_at = now() WHERE username_key = $1", username
        )


async def test_nobody_is_proposed_whom_staff_limits(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await office.colleague("rui")
    for limit in (silence(office, "bo"), office.allow("porto.example", "limited")):
        listed = await ana.ok("GET", "/api/v1/directory")
        found = await ana.ok("GET", V2)
        assert {each["acct"] for each in listed} >= {"rui@porto.example"}
        assert {each["account"]["acct"] for each in found} >= {"rui@porto.example"}
        await limit
    await follow(ana, bo)
    listed = await ana.ok("GET", "/api/v1/directory")
    assert [each["acct"] for each in listed] == ["ana"]
    assert await ana.ok("GET", V2) == []


@pytest.mark.parametrize("path", [V2, "/api/v1/suggestions", "/api/v1/directory"])
async def test_suggestions_need_a_token(office: Office, path: str) -> None:
    ana = await office.member("ana")
    writer = await office.api(ana.account_id, "write")
    assert (await office.anonymous().get(path)).status == 401
    assert (await writer.get(path)).status == (200 if path.endswith("directory") else 403)
    reader = await office.api(ana.account_id, "read")
    assert (await reader.delete("/api/v1/suggestions/1")).status == 403


async def test_suggestions_take_one_query(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("bo", "cy", "di"):
        await office.member(name)
    for limit in (1, 3):
        async with office.app.db.reader() as conn:
            found = await directory.suggestions(conn, ana.account_id, limit=limit, offset=0)
            assert (len(found), conn.queries) == (limit, 1)
            conn_queries = conn.queries
            listed = await directory.list_page(
                conn, ana.account_id, order="new", local=True, limit=limit, offset=0
            )
            assert (len(listed), conn.queries - conn_queries) == (limit, 1)
