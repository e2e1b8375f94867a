"""Signing up through an app: what comes back, and what the token opens while somebody waits."""

from typing import Any

import pytest

from fedimmp.errors import Conflict, Forbidden, Invalid, NotFound
from fedimmp.services import members, registering
from fedimmp.workers.settle import settle
from tests.api.contract.entities import check
from tests.api.office import Api, Office
from tests.registration.conftest import MakeOffice
from tests.registration.mailbox import Mailbox, text_of
from tests.registration.people import app_of, app_with, sign_up, wish

ME = "/api/v1/accounts/verify_credentials"


async def account_id_of(office: Office, username: str) -> int:
    async with office.app.db.reader() as conn:
        found: int = await conn.fetchval("SELECT id FROM accounts WHERE username = $1", username)
    return found


async def test_open_without_confirmation_is_in_at_once(make_office: MakeOffice) -> None:
    office = await make_office("open", mail=False)
    bo = await office.member("bo", role="moderator")
    answer = await sign_up(office, time_zone="Europe/Lisbon")
    check("Token", answer.data)
    assert answer.data["scope"] == "read write"
    ana = await app_with(office, answer).ok("GET", ME)
    assert ana["username"] == "ana"
    (notice,) = await bo.ok("GET", "/api/v1/notifications")
    assert (notice["type"], notice["account"]["acct"]) == ("admin.sign_up", "ana")
    async with office.app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT locale, time_zone, email FROM members WHERE locale = 'pt'"
        )
    assert row is not None
    assert tuple(row.values()) == ("pt", "Europe/Lisbon", "ana@corp.example")


@pytest.mark.sec("SEC-178")
async def test_who_waits_opens_nothing_and_is_seen_by_nobody(
    make_office: MakeOffice, mailbox: Mailbox
) -> None:
    office = await make_office("approval")
    bo = await office.member("bo", role="admin")
    ana = app_with(office, await sign_up(office))
    for path in (ME, "/api/v1/timelines/home", "/api/v1/accounts/lookup?acct=ana"):
        assert (await ana.get(path)).status == 403
    unconfirmed = (await ana.get(ME)).error
    assert await ana.ok("GET", "/api/v1/emails/check_confirmation") is False

    account_id = await account_id_of(office, "ana")
    assert (await bo.get("/api/v1/accounts/lookup", acct="ana")).status == 404
    assert (await bo.get(f"/api/v1/accounts/{account_id}")).status == 404
    assert (await bo.get("/api/v1/accounts/search", q="ana")).data == []
    finger = f"/.well-known/webfinger?resource=acct:ana@{office.app.uris.host}"
    assert (await office.anonymous().get(finger)).status == 404

    await settle(office.app)
    token = mailbox.link("ana@corp.example").partition("token=")[2]
    assert await registering.confirm(office.app, token) == "unapproved"
    unapproved = (await ana.get(ME)).error
    assert await ana.ok("GET", "/api/v1/emails/check_confirmation") is True
    await settle(office.app)
    assert "I build bridges." in text_of(mailbox.to("bo@corp.example")[-1])

    await registering.approve(office.app, "bo", account_id)
    assert (await ana.ok("GET", ME))["username"] == "ana"
    assert (await bo.ok("GET", "/api/v1/accounts/lookup", params={"acct": "ana"}))["acct"] == "ana"
    await settle(office.app)
    assert "let in" in text_of(mailbox.to("ana@corp.example")[-1])
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE members SET disabled_at = now() WHERE account_id = $1", account_id)
    disabled = (await ana.get(ME)).error
    assert len({unconfirmed, unapproved, disabled}) == 3


async def test_who_is_turned_away_leaves_nothing(make_office: MakeOffice) -> None:
    office = await make_office("approval", mail=False)
    ana = app_with(office, await sign_up(office))
    account_id = await account_id_of(office, "ana")
    await registering.reject(office.app, "bo", account_id)
    assert (await ana.get(ME)).status == 401
    assert (await sign_up(office)).status == 200
    with pytest.raises(NotFound):
        await registering.reject(office.app, "bo", account_id)
    again = await account_id_of(office, "ana")
    await registering.approve(office.app, "bo", again)
    for late in (registering.approve, registering.reject):
        with pytest.raises(Forbidden):
            await late(office.app, "bo", again)


