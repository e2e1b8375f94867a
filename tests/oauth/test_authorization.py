"""From an app's link over sign-in and consent to a token, and all the ways that lead nowhere."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from fedimmp.services.authorising import create_token
from storage.database import Database
from tests.oauth.conftest import Answer, Browser, Office

VERIFIER = "a-verifier-that-is-long-enough-for-the-standard"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
PKCE = {"code_challenge": CHALLENGE.decode(), "code_challenge_method": "S256"}


def link(entity: dict[str, Any], **changes: Any) -> str:
    """Return the address that an app opens."""
    wish = {
        "response_type": "code",
        "client_id": entity["client_id"],
        "redirect_uri": entity["redirect_uris"][0],
        "scope": "read",
        "state": "s/1 &",
    }
    kept = {name: value for name, value in {**wish, **changes}.items() if value is not None}
    return f"/oauth/authorize?{urlencode(kept)}"


async def consent(browser: Browser, path: str, decision: str = "allow") -> Answer:
    """Open the consent page and press a button."""
    page = await browser.get(path)
    assert page.status == 200, page.text
    form = page.form("/oauth/authorize")
    return await browser.post("/oauth/authorize", {**form.fields, "decision": decision})


def answer_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query))


async def exchange(
    office: Office, entity: dict[str, Any], code: str | None, **changes: Any
) -> Answer:
    """Send a code to the token endpoint, as JSON."""
    wish = {
        "grant_type": "authorization_code",
        "client_id": entity["client_id"],
        "client_secret": entity["client_secret"],
        "redirect_uri": entity["redirect_uris"][0],
        "code": code,
    }
    kept = {name: value for name, value in {**wish, **changes}.items() if value is not None}
    return await office.browser().request("POST", "/oauth/token", json=kept)


async def verified(office: Office, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await office.browser().get("/api/v1/apps/verify_credentials", headers=headers)).status


async def code_for(office: Office, browser: Browser, entity: dict[str, Any], **changes: Any) -> str:
    redirected = await consent(browser, link(entity, **changes))
    return answer_of(redirected.location)["code"]


@pytest.fixture
async def ana(office: Office) -> Browser:
    """Give the browser in which Ana is signed in."""
    await office.member("ana", display_name="Ana")
    browser = office.browser()
    assert (await browser.sign_in("ana")).status == 303
    return browser


async def test_an_app_leads_over_sign_in_and_consent_to_a_token(office: Office) -> None:
    await office.member("ana", display_name="Ana")
    entity = await office.register(redirect_uris="icecubesapp://", website="https://ice.example")
    browser = office.browser()
    first = await browser.get(link(entity), follow=True)
    assert urlsplit(first.url).path == "/auth/sign_in"
    form = first.form("/auth/sign_in")
    signed = await browser.post(
        "/auth/sign_in",
        {**form.fields, "login": "ana@corp.example", "password": "correct horse battery"},
    )
    page = await browser.get(signed.location)
    assert "Tusky" in page.text
    assert "https://ice.example" in page.text
    assert "See all that you can see" in page.text
    assert f"@ana@{office.app.uris.host}" in page.text
    allowed = await browser.post(
        "/oauth/authorize", {**page.form("/oauth/authorize").fields, "decision": "allow"}
    )
    assert allowed.status == 302
    assert allowed.location.startswith("icecubesapp://?code=")
    assert answer_of(allowed.location)["state"] == "s/1 &"
    issued = await exchange(office, entity, answer_of(allowed.location)["code"])
    token = issued.json()
    assert issued.status == 200
    assert token.keys() == {"access_token", "token_type", "scope", "created_at"}
    assert (token["token_type"], token["scope"]) == ("Bearer", "read")
    assert isinstance(token["created_at"], int)
    assert await verified(office, token["access_token"]) == 200


async def test_denying_tells_the_app_and_gives_no_code(office: Office, ana: Browser) -> None:
    entity = await office.register(redirect_uris="https://app.example/back?a=b")
    denied = await consent(ana, link(entity), "deny")
    assert denied.location.startswith("https://app.example/back?a=b&")
    answer = answer_of(denied.location)
    assert answer.keys() == {"a", "error", "error_description", "state"}
    assert (answer["error"], answer["state"]) == ("access_denied", "s/1 &")


async def test_out_of_band_shows_the_code_to_copy(office: Office, ana: Browser) -> None:
    entity = await office.register(redirect_uris="urn:ietf:wg:oauth:2.0:oob")
    allowed = await consent(ana, link(entity))
    path = urlsplit(allowed.location)
    assert path.path == "/oauth/authorize/native"
    code = parse_qs(path.query)["code"][0]
    page = await ana.get(allowed.location)
    assert code in page.text
    assert (await exchange(office, entity, code)).status == 200
    assert (await ana.get("/oauth/authorize/native?code=<script>")).status == 400
    denied = await consent(ana, link(entity, scope="write"), "deny")
    assert "Nothing was allowed" in denied.text


@pytest.mark.sec("SEC-170")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"redirect_uri": "https://app.example/back/"},
        {"redirect_uri": "https://app.example/back?x=1"},
        {"redirect_uri": "https://APP.example/back"},
        {"redirect_uri": "http://app.example/back"},
        {"redirect_uri": "https://app.example/back/../evil"},
        {"redirect_uri": "https://app.example/back#x"},
        {"redirect_uri": "https://app.example@evil.example/back"},
        {"redirect_uri": "https://evil.app.example/back"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": None},
        {"scope": "read write follow"},
        {"scope": "fly"},
        {"code_challenge": CHALLENGE.decode(), "code_challenge_method": "plain"},
        {"code_challenge": CHALLENGE.decode()},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
    ],
)
async def test_a_wrong_request_is_a_page_and_never_a_redirect(
    office: Office, ana: Browser, changes: dict[str, Any]
) -> None:
    entity = await office.register(redirect_uris="https://app.example/back", scopes="read")
    assert (await ana.get(link(entity))).status == 200
    path = link(entity, **changes)
    for answer in (
        await ana.get(path),
        await office.browser().get(path),
        await ana.post("/oauth/authorize", {**dict(parse_qsl(urlsplit(path).query))}),
    ):
        assert answer.status == 400
        assert not answer.location
        assert "This link does not work" in answer.text


@pytest.mark.sec("SEC-134")
async def test_what_apps_and_people_call_themselves_stays_text(office: Office) -> None:
    await office.member("ana", display_name="<img src=x onerror=alert(1)>")
    entity = await office.register(
        client_name="Tusky</title><script>alert(1)</script>\u202e",
        website="https://tusky.example/?a=%22%3E&b='onclick=x",
    )
    ana = office.browser()
    assert (await ana.sign_in("ana")).status == 303

    page = await ana.get(link(entity, state='"><script>alert(2)</script>'))

    assert page.status == 200
    assert "<script" not in page.text and "<img src=x" not in page.text
    assert "Tusky&lt;/title&gt;&lt;script&gt;" in page.text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
    assert 'href="https://tusky.example/?a=%22%3E&amp;b=&#39;onclick=x"' in page.text
    # Nothing may turn around what stands beside it.
    assert "\u202e" not in page.text


@pytest.mark.sec("SEC-172")
async def test_consent_needs_the_token_of_its_page_and_our_own_origin(
    office: Office, ana: Browser
) -> None:
    entity = await office.register()
    fields = (await ana.get(link(entity))).form("/oauth/authorize").fields | {"decision": "allow"}
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for refused in (
        await ana.post("/oauth/authorize", fields, headers=foreign),
        await ana.post("/oauth/authorize", fields, headers={"Sec-Fetch-Site": "same-site"}),
        await ana.post("/oauth/authorize", fields, headers={"Origin": "null"}),
        await ana.post("/oauth/authorize", {**fields, "csrf_token": "guess"}),
        await ana.post("/oauth/authorize", {**fields, "csrf_token": ""}),
    ):
        assert (refused.status, refused.location) == (403, "")
    assert (await ana.post("/oauth/authorize", fields, headers={})).status == 302
    assert (await ana.post("/oauth/authorize", {**fields, "decision": "x"})).status == 400


async def test_a_second_request_for_the_same_goes_on_at_once_unless_login_is_forced(
    office: Office, ana: Browser
) -> None:
    entity = await office.register()
    await exchange(office, entity, await code_for(office, ana, entity))
    assert answer_of((await ana.get(link(entity))).location)["code"]
    assert (await ana.get(link(entity, scope="read write"))).status == 200
    forced = await ana.get(link(entity, force_login="true"), follow=True)
    assert urlsplit(forced.url).path == "/auth/sign_in"
    assert forced.status == 200


async def test_pkce_is_checked(office: Office, ana: Browser) -> None:
    entity = await office.register()
    for verifier in (
        None,
        "another-verifier-that-is-long-enough-for-the-standard",
        CHALLENGE.decode(),
    ):
        code = await code_for(office, ana, entity, **PKCE)
        refused = await exchange(office, entity, code, code_verifier=verifier)
        assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")
    code = await code_for(office, ana, entity, **PKCE)
    assert (await exchange(office, entity, code, code_verifier=VERIFIER)).status == 200


async def test_a_verifier_without_a_challenge_is_a_downgrade(office: Office, ana: Browser) -> None:
    entity = await office.register()
    code = await code_for(office, ana, entity)
    assert (await exchange(office, entity, code, code_verifier=VERIFIER)).status == 400


async def test_a_code_that_comes_twice_revokes_what_it_made(
    office: Office, ana: Browser, rows: Database
) -> None:
    entity = await office.register()
    code = await code_for(office, ana, entity)
    token = (await exchange(office, entity, code)).json()["access_token"]
    assert await verified(office, token) == 200
    again = await exchange(office, entity, code)
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")
    assert await verified(office, token) == 401
    async with rows.reader() as conn:
        kinds = await conn.fetch("SELECT kind FROM stream_events WHERE kind = 'token.revoked'")
    assert len(kinds) == 1


async def test_two_exchanges_at_once_give_one_token(office: Office, ana: Browser) -> None:
    entity = await office.register()
    code = await code_for(office, ana, entity)
    answers = await asyncio.gather(*(exchange(office, entity, code) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]


async def test_a_code_holds_ten_minutes_for_its_app_and_address(
    office: Office, ana: Browser
) -> None:
    entity = await office.register(redirect_uris="a://b\na://c")
    other = await office.register(redirect_uris="a://b")
    for changes in (
        {"redirect_uri": "a://c"},
        {"client_id": other["client_id"], "client_secret": other["client_secret"]},
        {"code": "unknown"},
    ):
        code = await code_for(office, ana, entity)
        refused = await exchange(office, entity, changes.pop("code", code), **changes)
        assert (refused.status, refused.json()["error"]) == (400, "invalid_grant")
    code = await code_for(office, ana, entity)
    office.clock.offset = timedelta(minutes=9, seconds=30)
    assert (await exchange(office, entity, code)).status == 200
    late = await code_for(office, ana, entity, scope="read write")
    office.clock.offset += timedelta(minutes=10, seconds=1)
    assert (await exchange(office, entity, late)).status == 400


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"code": None}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": {"a": "b"}}, 400, "invalid_request"),
    ],
)
async def test_the_token_endpoint_names_what_is_wrong(
    office: Office, changes: dict[str, Any], status: int, error: str
) -> None:
    entity = await office.register()
    refused = await exchange(office, entity, **{"code": "unknown", **changes})
    assert (refused.status, refused.json()["error"]) == (status, error)
    assert len(refused.json()["error_description"].split()) > 3


async def test_an_app_speaks_for_itself_within_its_scopes(office: Office) -> None:
    entity = await office.register(scopes="read write:statuses")
    pair = aiohttp_basic(entity)
    browser = office.browser()
    for scope, status in (("read", 200), ("read:accounts", 200), ("write", 400), ("fly", 400)):
        answer = await browser.request(
            "POST",
            "/oauth/token",
            data={"grant_type": "client_credentials", "scope": scope},
            headers=pair,
        )
        assert answer.status == status, (scope, answer.text)
        if status == 200:
            assert answer.json()["scope"] == scope
        else:
            assert answer.json()["error"] == "invalid_scope"
    bad = await browser.request(
        "POST",
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": "Basic ???"},
    )
    assert (bad.status, bad.json()["error"]) == (401, "invalid_client")


def aiohttp_basic(entity: dict[str, Any]) -> dict[str, str]:
    pair = f"{entity['client_id']}:{entity['client_secret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


@pytest.mark.sec("SEC-177")
async def test_revoking_ends_a_token_and_only_ones_own(office: Office, ana: Browser) -> None:
    entity, other = await office.register(), await office.register()
    issued = await exchange(office, entity, await code_for(office, ana, entity))
    token = issued.json()["access_token"]

    async def revoke(app: dict[str, Any], text: str) -> Answer:
        pair = {name: app[name] for name in ("client_id", "client_secret")}
        return await office.browser().request("POST", "/oauth/revoke", data={**pair, "token": text})

    foreign = await revoke(other, token)
    assert (foreign.status, foreign.json()["error"]) == (403, "unauthorized_client")
    assert await verified(office, token) == 200
    for text in (token, token, "unknown"):
        done = await revoke(entity, text)
        assert (done.status, done.json()) == (200, {})
    assert await verified(office, token) == 401
    assert (await revoke({**entity, "client_secret": "x"}, token)).status == 401


async def test_userinfo_needs_the_profile_scope(office: Office) -> None:
    ana = await office.member("ana", display_name="Ana")
    profile = await create_token(office.app, ana, ["profile"], "tests")
    read = await create_token(office.app, ana, ["read"], "tests")
    browser = office.browser()
    for method in ("GET", "POST"):
        answer = await browser.request(
            method, "/oauth/userinfo", headers={"Authorization": f"Bearer {profile}"}
        )
        assert answer.json() == {
            "iss": f"{office.url}/",
            "sub": f"{office.url}/ap/users/{ana}",
            "name": "Ana",
            "preferred_username": "ana",
            "profile": f"{office.url}/@ana",
            "picture": f"{office.url}/static/avatar.png",
        }
    refused = await browser.get("/oauth/userinfo", headers={"Authorization": f"Bearer {read}"})
    assert refused.status == 403


async def test_the_metadata_names_every_endpoint(office: Office) -> None:
    answer = await office.browser().get("/.well-known/oauth-authorization-server")
    body = answer.json()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert body["issuer"] == f"{office.url}/"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert {"read", "write:statuses", "admin:read:accounts"} <= set(body["scopes_supported"])
    for name in ("authorization", "token", "revocation", "userinfo", "app_registration"):
        assert body[f"{name}_endpoint"].startswith(f"{office.url}/")
