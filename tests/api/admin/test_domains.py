"""The allowlist and limits on offices, as staff changes them."""

from typing import Any

import pytest

from storage import reports
from tests.api.admin.staff import audited, staff
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office

ALLOWS = "/api/v1/admin/domain_allows"
BLOCKS = "/api/v1/admin/domain_blocks"


async def state_of(office: Office, host: str) -> str | None:
    async with office.app.db.reader() as conn:
        state: str | None = await conn.fetchval("SELECT state FROM peers WHERE host = $1", host)
    return state


async def test_the_allowlist_from_adding_to_removing(office: Office) -> None:
    eva = await staff(office, "eva")

    made = await eva.ok("POST", ALLOWS, json={"domain": " Büro.example:8443 "})

    check("Admin::DomainAllow", made)
    assert made["domain"] == "xn--bro-hoa.example:8443"
    assert await eva.ok("POST", ALLOWS, json={"domain": made["domain"]}) == made
    assert await eva.ok("GET", f"{ALLOWS}/{made['id']}") == made
    listed = await eva.ok("GET", ALLOWS)
    check_all("Admin::DomainAllow", listed)
    assert listed == [made]
    assert await eva.ok("DELETE", f"{ALLOWS}/{made['id']}") == {}
    assert await state_of(office, made["domain"]) == "removed"
    assert (await eva.get(f"{ALLOWS}/{made['id']}")).status == 404
    assert (await eva.delete(f"{ALLOWS}/{made['id']}")).status == 404
    acts = [act for actor, act, target in await audited(office) if target == made["domain"]]
    assert acts[-2:] == ["peer.add", "peer.remove"]


async def test_pages_of_the_allowlist(office: Office) -> None:
    eva = await staff(office, "eva")
    for name in ("a.example", "b.example", "c.example"):
        await office.allow(name)
    first = await eva.get(ALLOWS, limit=2)
    assert [each["domain"] for each in first.data] == ["c.example", "b.example"]
    second = await eva.get(first.links["next"])
    assert [each["domain"] for each in second.data] == ["a.example"]


async def test_a_suspended_office_is_blocked_until_the_limit_is_lifted(office: Office) -> None:
    eva = await staff(office, "eva")
    rui = await office.colleague("rui")
    wish = {"domain": "porto.example", "severity": "suspend", "private_comment": "Contract ended."}

    made = await eva.ok("POST", BLOCKS, json=wish)

    check("Admin::DomainBlock", made)
    assert (made["severity"], made["private_comment"]) == ("suspend", "Contract ended.")
    assert await state_of(office, "porto.example") == "blocked"
    assert (await eva.get(f"/api/v1/accounts/{rui}")).status == 404
    assert (await eva.post(ALLOWS, {"domain": "porto.example"})).status == 409
    again = await eva.post(BLOCKS, wish)
    assert again.status == 422
    check("Admin::ExistingDomainBlockError", again.data)
    assert again.data["existing_domain_block"] == made
    changed = await eva.ok("PUT", f"{BLOCKS}/{made['id']}", json={"severity": "noop"})
    assert (changed["severity"], changed["private_comment"]) == ("noop", "Contract ended.")
    assert await state_of(office, "porto.example") == "allowed"
    await eva.ok("PUT", f"{BLOCKS}/{made['id']}", json={"severity": "suspend"})
    assert await eva.ok("DELETE", f"{BLOCKS}/{made['id']}") == {}
    assert await state_of(office, "porto.example") == "allowed"
    await eva.ok("GET", f"/api/v1/accounts/{rui}")


async def test_a_stranger_that_was_blocked_stays_a_stranger(office: Office) -> None:
    eva = await staff(office, "eva")
    made = await eva.ok("POST", BLOCKS, json={"domain": "odd.example", "severity": "suspend"})
    assert await state_of(office, "odd.example") == "blocked"
    await eva.ok("DELETE", f"{BLOCKS}/{made['id']}")
    assert await state_of(office, "odd.example") == "removed"


async def test_a_silenced_office_is_heard_by_followers_only(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    rui = await office.colleague("rui")
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO follows (id, account_id, target_id, uri, state)"
            " VALUES (1, $1, $2, 'https://hq.example/f', 'accepted')",
            ana.account_id,
            int(rui),
        )
        await tx.execute(
            "INSERT INTO statuses (id, uri, account_id, local, visibility, content, created_at)"
            " VALUES (9, 'https://porto.example/9', $1, false, 'public', 'Olá', now())",
            int(rui),
        )

    async def hears(api: Api) -> bool:
        return bool(await api.ok("GET", "/api/v1/timelines/public"))

    assert (await hears(eva), await hears(ana)) == (True, True)
    await eva.ok("POST", BLOCKS, json={"domain": "porto.example"})
    assert (await hears(eva), await hears(ana)) == (False, True)


async def test_refused_files_are_not_served(office: Office) -> None:
    eva = await staff(office, "eva")
    rui = await office.colleague("rui")
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO media (id, account_id, purpose, kind, file_key, content_type, remote_url)"
            " VALUES (5, $1, 'avatar', 'image', repeat('a', 32), 'image/png',"
            " 'https://porto.example/a.png')",
            int(rui),
        )
    path = f"/files/{'a' * 32}/a.png"
    assert "could not be fetched" in (await office.anonymous().get(path)).error
    wish = {"domain": "porto.example", "severity": "noop", "reject_media": True}
    await eva.ok("POST", BLOCKS, json=wish)
    assert (await office.anonymous().get(path)).error == "Record not found"


async def test_what_is_refused(office: Office) -> None:
    eva = await staff(office, "eva")
    own = office.app.uris.host
    wrong: list[dict[str, Any]] = [
        {},
        {"domain": ""},
        {"domain": "two words"},
        {"domain": "a" * 301},
        {"domain": "a\0.example"},
        {"domain": ["a.example"]},
        {"domain": own},
    ]
    for body in wrong:
        for path in (ALLOWS, BLOCKS):
            assert (await eva.post(path, body)).status == 422, (path, body)
    odd: list[dict[str, Any]] = [
        {"severity": "harsh"},
        {"private_comment": "x" * 2001},
        {"reject_media": {}},
    ]
    for bad in odd:
        assert (await eva.post(BLOCKS, {"domain": "b.example", **bad})).status == 422, bad
    assert await eva.ok("GET", BLOCKS) == []
    for path in (f"{BLOCKS}/7", f"{ALLOWS}/x", f"{BLOCKS}/99999999999999999999"):
        assert (await eva.get(path)).status == 404
        assert (await eva.delete(path)).status == 404
    assert (await eva.put(f"{BLOCKS}/7", {"severity": "noop"})).status == 404


@pytest.mark.sec("SEC-221", "SEC-174")
async def test_moderators_do_not_change_the_allowlist(office: Office) -> None:
    mia, ana = await staff(office, "mia", "moderator"), await office.member("ana")
    for path in (ALLOWS, BLOCKS):
        for api, status in ((mia, 403), (ana, 403), (office.anonymous(), 401)):
            assert (await api.get(path)).status == status
            assert (await api.post(path, {"domain": "x.example"})).status == status
    assert await state_of(office, "x.example") is None


async def test_reports_of_a_host_can_be_refused(office: Office) -> None:
    eva = await staff(office, "eva")
    wish = {"domain": "porto.example", "severity": "noop", "reject_reports": True}
    made = await eva.ok("POST", BLOCKS, json=wish)
    assert (made["reject_reports"], made["reject_media"], made["obfuscate"]) == (True, False, False)
    async with office.app.db.reader() as conn:
        assert await reports.list_latest(conn, resolved=False, limit=5) == []