async def test_closed_takes_nobody(make_office: MakeOffice) -> None:
    office = await make_office("closed")
    answer = await sign_up(office)
    assert (answer.status, answer.error) == (403, registering.CLOSED)


async def test_only_an_application_signs_people_up(make_office: MakeOffice) -> None:
    office = await make_office("open", mail=False)
    bo = await office.member("bo")
    assert (await office.anonymous().post("/api/v1/accounts", wish())).status == 401
    assert (await bo.post("/api/v1/accounts", wish())).status == 403
    assert (await (await app_of(office, "read")).post("/api/v1/accounts", wish())).status == 403
    assert (await (await app_of(office)).post("/api/v1/accounts", wish())).status == 200


BAD: list[tuple[str, Any, str]] = [
    ("username", "", "ERR_BLANK"),
    ("username", "a" * 31, "ERR_TOO_LONG"),
    ("username", "ana sousa", "ERR_INVALID"),
    ("username", "AdMin", "ERR_RESERVED"),
    ("username", "canteen", "ERR_RESERVED"),
    ("username", "BO", "ERR_TAKEN"),
    ("email", "", "ERR_BLANK"),
    ("email", "ana", "ERR_INVALID"),
    ("email", "a@corp.example\r\nBcc: x@y.example", "ERR_INVALID"),
    ("email", "a@b@corp.example", "ERR_INVALID"),
    ("email", "a@evil.example,b@corp.example", "ERR_INVALID"),
    ("email", '"a@evil.example"@corp.example', "ERR_INVALID"),
    ("email", "a@sub.corp.example", "ERR_BLOCKED"),
    ("email", "a@notcorp.example", "ERR_BLOCKED"),
    ("email", "a@lab.example", "ERR_BLOCKED"),
    ("email", "BO@corp.example", "ERR_TAKEN"),
    ("password", "", "ERR_BLANK"),
    ("password", "short", "ERR_TOO_SHORT"),
    ("password", "x" * 257, "ERR_TOO_LONG"),
    ("agreement", False, "ERR_ACCEPTED"),
    ("agreement", None, "ERR_ACCEPTED"),
    ("reason", " ", "ERR_BLANK"),
    ("reason", "x" * 2001, "ERR_TOO_LONG"),
]


async def test_what_is_wrong_is_said_per_field(make_office: MakeOffice) -> None:
    office = await make_office(
        "approval",
        mail=False,
        email_domains=("corp.example", "*.lab.example", "xn--bcher-kva.example"),
        reserved_names=("canteen",),
    )
    await office.member("bo")
    ana = await app_of(office)
    for field, value, code in BAD:
        answer = await ana.post("/api/v1/accounts", wish() | {field: value})
        assert (answer.status, list(answer.data["details"])) == (422, [field]), (field, value)
        (found,) = answer.data["details"][field]
        assert (found["error"], bool(found["description"])) == (code, True), (field, value)
        assert answer.error.startswith("Validation failed: ")
    for email in ("a@x.lab.example", "a@bücher.example"):
        answer = await ana.post("/api/v1/accounts", wish(email[2:5].replace("ü", "u"), email=email))
        assert answer.status == 200, answer.data


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b", ["a"], {"a": "b"}])
async def test_odd_values_are_answered_with_a_sentence(make_office: MakeOffice, value: Any) -> None:
    office = await make_office("open", mail=False)
    ana = await app_of(office)
    for field in ("username", "email", "password", "locale", "reason", "time_zone"):
        answer = await ana.post("/api/v1/accounts", wish(**{field: value}))
        assert answer.status in (400, 422), field
        assert answer.error, field


