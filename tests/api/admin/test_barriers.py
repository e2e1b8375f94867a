"""Who may not register, and from where nobody may come."""

import asyncio
from datetime import timedelta

import pytest

from storage.registration_barriers import count_attempt, registration_barriers
from tests.api.admin.staff import staff
from tests.api.contract.entities import check, check_all
from tests.api.office import Office

DOMAINS = "/api/v1/admin/email_domain_blocks"
IPS = "/api/v1/admin/ip_blocks"
EMAILS = "/api/v1/admin/canonical_email_blocks"


async def barriers(office: Office, email: str, address: str | None = None) -> tuple[bool, bool]:
    async with office.app.db.reader() as conn:
        found = await registration_barriers(conn, email, address, office.app.now())
    return found.refused, found.needs_approval


async def test_domains_of_addresses(office: Office) -> None:
    eva = await staff(office, "eva")

    made = await eva.ok("POST", DOMAINS, json={"domain": "Müll.example"})

    check("Admin::EmailDomainBlock", made)
    assert (made["domain"], made["allow_with_approval"]) == ("xn--mll-hoa.example", False)
    gentle = await eva.ok(
        "POST", DOMAINS, json={"domain": "free.example", "allow_with_approval": True}
    )
    assert await barriers(office, "x@sub.MÜLL.example") == (True, False)
    assert await barriers(office, "x@free.example") == (False, True)
    assert await barriers(office, "x@corp.example") == (False, False)
    async with office.app.db.writer() as tx:
        for _ in range(2):
            await count_attempt(tx, "x@müll.example", office.app.now().date())
    shown = await eva.ok("GET", f"{DOMAINS}/{made['id']}")
    check("Admin::EmailDomainBlock", shown)
    assert [day["uses"] for day in shown["history"]] == ["2", *["0"] * 6]
    listed = await eva.ok("GET", DOMAINS)
    check_all("Admin::EmailDomainBlock", listed)
    assert [each["id"] for each in listed] == [gentle["id"], made["id"]]
    assert (await eva.post(DOMAINS, {"domain": "müll.example"})).status == 422
    assert await eva.ok("DELETE", f"{DOMAINS}/{made['id']}") == {}
    assert await barriers(office, "x@müll.example") == (False, False)
    assert (await eva.delete(f"{DOMAINS}/{made['id']}")).status == 404


async def test_networks(office: Office) -> None:
    eva = await staff(office, "eva")
    wish = {"ip": "192.0.2.7/24", "severity": "sign_up_block", "comment": "c", "expires_in": 60}

    made = await eva.ok("POST", IPS, json=wish)

    check("Admin::IpBlock", made)
    assert (made["ip"], made["comment"]) == ("192.0.2.0/24", "c")
    assert made["expires_at"] is not None
    assert await barriers(office, "a@x.example", "192.0.2.99") == (True, False)
    assert await barriers(office, "a@x.example", "198.51.100.1") == (False, False)
    change = {"severity": "sign_up_requires_approval", "comment": "d"}
    changed = await eva.ok("PUT", f"{IPS}/{made['id']}", json=change)
    check("Admin::IpBlock", changed)
    assert (changed["comment"], changed["expires_at"]) == ("d", made["expires_at"])
    assert await barriers(office, "a@x.example", "192.0.2.99") == (False, True)
    office.clock.offset = timedelta(minutes=2)
    assert await barriers(office, "a@x.example", "192.0.2.99") == (False, False)
    office.clock.offset = timedelta()
    single = await eva.ok("POST", IPS, json={"ip": "2001:db8::1", "severity": "sign_up_block"})
    assert (single["ip"], single["expires_at"]) == ("2001:db8::1/128", None)
    clash = await eva.put(f"{IPS}/{single['id']}", {"ip": "192.0.2.0/24"})
    assert clash.status == 422
    listed = await eva.ok("GET", IPS)
    check_all("Admin::IpBlock", listed)
    assert [each["id"] for each in listed] == [single["id"], made["id"]]
    assert await eva.ok("GET", f"{IPS}/{single['id']}") == single
    assert await eva.ok("DELETE", f"{IPS}/{single['id']}") == {}
    assert (await eva.get(f"{IPS}/{single['id']}")).status == 404


@pytest.mark.parametrize("ip", ["fe80::1%eth0", "fe80::1", "fe80::1/128"])
async def test_an_interface_is_no_part_of_an_address(office: Office, ip: str) -> None:
    eva = await staff(office, "eva")
    made = await eva.ok("POST", IPS, json={"ip": ip, "severity": "sign_up_block"})
    assert made["ip"] == "fe80::1/128"
    assert await eva.ok("GET", "/api/v1/admin/accounts", params={"ip": ip}) == []


