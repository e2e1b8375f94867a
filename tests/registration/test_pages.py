"""The pages on which people sign up, confirm their address and get a new password."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from fedimmp.services import members, registering
from fedimmp.workers.settle import settle
from tests.api.office import PASSWORD, Office
from tests.registration.browsing import Browser
from tests.registration.conftest import MakeOffice
from tests.registration.mailbox import Mailbox, text_of

OpenBrowser = Callable[[Office], Browser]
ANA = "ana@corp.example"
FIELDS = {"username": "ana", "email": ANA, "password": PASSWORD, "agreement": "1"}


async def test_signing_up_confirming_waiting_and_coming_in(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("approval")
    browser = open_browser(office)
    assert "/auth/sign_up" in (await browser.get("/auth/sign_in")).text
    page = await browser.fill("/auth/sign_up", **FIELDS, reason="I build bridges.")
    assert (page.status, "Look into your mail" in page.text) == (200, True)
    waiting = await browser.sign_in("ana", PASSWORD)
    assert "not confirmed yet" in waiting.text
    assert "do not belong together" in (await browser.sign_in("ana", "wrong password")).text

    await settle(office.app)
    link = mailbox.link(ANA)
    other = open_browser(office)
    # A scanner of mail looks at the link, and changes nothing.
    assert ANA in (await other.get(link)).text
    page = await browser.fill(link, "/auth/confirmation")
    assert "You are nearly in" in page.text
    assert (await browser.get(link)).status == 422
    assert "not let you in yet" in (await browser.sign_in("ana", PASSWORD)).text

    async with office.app.db.reader() as conn:
        account_id = await conn.fetchval("SELECT id FROM accounts WHERE username = 'ana'")
    await registering.approve(office.app, "cli", account_id)
    assert (await browser.sign_in(ANA, PASSWORD)).status == 303


async def test_who_signs_up_reads_what_becomes_of_their_data(
    make_office: MakeOffice, open_browser: OpenBrowser
) -> None:
    browser = open_browser(await make_office("open", mail=False))
    assert 'href="/privacy-policy"' in (await browser.get("/auth/sign_up")).text
    page = await browser.get("/privacy-policy")
    assert (page.status, "Porto is a closed service" in page.text) == (200, True)
    assert (await browser.get("/terms-of-service")).status == 404


async def test_what_was_typed_stays_and_each_field_says_what_is_wrong(
    make_office: MakeOffice, open_browser: OpenBrowser
) -> None:
    office = await make_office("open", mail=False)
    browser = open_browser(office)
    page = await browser.fill(
        "/auth/sign_up", username="ana <b>", email=ANA, password="short", agreement=""
    )
    assert page.status == 422
    assert 'value="ana &lt;b&gt;"' in page.text
    assert f'value="{ANA}"' in page.text
    assert "short" not in page.text
    assert " checked" not in page.text
    assert page.text.count('class="problem small"') == 3
    assert "fewer than 10 characters" in page.text
    page = await browser.fill("/auth/sign_up", **FIELDS | {"password": "short"})
    assert " checked" in page.text
    page = await browser.fill("/auth/sign_up", **FIELDS)
    assert (page.status, "Your account is ready" in page.text) == (200, True)


async def test_closed_offices_have_no_such_pages(
    make_office: MakeOffice, open_browser: OpenBrowser
) -> None:
    office = await make_office("closed", mail=False)
    browser = open_browser(office)
    assert "/auth/sign_up" not in (await browser.get("/auth/sign_in")).text
    for path in ("/auth/sign_up", "/auth/confirmation/new", "/auth/password/new"):
        assert (await browser.get(path)).status == 404
        assert (await browser.post(path, {})).status == 404


@pytest.mark.sec("SEC-172")
async def test_forms_of_other_sites_do_nothing(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("open")
    await office.member("bo")
    browser = open_browser(office)
    for path in (
        "/auth/sign_up",
        "/auth/confirmation",
        "/auth/confirmation/new",
        "/auth/password/new",
        "/auth/password/edit",
    ):
        fields = {**FIELDS, "email": "bo@corp.example"}
        assert (await browser.post(path, fields)).status == 403, path
        assert (await browser.post(path, {**fields, "csrf_token": "x" * 43})).status == 403, path
    await settle(office.app)
    assert mailbox.received == []


@pytest.mark.sec("SEC-177")
async def test_a_new_password_by_mail_ends_everything_else(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("closed")
    bo = await office.member("bo")
    signed_in, browser = open_browser(office), open_browser(office)
    await signed_in.sign_in("bo", PASSWORD)
    assert (await signed_in.get("/")).status == 200
    known = await browser.fill("/auth/password/new", email="BO@corp.example")
    unknown = await browser.fill("/auth/password/new", email="nobody@corp.example")
    assert (known.status, known.text) == (200, unknown.text)
    await settle(office.app)
    assert [mail["To"] for mail in mailbox.received] == ["bo@corp.example"]
    link = mailbox.link("bo@corp.example")

    short = await browser.fill(link, "/auth/password/edit", password="short")
    assert (short.status, "fewer than 10" in short.text) == (422, True)
    done = await browser.fill(link, "/auth/password/edit", password="a fresh password")
    assert (done.status, "is changed" in done.text) == (200, True)
    assert (await browser.get(link)).status == 422
    assert (await signed_in.get("/")).status == 303
    assert (await bo.get("/api/v1/accounts/verify_credentials")).status == 401
    assert (await browser.sign_in("bo", PASSWORD)).status == 422
    assert (await browser.sign_in("bo", "a fresh password")).status == 303
    await settle(office.app)
    assert "was changed" in text_of(mailbox.to("bo@corp.example")[-1])


async def test_a_link_works_once_and_for_an_hour_and_for_its_purpose(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("closed")
    bo = await office.member("bo")
    browser = open_browser(office)
    for _ in range(5):
        await browser.fill("/auth/password/new", email="bo@corp.example")
    await settle(office.app)
    # More than three an hour would be a gift to who wants to annoy.
    assert len(mailbox.received) == 3
    link = mailbox.link("bo@corp.example")
    secret = link.partition("token=")[2]
    assert (await browser.get(f"/auth/confirmation?token={secret}")).status == 422
    assert (await browser.get(f"/auth/password/edit?token={secret}x")).status == 422
    assert (await browser.get("/auth/password/edit?token=%00")).status == 422
    office.clock.offset += timedelta(minutes=61)
    assert (await browser.get(link)).status == 422

    await browser.fill("/auth/password/new", email="bo@corp.example")
    await settle(office.app)
    await members.disable_member(office.app, bo.account_id)
    link = mailbox.link("bo@corp.example")
    page = await browser.fill(link, "/auth/password/edit", password="a fresh password")
    assert page.status == 422
    await browser.fill("/auth/password/new", email="bo@corp.example")
    await settle(office.app)
    assert len(mailbox.received) == 4


async def test_an_address_is_changed_by_its_owner(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("closed")
    await office.member("bo")
    await office.member("chie")
    browser = open_browser(office)
    assert (await browser.get("/auth/email")).status == 303
    await browser.sign_in("bo", PASSWORD)
    wish = {"email": "bo@new.example", "password": PASSWORD}
    for changes in ({"password": "wrong"}, {"email": "x"}, {"email": "chie@corp.example"}):
        assert (await browser.fill("/auth/email", **wish | changes)).status == 422
    assert "Look into your mail" in (await browser.fill("/auth/email", **wish)).text
    await settle(office.app)
    stranger = open_browser(office)
    assert (await stranger.sign_in("bo@new.example", PASSWORD)).status == 422
    page = await stranger.fill(mailbox.link("bo@new.example"), "/auth/confirmation")
    assert page.status == 200
    await settle(office.app)
    assert "bo@new.example" in text_of(mailbox.to("bo@corp.example")[-1])
    assert (await stranger.sign_in("bo@new.example", PASSWORD)).status == 303
    assert (await stranger.sign_in("bo@corp.example", PASSWORD)).status == 422


async def test_the_confirmation_is_sent_again_without_telling_who_signed_up(
    make_office: MakeOffice, mailbox: Mailbox, open_browser: OpenBrowser
) -> None:
    office = await make_office("open")
    browser = open_browser(office)
    await browser.fill("/auth/sign_up", **FIELDS)
    known = await browser.fill("/auth/confirmation/new", email=ANA)
    unknown = await browser.fill("/auth/confirmation/new", email="nobody@corp.example")
    assert known.text == unknown.text
    await settle(office.app)
    assert len(mailbox.received) == 2
    page = await browser.fill(mailbox.link(ANA), "/auth/confirmation")
    assert "Your account is ready" in page.text


@pytest.mark.sec("SEC-185")
async def test_mails_are_asked_for_a_few_times_only(
    make_office: MakeOffice, open_browser: OpenBrowser
) -> None:
    office = await make_office("open", limits={"factor": 1.0})
    browser = open_browser(office)
    form = (await browser.get("/auth/password/new")).form("/auth/password/new")
    fields = {**form.fields, "email": ANA}
    codes = [(await browser.post("/auth/password/new", fields)).status for _ in range(6)]
    assert codes == [200] * 5 + [429]
    codes = [(await browser.post("/auth/sign_up", fields)).status for _ in range(6)]
    assert codes == [422] * 5 + [429]
