"""Signing in with a password, and what a session is worth."""

import asyncio
import hashlib
from datetime import timedelta
from urllib.parse import quote, urlsplit

import aiohttp
import pytest

from fedimmp.services import members
from fedimmp.uris import Uris
from fedimmp.web.browser import session_cookie
from tests.oauth.conftest import PASSWORD, Office


def cookie_name(office: Office) -> str:
    return f"fedimmp_{hashlib.sha256(office.url.encode()).hexdigest()[:8]}"


@pytest.mark.parametrize("login", ["ana", "Ana", " ana@corp.example ", "ANA@corp.example"])
async def test_user_name_and_address_open_a_session(office: Office, login: str) -> None:
    await office.member("ana", display_name="Ana")
    browser = office.browser()
    signed = await browser.sign_in(login)
    assert (signed.status, signed.location) == (303, "/")
    page = await browser.get("/")
    assert page.status == 200
    assert "Sign out" in page.text


@pytest.mark.parametrize(
    ("login", "password"),
    [("ana", "wrong"), ("ana", ""), ("nobody", PASSWORD), ("", ""), ("porto", PASSWORD)],
)
async def test_a_wrong_pair_is_told_in_neutral_words(
    office: Office, login: str, password: str
) -> None:
    await office.member("ana")
    browser = office.browser()
    refused = await browser.sign_in(login, password)
    assert refused.status == 422
    assert "That name and password do not belong together" in refused.text
    assert 'role="alert"' in refused.text
    assert cookie_name(office) not in browser.cookies


@pytest.mark.sec("SEC-177")
async def test_a_disabled_member_is_out_at_once_and_back_when_enabled(office: Office) -> None:
    ana = await office.member("ana")
    browser = office.browser()
    await browser.sign_in("ana")
    await members.disable_member(office.app, ana)
    assert (await browser.get("/")).status == 303
    assert (await browser.sign_in("ana")).status == 422
    await members.enable_member(office.app, ana)
    assert (await browser.get("/")).status == 303
    assert (await browser.sign_in("ana")).status == 303


@pytest.mark.sec("SEC-177")
async def test_a_new_password_ends_sessions(office: Office) -> None:
    ana = await office.member("ana")
    browser = office.browser()
    await browser.sign_in("ana")
    await members.reset_password(office.app, ana, "another horse battery")
    assert (await browser.get("/")).status == 303
    assert (await browser.sign_in("ana")).status == 422
    assert (await browser.sign_in("ana", "another horse battery")).status == 303


async def test_failures_impose_a_pause_on_the_name_from_this_address(office: Office) -> None:
    await office.member("ana")
    await office.member("bo")
    browser = office.browser()
    for _ in range(3):
        assert (await browser.sign_in("ana", "wrong")).status == 422
    paused = await browser.sign_in("ana")
    assert paused.status == 429
    assert 0 < int(paused.headers["Retry-After"]) <= 300
    assert "Try again in 5 minutes" in paused.text
    assert (await browser.sign_in("bo")).status == 303
    office.clock.offset = timedelta(seconds=301)
    assert (await browser.sign_in("ana")).status == 303