@pytest.mark.parametrize("ip", ["%eth0", "fe80::1/eth0", "fe80::/129", "192.0.2.300", "x", " "])
async def test_what_is_no_address_is_told(office: Office, ip: str) -> None:
    eva = await staff(office, "eva")
    answer = await eva.post(IPS, {"ip": ip, "severity": "sign_up_block"})
    assert (answer.status, bool(answer.error)) == (422, True)
    answer = await eva.get("/api/v1/admin/accounts", ip=ip)
    assert (answer.status, bool(answer.error)) == (422, True)


async def test_no_access_shuts_a_network_out_within_two_seconds(office: Office) -> None:
    eva, ana = await staff(office, "eva"), await office.member("ana")
    for own in ("127.0.0.0/8", "127.0.0.1"):
        answer = await eva.post(IPS, {"ip": own, "severity": "no_access"})
        assert answer.status == 422
    made = await eva.ok("POST", IPS, json={"ip": "127.0.0.0/8", "severity": "sign_up_block"})
    await ana.ok("GET", "/api/v1/timelines/home")
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE ip_blocks SET severity = 'no_access'")

    async def answers(path: str, wanted: int) -> str:
        async with asyncio.timeout(5):
            while (answer := await ana.get(path)).status != wanted:
                await asyncio.sleep(0.05)
        return answer.error if wanted == 403 else ""

    assert await answers("/api/v1/timelines/home", 403) == "Nobody may come from this network"
    assert (await office.anonymous().get("/api/v1/instance")).status == 403
    assert (await office.anonymous().get("/livez")).status == 200
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE ip_blocks SET expires_at = now() - interval '1 second'")
    await answers("/api/v1/timelines/home", 200)
    assert made["severity"] == "sign_up_block"


async def test_addresses_by_their_hash(office: Office) -> None:
    eva = await staff(office, "eva")

    made = await eva.ok("POST", EMAILS, json={"email": "Jo.Hn+spam@Corp.example"})

    check("Admin::CanonicalEmailBlock", made)
    assert await eva.ok("POST", f"{EMAILS}/test", json={"email": "john@corp.example"}) == [made]
    assert await eva.ok("POST", f"{EMAILS}/test", json={"email": "mary@corp.example"}) == []
    assert await barriers(office, "j.o.h.n@corp.example") == (True, False)
    digest = "a" * 64
    by_hash = await eva.ok("POST", EMAILS, json={"canonical_email_hash": digest.upper()})
    assert by_hash["canonical_email_hash"] == digest
    listed = await eva.ok("GET", EMAILS)
    check_all("Admin::CanonicalEmailBlock", listed)
    assert listed == [by_hash, made]
    assert await eva.ok("GET", f"{EMAILS}/{made['id']}") == made
    assert await eva.ok("DELETE", f"{EMAILS}/{made['id']}") == {}
    assert (await eva.get(f"{EMAILS}/{made['id']}")).status == 404


async def test_what_is_refused(office: Office) -> None:
    eva = await staff(office, "eva")
    refused: list[tuple[str, dict[str, object]]] = [
        (DOMAINS, {}),
        (DOMAINS, {"domain": "a.example:80"}),
        (DOMAINS, {"domain": "two words"}),
        (IPS, {}),
        (IPS, {"ip": "192.0.2.1"}),
        (IPS, {"severity": "no_access"}),
        (IPS, {"ip": "everywhere", "severity": "no_access"}),
        (IPS, {"ip": "192.0.2.0/33", "severity": "no_access"}),
        (IPS, {"ip": "192.0.2.1", "severity": "harsh"}),
        (IPS, {"ip": "192.0.2.1", "severity": "no_access", "expires_in": -1}),
        (IPS, {"ip": "192.0.2.1", "severity": "no_access", "comment": "a\0"}),
        (EMAILS, {}),
        (EMAILS, {"email": "nobody"}),
        (EMAILS, {"canonical_email_hash": "xyz"}),
        (f"{EMAILS}/test", {"email": "nobody"}),
    ]
    for path, body in refused:
        assert (await eva.post(path, body)).status == 422, (path, body)
    assert (await eva.post(f"{EMAILS}/test", {})).status == 400
    for path in (DOMAINS, IPS, EMAILS):
        assert await eva.ok("GET", path) == []
        assert (await eva.get(f"{path}/7")).status == 404
        assert (await eva.delete(f"{path}/7")).status == 404
    assert (await eva.put(f"{IPS}/7", {"comment": "x"})).status == 404


@pytest.mark.sec("SEC-221", "SEC-174")
async def test_moderators_may_not(office: Office) -> None:
    mia, eva = await staff(office, "mia", "moderator"), await staff(office, "eva")
    narrow = await office.api(eva.account_id, "admin:read:ip_blocks")
    for path in (DOMAINS, IPS, EMAILS):
        assert (await mia.get(path)).status == 403
        assert (await mia.post(path, {})).status == 403
        assert (await office.anonymous().get(path)).status == 401
        assert (await narrow.get(path)).status == (200 if path == IPS else 403)
