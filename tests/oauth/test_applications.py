"""The page of applications that may use an account, and ending that."""

import pytest

from fedimmp.services.authorising import create_token
from tests.oauth.conftest import Browser, Office
from tests.oauth.test_authorization import (
    answer_of,
    code_for,
    consent,
    exchange,
    link,
    verified,
)

PATH = "/oauth/authorized_applications"


@pytest.fixture
async def ana(office: Office) -> Browser:
    """Give the browser in which Ana is signed in."""
    await office.member("ana", display_name="Ana")
    browser = office.browser()
    assert (await browser.sign_in("ana")).status == 303
    return browser


async def let_in(office: Office, browser: Browser, scope: str, **fields: str) -> tuple[str, str]:
    """Let an application in and return its address on the page, and a token."""
    entity = await office.register(**fields)
    code = await code_for(office, browser, entity, scope=scope)
    token = (await exchange(office, entity, code)).json()["access_token"]
    page = await browser.get(PATH)
    async with office.app.db.reader() as conn:
        app_id = await conn.fetchval(
            "SELECT id FROM oauth_apps WHERE client_id = $1", entity["client_id"]
        )
    assert f'action="{PATH}/{app_id}"' in page.text
    return f"{PATH}/{app_id}", token


async def test_a_member_sees_and_ends_what_applications_may_do(
    office: Office, ana: Browser
) -> None:
    assert "No applications" in (await ana.get(PATH)).text
    tusky, first = await let_in(office, ana, "read", website="https://tusky.example")
    named = {"client_name": "<b>Elk & co", "scopes": "write"}
    elk, other = await let_in(office, ana, "write:statuses", **named)
    text = (await ana.get(PATH)).text
    assert "never used" in text
    assert "See all that you can see" in text
    assert "Write, edit and delete posts as you" in text
    assert "&lt;b&gt;Elk &amp; co" in text
    assert 'href="https://tusky.example"' in text
    assert await verified(office, first) == 200
    assert f"last used on {office.app.now().day} " in (await ana.get(PATH)).text

    form = (await ana.get(PATH)).form(tusky)
    ended = await ana.post(tusky, form.fields)
    assert (ended.status, ended.location) == (303, f"{PATH}?ended=1")
    page = (await ana.get(ended.location)).text
    assert "The application is signed out." in page
    assert "Tusky" not in page
    assert (await verified(office, first), await verified(office, other)) == (401, 200)
    # Once more is no error, and neither is one that was never let in.
    for path in (tusky, f"{PATH}/7"):
        assert (await ana.post(path, form.fields)).status == 303
    assert (await ana.post(f"{PATH}/x", form.fields)).status == 404
    assert (await ana.get(PATH)).form(elk)


async def test_a_code_that_waits_ends_too(office: Office, ana: Browser) -> None:
    entity = await office.register()
    code = await code_for(office, ana, entity, scope="read")
    again = await code_for(office, ana, entity, scope="read write")
    assert (await exchange(office, entity, code)).status == 200
    page = await ana.get(PATH)
    path = PATH + page.text.split(f'action="{PATH}')[1].split('"')[0]
    await ana.post(path, page.form(path).fields)
    assert (await exchange(office, entity, again)).json()["error"] == "invalid_grant"


async def test_only_the_member_ends_it_and_only_from_the_page(office: Office, ana: Browser) -> None:
    path, token = await let_in(office, ana, "read")
    form = (await ana.get(PATH)).form(path)
    await office.member("bo")
    bo = office.browser()
    await bo.sign_in("bo")
    assert "Tusky" not in (await bo.get(PATH)).text
    assert (await bo.post(path, form.fields)).status == 403
    own = (await bo.get("/")).form("/auth/sign_out").fields
    assert (await bo.post(path, own)).status == 303
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await ana.post(path, form.fields, headers=foreign)).status == 403
    assert (await ana.post(path, {"csrf_token": "guess"})).status == 403
    for method in ("GET", "POST"):
        stranger = await office.browser().request(method, PATH if method == "GET" else path)
        assert (stranger.status, stranger.location[:14]) == (303, "/auth/sign_in?")
    assert await verified(office, token) == 200


async def test_tokens_of_the_command_line_are_there_too(office: Office, ana: Browser) -> None:
    async with office.app.db.reader() as conn:
        ana_id = await conn.fetchval("SELECT account_id FROM members")
    token = await create_token(office.app, ana_id, ["read", "admin:read"], "Nightly report")
    text = (await ana.get(PATH)).text
    assert "Nightly report" in text
    assert "private data of members included" in text
    assert await verified(office, token) == 200


async def test_a_refusal_can_be_a_deletion(office: Office, ana: Browser) -> None:
    entity = await office.register()
    form = (await ana.get(link(entity))).form("/oauth/authorize")
    own = {"Origin": office.url, "Sec-Fetch-Site": "same-origin"}
    answer = await ana.request("DELETE", "/oauth/authorize", data=form.fields, headers=own)
    assert answer.status == 302
    assert answer_of(answer.location)["error"] == "access_denied"
    guess = {**form.fields, "csrf_token": "guess"}
    refused = await ana.request("DELETE", "/oauth/authorize", data=guess, headers=own)
    assert refused.status == 403
    assert (await consent(ana, link(entity, lang="de"))).status == 302