async def test_many_attempts_at_once_do_not_slip_through(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    form = (await browser.get("/auth/sign_in")).form("/auth/sign_in")
    fields = {**form.fields, "login": "ana", "password": "wrong"}
    answers = await asyncio.gather(*(browser.post("/auth/sign_in", fields) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [422] * 3 + [429] * 9


async def test_a_session_ends_after_its_days(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    await browser.sign_in("ana")
    days = office.app.config.accounts.session_days
    office.clock.offset = timedelta(days=days) - timedelta(minutes=1)
    assert (await browser.get("/")).status == 200
    office.clock.offset = timedelta(days=days, minutes=1)
    assert (await browser.get("/")).status == 303


async def test_a_good_sign_in_forgets_the_failures(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    for _ in range(4):
        for _ in range(2):
            assert (await browser.sign_in("ana", "wrong")).status == 422
        assert (await browser.sign_in("ana")).status == 303


async def test_one_address_cannot_try_everybody(office: Office) -> None:
    browser = office.browser()
    statuses = [(await browser.sign_in(f"person{n}", "wrong")).status for n in range(16)]
    assert statuses == [422] * 15 + [429]


@pytest.mark.sec("SEC-188")
async def test_the_session_is_new_on_each_sign_in_and_dies_on_the_way_out(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    name = cookie_name(office)
    planted = {name: "x" * 43}
    browser.session.cookie_jar.update_cookies(planted)
    await browser.sign_in("ana")
    first = browser.cookies[name]
    await browser.sign_in("ana")
    second = browser.cookies[name]
    assert len({"x" * 43, first, second}) == 3
    stranger = office.browser()
    stranger.session.cookie_jar.update_cookies({name: first})
    assert (await stranger.get("/")).status == 303
    form = (await browser.get("/")).form("/auth/sign_out")
    assert (await browser.post("/auth/sign_out", {"csrf_token": "guess"})).status == 403
    assert (await browser.get("/")).status == 200
    assert (await browser.post("/auth/sign_out", form.fields)).status == 303
    stranger.session.cookie_jar.update_cookies({name: second})
    assert (await stranger.get("/")).status == 303


@pytest.mark.sec("SEC-188")
async def test_the_cookie_is_for_this_office_and_for_no_script(office: Office) -> None:
    await office.member("ana")
    signed = await office.browser().sign_in("ana")
    cookies = signed.headers.getall("Set-Cookie")
    session = next(text for text in cookies if text.startswith(f"{cookie_name(office)}="))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session
    assert "Secure" not in session
    assert "Domain" not in session


@pytest.mark.sec("SEC-172", "SEC-201")
@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_a_session_opens_pages_and_neither_api_nor_streams(
    office: Office, origin: str | None
) -> None:
    await office.member("ana")
    browser = office.browser()
    await browser.sign_in("ana")
    headers = {"Origin": origin or office.url}
    assert (await browser.get("/", headers=headers)).status == 200
    for path in ("timelines/home", "streaming?stream=user", "streaming/user"):
        assert (await browser.get(f"/api/v1/{path}", headers=headers)).status == 401
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.session.ws_connect(
            f"{office.url}/api/v1/streaming?stream=user", headers=headers
        )
    assert refused.value.status == 401


@pytest.mark.sec("SEC-192")
async def test_pages_tell_no_script_of_another_site_anything(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    await browser.sign_in("ana")
    foreign = {"Origin": "https://phanpy.example"}
    for path in ("/", "/auth/sign_in", "/oauth/authorize"):
        answer = await browser.get(path, headers=foreign)
        named = {name for name in answer.headers if name.lower().startswith("access-control-")}
        assert named == set(), path
    token = await browser.request("POST", "/oauth/token", headers=foreign)
    assert token.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in token.headers


@pytest.mark.sec("SEC-172")
async def test_sign_in_needs_the_token_of_its_page(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    form = (await browser.get("/auth/sign_in")).form("/auth/sign_in")
    fields = {**form.fields, "login": "ana", "password": PASSWORD}
    stranger = office.browser()
    assert (await stranger.post("/auth/sign_in", fields)).status == 403
    foreign = {"Origin": "https://evil.example"}
    assert (await browser.post("/auth/sign_in", fields, headers=foreign)).status == 403
    assert (await browser.post("/auth/sign_in", fields)).status == 303


@pytest.mark.sec("SEC-186")
@pytest.mark.parametrize(
    ("wish", "target"),
    [
        ("/@ana", "/@ana"),
        ("/oauth/authorize?client_id=x", "/oauth/authorize?client_id=x"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("\\evil.example", "/"),
        ("/a\r\nX-Evil: 1", "/"),
        ("", "/"),
    ],
)
async def test_sign_in_leads_to_a_page_of_ours_only(office: Office, wish: str, target: str) -> None:
    await office.member("ana")
    browser = office.browser()
    page = await browser.get(f"/auth/sign_in?return_to={quote(wish, safe='')}")
    fields = page.form("/auth/sign_in").fields | {"login": "ana", "password": PASSWORD}
    signed = await browser.post("/auth/sign_in", {**fields, "return_to": wish or "/"})
    assert signed.location == target
    again = await browser.get(f"/auth/sign_in?return_to={quote(wish, safe='')}")
    assert again.location == target


async def test_pages_of_people_lead_a_stranger_to_sign_in_and_back(office: Office) -> None:
    await office.member("ana")
    browser = office.browser()
    for path in ("/", "/@ana", "/@nobody", "/@ana/1", "/tags/x", "/public"):
        sent = await browser.get(path)
        assert sent.status == 303
        assert urlsplit(sent.location).path == "/auth/sign_in"
        assert sent.location.endswith(quote(path, safe=""))
        assert sent.headers["Cache-Control"] == "private, no-store"


def test_cookie_names_tell_offices_on_one_host_apart_and_are_bound_to_https() -> None:
    names = {session_cookie(Uris(f"http://localhost:{port}")) for port in (8001, 8002)}
    assert len(names) == 2
    assert not any(name.startswith("__Host-") for name in names)
    assert session_cookie(Uris("https://hq.example")).startswith("__Host-fedimmp_")
