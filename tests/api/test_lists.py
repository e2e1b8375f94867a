"""A member's lists of people."""

import pytest

from tests.api.contract.entities import check, check_all
from tests.api.office import Office


async def test_a_list_is_made_changed_and_removed(office: Office) -> None:
    ana = await office.member("ana")
    made = await ana.ok("POST", "/api/v1/lists", json={"title": " Team "})
    check("List", made)
    assert (made["title"], made["replies_policy"], made["exclusive"]) == ("Team", "list", False)
    path = f"/api/v1/lists/{made['id']}"
    changed = await ana.ok("PUT", path, json={"exclusive": True})
    assert changed == made | {"exclusive": True}
    changed = await ana.ok("PUT", path, json={"title": "Crew", "replies_policy": "none"})
    assert changed == made | {"title": "Crew", "replies_policy": "none", "exclusive": True}
    assert await ana.ok("GET", "/api/v1/lists") == [changed] == [await ana.ok("GET", path)]
    assert await ana.ok("DELETE", path) == {}
    assert (await ana.get(path)).status == 404
    assert await ana.ok("GET", "/api/v1/lists") == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"title": ""},
        {"title": "  "},
        {"title": None},
        {"title": "a" * 257},
        {"title": "a", "replies_policy": "all"},
        {"title": {"a": "b"}},
    ],
)
async def test_an_impossible_list_is_refused(office: Office, form: dict[str, object]) -> None:
    ana = await office.member("ana")
    answer = await ana.post("/api/v1/lists", form)
    assert (answer.status, bool(answer.error)) == (422, True)
    assert await ana.ok("GET", "/api/v1/lists") == []


async def test_nobody_has_more_than_fifty_lists(office: Office) -> None:
    ana = await office.member("ana")
    for number in range(50):
        await ana.ok("POST", "/api/v1/lists", json={"title": f"{number}"})
    assert (await ana.post("/api/v1/lists", {"title": "one more"})).status == 422
    assert len(await ana.ok("GET", "/api/v1/lists")) == 50


async def test_lists_are_for_their_owner_alone(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "Team"})
    path = f"/api/v1/lists/{made['id']}"
    for method, where, form in (
        ("GET", path, None),
        ("PUT", path, {"title": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/accounts", None),
        ("POST", f"{path}/accounts", {"account_ids": [ana.id]}),
        ("DELETE", f"{path}/accounts", {"account_ids": [ana.id]}),
    ):
        answer = await bo.request(method, where, json=form)
        assert (answer.status, answer.error) == (404, "Record not found"), (method, where)
    assert await ana.ok("GET", path) == made


async def test_only_people_whom_one_follows_are_on_a_list(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    rui = await office.colleague("rui")
    for target in (bo.id, rui):
        await ana.ok("POST", f"/api/v1/accounts/{target}/follow")
    made = await ana.ok("POST", "/api/v1/lists", json={"title": "Team"})
    path = f"/api/v1/lists/{made['id']}/accounts"
    for wrong, status in (([bo.id, cy.id], 422), ([bo.id, "99"], 404)):
        assert (await ana.post(path, {"account_ids": wrong})).status == status
        assert await ana.ok("GET", path) == []
    assert await ana.ok("POST", path, json={"account_ids": [bo.id]}) == {}
    assert (await ana.post(path, {"account_ids": [ana.id, bo.id]})).status == 422
    await ana.ok("POST", path, json={"account_ids": [rui, ana.id]})
    everybody = await ana.get(path, limit=0)
    check_all("Account", everybody.data)
    assert {each["acct"] for each in everybody.data} == {"ana", "bo", "rui@porto.example"}
    assert everybody.links == {}
    page = await ana.get(path, limit=2)
    assert (len(page.data), set(page.links)) == (2, {"next", "prev"})
    assert len((await ana.get(page.links["next"])).data) == 1
    (containing,) = await ana.ok("GET", f"/api/v1/accounts/{bo.id}/lists")
    assert containing == made
    assert await ana.ok("DELETE", f"{path}?account_ids[]={ana.id}") == {}
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/unfollow")
    left = await ana.ok("GET", path)
    assert [each["acct"] for each in left] == ["rui@porto.example"]
