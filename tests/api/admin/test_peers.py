"""What a change of trust would cut, as staff asks for it."""

import pytest

from tests.api.admin.staff import staff
from tests.api.contract.entities import check
from tests.api.office import Office

PREVIEW = "/api/v1/admin/peers/preview"


async def test_what_a_removal_would_cut(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    rui = await office.colleague("rui")
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO follows (id, account_id, target_id, uri, state)"
            " VALUES (1, $1, $2, 'https://hq.example/f', 'accepted')",
            ana.account_id,
            int(rui),
        )

    told = await eva.ok("GET", PREVIEW, params={"domain": "porto.example"})

    check("Admin::PeerPreview", told)
    assert told["hosts"] == [{"domain": "porto.example", "before": "allowed", "after": "removed"}]
    assert told["cut"] == ["porto.example"]
    assert (told["accounts"], told["following"], told["followers"]) == (1, 1, 0)
    kept = await eva.ok("GET", PREVIEW, params={"domain": "porto.example", "state": "limited"})
    assert (kept["cut"], kept["accounts"]) == ([], 1)
    strange = await eva.ok("GET", PREVIEW, params={"domain": "*.far.example", "state": "blocked"})
    assert (strange["hosts"], strange["accounts"]) == ([], 0)
    await eva.ok("GET", f"/api/v1/accounts/{rui}")


@pytest.mark.sec("SEC-221")
async def test_who_may_not_ask_and_what_is_no_question(office: Office) -> None:
    eva, mia = await staff(office, "eva"), await staff(office, "mia", "moderator")
    ana = await office.member("ana")
    query = {"domain": "porto.example"}
    for api, status in ((mia, 403), (ana, 403), (office.anonymous(), 401)):
        assert (await api.get(PREVIEW, **query)).status == status
    narrow = await office.api(eva.account_id, "read")
    assert (await narrow.get(PREVIEW, **query)).status == 403
    for wrong in (
        {},
        {"domain": ""},
        {"domain": "two words"},
        {"domain": "a" * 301},
        {"domain": "a\0.example"},
        {"domain": office.app.uris.host},
        {"domain": "*.example"},
        {"domain": "porto.example", "state": "gone"},
    ):
        answer = await eva.get(PREVIEW, **wrong)
        assert (answer.status, bool(answer.error)) == (422, True), wrong
