"""Applications register themselves, in the encodings and with the addresses that real apps use."""

from typing import Any

import aiohttp
import pytest

from tests.oauth.conftest import Office

REAL_REDIRECTS = [
    "icecubesapp://",
    "mastodon://joinmastodon.org/oauth",
    "org.joinmastodon.android-auth://callback",
    "oauth2redirect://com.keylesspalace.tusky/",
    "urn:ietf:wg:oauth:2.0:oob",
    "http://localhost:3000/callback?from=office",
    "https://phanpy.example/",
    "com.example.app:/back",
]
BAD_REDIRECTS = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "https://app.example/#fragment",
    "/relative",
    "app.example/back",
    "https://",
    "https://app@evil.example/",
    'https://app.example/"><script>',
    "https://app.example/\\evil",
    "http://[::1",
]


async def _register(office: Office, fields: dict[str, Any]) -> tuple[int, Any]:
    answer = await office.browser().request("POST", "/api/v1/apps", json=fields)
    return answer.status, answer.json()


@pytest.mark.parametrize("redirect", REAL_REDIRECTS)
async def test_an_app_registers_the_address_that_it_really_uses(
    office: Office, redirect: str
) -> None:
    entity = await office.register(redirect_uris=redirect)
    assert entity["redirect_uri"] == redirect
    assert entity["redirect_uris"] == [redirect]


@pytest.mark.parametrize("redirect", BAD_REDIRECTS)
async def test_an_address_that_leads_to_no_app_is_refused(office: Office, redirect: str) -> None:
    status, body = await _register(office, {"client_name": "X", "redirect_uris": redirect})
    assert status == 422
    assert "redirect_uris" in body["error"]


async def test_the_answer_is_complete(office: Office) -> None:
    entity = await office.register(
        client_name=" Tusky ",
        redirect_uris=["tusky://a", "tusky://b"],
        scopes="read write read",
        website="https://tusky.app",
    )
    app_id, client_id, secret = (entity.pop(name) for name in ("id", "client_id", "client_secret"))
    assert app_id.isdigit()
    assert len(client_id) >= 40
    assert len(secret) >= 40
    assert entity == {
        "name": "Tusky",
        "website": "https://tusky.app",
        "scopes": ["read", "write"],
        "redirect_uris": ["tusky://a", "tusky://b"],
        "redirect_uri": "tusky://a\ntusky://b",
        "client_secret_expires_at": 0,
        "vapid_key": office.app.vapid.public,
    }


async def test_form_multipart_and_json_bodies_are_one(office: Office) -> None:
    browser = office.browser()
    fields = {"client_name": "toot", "redirect_uris": "a://b\na://c", "scopes": "read"}
    multipart = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        multipart.append(value).set_content_disposition("form-data", name=name)
    for body in ({"data": fields}, {"json": fields}, {"data": multipart}):
        answer = await browser.request("POST", "/api/v1/apps", **body)
        assert answer.status == 200, answer.text
        assert answer.json()["redirect_uris"] == ["a://b", "a://c"]


async def test_scopes_in_a_list_are_passed_over_and_read_is_what_remains(office: Office) -> None:
    assert (await office.register(scopes=["write"]))["scopes"] == ["read"]
    assert (await office.register(scopes=None))["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"redirect_uris": "a://b"}, "client_name"),
        ({"client_name": "", "redirect_uris": "a://b"}, "client_name"),
        ({"client_name": "\u202e", "redirect_uris": "a://b"}, "client_name"),
        ({"client_name": "x" * 61, "redirect_uris": "a://b"}, "client_name"),
        ({"client_name": "X"}, "redirect_uris"),
        ({"client_name": "X", "redirect_uris": []}, "redirect_uris"),
        ({"client_name": "X", "redirect_uris": "a://" + "b" * 2000}, "redirect_uris"),
        ({"client_name": "X", "redirect_uris": {"a": {"b": "c"}}}, "redirect_uris"),
        ({"client_name": "X", "redirect_uris": "a://b", "scopes": "read fly"}, "fly"),
        ({"client_name": "X", "redirect_uris": "a://b", "website": "javascript:x"}, "website"),
        ({"client_name": "X\0", "redirect_uris": "a://b"}, "client_name"),
    ],
)
async def test_a_malformed_registration_is_a_sentence(
    office: Office, fields: dict[str, Any], word: str
) -> None:
    status, body = await _register(office, fields)
    assert status == 422
    assert word in body["error"]


async def test_an_app_sees_itself_by_its_own_token_but_never_its_secret(office: Office) -> None:
    entity = await office.register(scopes="read")
    browser = office.browser()
    pair = {name: entity[name] for name in ("client_id", "client_secret")}
    answer = await browser.request(
        "POST", "/oauth/token", json={"grant_type": "client_credentials", **pair}
    )
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    shown = await browser.get("/api/v1/apps/verify_credentials", headers=bearer)
    assert shown.status == 200
    assert shown.json()["name"] == "Tusky"
    assert "client_secret" not in shown.json()
    assert (await browser.get("/api/v1/apps/verify_credentials")).status == 401
