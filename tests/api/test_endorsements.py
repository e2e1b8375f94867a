"""People whom somebody recommends on the profile."""

import pytest

from storage import endorsements
from storage.paging import Page
from tests.api.contract.entities import check, check_all
from tests.api.office import Office
from tests.api.posts import bar, follow


async def test_people_whom_one_follows_are_recommended(office: Office) -> None:
    ana, bo, cy, di = [await office.member(name) for name in ("ana", "bo", "cy", "di")]
    for each in (bo, cy, di):
        await follow(ana, each)
    for each, action in ((bo, "endorse"), (cy, "pin"), (di, "endorse")):
        relation = await ana.ok("POST", f"/api/v1/accounts/{each.id}/{action}")
        check("Relationship", relation)
        assert relation["endorsed"] is True
    assert (await ana.post(f"/api/v1/accounts/{bo.id}/endorse")).data["endorsed"] is True
    page = await ana.get("/api/v1/endorsements", limit=2)
    check_all("Account", page.data)
    assert [each["acct"] for each in page.data] == ["di", "cy"]
    rest = await ana.get(page.links["next"])
    assert [each["acct"] for each in rest.data] == ["bo"]
    shown = await bo.get(f"/api/v1/accounts/{ana.id}/endorsements", limit=2)
    assert [each["acct"] for each in shown.data] == ["di", "cy"]
    assert set(shown.links) == {"next", "prev"}

    gone = await ana.ok("POST", f"/api/v1/accounts/{di.id}/unendorse")
    assert gone["endorsed"] is False
    assert (await ana.post(f"/api/v1/accounts/{di.id}/unpin")).data == gone
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/unfollow")
    await follow(ana, cy)
    left = await ana.ok("GET", "/api/v1/endorsements")
    assert [each["acct"] for each in left] == ["bo"]


@pytest.mark.parametrize("action", ["endorse", "pin", "unendorse", "unpin"])
async def test_who_is_recommended_must_be_known_and_followed(office: Office, action: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    reader = await office.api(ana.account_id, "read")
    path = f"/api/v1/accounts/{bo.id}/{action}"
    assert (await office.anonymous().post(path)).status == 401
    assert (await reader.post(path)).status == 403
    assert (await ana.post(f"/api/v1/accounts/99/{action}")).status == 404
    assert (await ana.post(path)).status == (200 if action.startswith("un") else 422)
    await bo.ok("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    await follow(ana, bo)
    assert (await ana.post(path)).status == (200 if action.startswith("un") else 422)
    assert await ana.ok("GET", "/api/v1/endorsements") == []


async def test_recommendations_are_closed_to_whom_one_blocks(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(ana, bo)
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/endorse")
    path = f"/api/v1/accounts/{ana.id}/endorsements"
    assert len(await cy.ok("GET", path)) == 1
    await ana.ok("POST", f"/api/v1/accounts/{cy.id}/block")
    assert await cy.ok("GET", path) == []
    await bar(office, ana.account_id, "suspended_at")
    assert await bo.ok("GET", path) == []
    assert (await bo.get("/api/v1/accounts/99/endorsements")).status == 404


async def test_a_page_of_recommendations_takes_one_query(office: Office) -> None:
    ana = await office.member("ana")
    for name in ("bo", "cy"):
        each = await office.member(name)
        await follow(ana, each)
        await ana.ok("POST", f"/api/v1/accounts/{each.id}/endorse")
    for limit in (1, 2):
        async with office.app.db.reader() as conn:
            page = await endorsements.list_page(conn, ana.account_id, Page(limit=limit))
            assert (len(page), conn.queries) == (limit, 1)