async def test_names_of_the_departed_are_never_given_again(make_office: MakeOffice) -> None:
    office = await make_office("open", mail=False)
    bo = await office.member("bo")
    await members.disable_member(office.app, bo.account_id)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET deleted_at = now() WHERE id = $1", bo.account_id)
        await tx.execute("DELETE FROM members WHERE account_id = $1", bo.account_id)
    answer = await sign_up(office, "Bo")
    assert answer.data["details"]["username"][0]["error"] == "ERR_TAKEN"
    with pytest.raises(Conflict):
        await office.member("bo")


@pytest.mark.sec("SEC-185")
async def test_sign_ups_are_limited_per_address(make_office: MakeOffice) -> None:
    office = await make_office("open", mail=False, limits={"factor": 1.0})
    ana = await app_of(office)
    codes = [(await ana.post("/api/v1/accounts", {})).status for _ in range(6)]
    assert codes == [422] * 5 + [429]


async def test_instance_says_who_may_join(make_office: MakeOffice) -> None:
    office = await make_office("approval", message="Only <staff>.", mail=False)
    newer = await office.anonymous().ok("GET", "/api/v2/instance")
    assert newer["registrations"] == {
        "enabled": True,
        "approval_required": True,
        "reason_required": True,
        "message": "Only &lt;staff&gt;.",
        "min_age": None,
        "url": None,
    }
    older = await office.anonymous().ok("GET", "/api/v1/instance")
    assert (older["registrations"], older["approval_required"]) == (True, True)


async def test_the_mail_is_sent_again_only_through_the_app_that_signed_up(
    make_office: MakeOffice, mailbox: Mailbox
) -> None:
    office = await make_office("open")
    path = "/api/v1/emails/confirmations"
    ana: Api = app_with(office, await sign_up(office))
    assert await ana.ok("POST", path) == {}
    await settle(office.app)
    assert len(mailbox.to("ana@corp.example")) == 2
    old = mailbox.link("ana@corp.example").partition("token=")[2]
    other = await office.api(await account_id_of(office, "ana"))
    assert (await other.post(path)).status == 403
    assert (await (await app_of(office)).post(path)).status == 422
    assert (await office.anonymous().post(path)).status == 401
    assert (await ana.post(path, {"email": "nonsense"})).status == 422

    assert await ana.ok("POST", path, json={"email": "ana.sousa@corp.example"}) == {}
    await settle(office.app)
    with pytest.raises(Invalid):
        await registering.confirm(office.app, old)
    token = mailbox.link("ana.sousa@corp.example").partition("token=")[2]
    assert await registering.confirm(office.app, token) == "member"
    assert (await ana.post(path)).status == 403
    assert (await ana.get(ME)).status == 200


async def test_blocks_of_moderators_stand_in_the_way(make_office: MakeOffice) -> None:
    office = await make_office("open", mail=False)
    ana = await app_of(office)
    async with office.app.db.writer() as tx:
        await tx.execute(
            "INSERT INTO email_domain_blocks (domain, allow_with_approval, created_at)"
            " VALUES ('throwaway.example', false, now()), ('guest.example', true, now())"
        )
    path = "/api/v1/accounts"
    refused = await ana.post(path, wish(email="ana@mail.throwaway.example"))
    assert refused.data["details"]["email"][0]["error"] == "ERR_BLOCKED"
    guest = app_with(office, await ana.post(path, wish("guest", email="g@guest.example")))
    assert "pending approval" in (await guest.get(ME)).error
    assert (await app_with(office, await ana.post(path, wish())).get(ME)).status == 200

    async with office.app.db.writer() as tx:
        tried = "SELECT sum(attempts) FROM email_domain_block_attempts"
        assert await tx.fetchval(tried) == 1
        await tx.execute(
            "INSERT INTO ip_blocks (network, severity, created_at)"
            " VALUES ('127.0.0.0/8', 'sign_up_block', now())"
        )
    assert (await ana.post(path, wish("bo"))).status == 422
