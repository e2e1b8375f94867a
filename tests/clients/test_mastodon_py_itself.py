"""Mastodon.py signs people up, knows who they are, keeps its keys, and is told by push."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonUnauthorizedError
from PIL import Image

from tests.clients.conftest import Trio
from tests.clients.mastodon_py import Apps, walk
from tests.clients.test_apps import app_of
from tests.live import until


async def test_signing_up(trio: Trio) -> None:
    """Osaka lets people sign up; headquarters does not."""
    name = f"cy_{secrets.token_hex(3)}"
    password = secrets.token_urlsafe(12)

    def app(url: str) -> Mastodon:
        made = Mastodon.create_app("Newcomer", api_base_url=url)
        return Mastodon(*made, api_base_url=url)

    def steps() -> None:
        api = app(trio.osaka.url)
        api.create_account(name, password, f"{name}@office.example", agreement=True)
        me = api.me()
        assert (me["username"], me["source"]["note"]) == (name, "")
        assert api.status_post("I am new.")["account"]["id"] == me["id"]
        with pytest.raises(MastodonAPIError):
            api.email_resend_confirmation()
        _, refusal = app(trio.osaka.url).create_account(
            name, password, "other@office.example", agreement=True, return_detailed_error=True
        )
        assert refusal["details"]["username"][0]["error"] == "ERR_TAKEN"
        with pytest.raises(Exception, match="Invalid request"):
            app(trio.hq.url).create_account(
                f"{name}x", password, f"{name}x@office.example", agreement=True
            )

    await asyncio.to_thread(steps)


async def test_keys_that_are_kept_and_given_back(trio: Trio, tmp_path: Path) -> None:
    ana = await trio.hq.member("ana")
    api = await app_of(ana, scopes=["profile", "read"])

    def steps() -> None:
        kept = tmp_path / "kept"
        text: str = api.persistable_login_credentials()  # type: ignore[no-untyped-call]
        kept.write_text(text, "utf-8")
        other = Mastodon(access_token=str(kept))
        assert str(other.me()["id"]) == str(ana.account_id)
        # The library takes the office's own word for where to ask only over https.
        with patch.object(other, "oauth_authorization_server_info", dict):
            told = other.oauth_userinfo()
        assert (told["preferred_username"], told["name"]) == (ana.username, "")
        assert told["profile"] == f"{trio.hq.url}/@{ana.username}"
        api.revoke_access_token(allow_http=True)
        with pytest.raises(MastodonUnauthorizedError):
            other.me()

    await asyncio.to_thread(steps)


async def test_the_editable_profile(trio: Trio) -> None:
    await walk(trio.hq, the_editable_profile)


def the_editable_profile(people: Apps) -> None:
    ana = people.ana
    file = BytesIO()
    Image.new("RGB", (8, 8), "orange").save(file, "PNG")
    changed = ana.profile_update(
        display_name="Ana A.",
        note="Potter.",
        avatar=file.getvalue(),
        avatar_mime_type="image/png",
        avatar_description="An orange square",
        locked=True,
        indexable=True,
        show_media=False,
        attribution_domains=["blog.example"],
        fields=[("Desk", "Third floor")],
    )
    assert changed == ana.profile()
    assert (changed["display_name"], changed["note"]) == ("Ana A.", "Potter.")
    assert (changed["locked"], changed["indexable"], changed["show_media"]) == (True, True, False)
    assert changed["avatar_description"] == "An orange square"
    assert changed["attribution_domains"] == ["blog.example"]
    assert [(each["name"], each["value"]) for each in changed["fields"]] == [
        ("Desk", "Third floor")
    ]
    seen = people.bo.account(people.ana_id)
    assert (seen["display_name"], seen["locked"]) == ("Ana A.", True)
    assert seen["avatar"] == changed["avatar"]
    assert ana.profile_update(display_name="")["display_name"] == ""


async def test_push(trio: Trio) -> None:
    """What the office pushes is decrypted by the library, as an app's phone would."""
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    api = Mastodon(access_token=ana.token, api_base_url=trio.hq.url)
    private, public = api.push_subscription_generate_keys()
    endpoint = f"{trio.push_url}/{ana.username}"

    def subscribe() -> None:
        with pytest.raises(MastodonAPIError):
            api.push_subscription()
        made = api.push_subscription_set(endpoint, public, mention_events=True)
        assert made["endpoint"] == endpoint
        assert (made["alerts"]["mention"], made["alerts"]["follow"]) == (True, False)
        changed = api.push_subscription_update(mention_events=True, poll_events=True)
        assert (changed["alerts"]["mention"], changed["alerts"]["poll"]) == (True, True)
        assert api.push_subscription()["server_key"] == made["server_key"]
        with pytest.raises(MastodonAPIError):
            api.push_subscription_set("https://elsewhere.example/1", public, mention_events=True)

    await asyncio.to_thread(subscribe)
    sent = await bo.call("POST", "/api/v1/statuses", {"status": f"@{ana.username} Ring."})

    async def received() -> bool:
        return f"/{ana.username}" in {each.path for each in trio.push.received}

    await until(received)
    message = next(each for each in trio.push.received if each.path == f"/{ana.username}")
    told = api.push_subscription_decrypt_push(
        message.body, private, message.headers["Encryption"], message.headers["Crypto-Key"]
    )
    assert (told["notification_type"], told["access_token"]) == ("mention", ana.token)
    (heard,) = await ana.call("GET", "/api/v1/notifications")
    assert str(told["notification_id"]) == heard["id"]
    assert heard["status"]["id"] == sent["id"]
    assert bo.username in told["title"]
    assert "Ring." in told["body"]
    await asyncio.to_thread(api.push_subscription_delete)
    with pytest.raises(MastodonAPIError):
        await asyncio.to_thread(api.push_subscription)


async def test_what_it_remembers_of_an_office(trio: Trio) -> None:
    await walk(trio.hq, what_it_remembers)


def what_it_remembers(people: Apps) -> None:
    ana = people.ana
    assert ana.instance_health() is True
    languages = {each["code"]: each["name"] for each in ana.instance_languages()}
    assert "en" in languages
    assert all(languages.values())
    now: Any = ana.get_approx_server_time()
    assert abs(now.astimezone(UTC) - datetime.now(UTC)) < timedelta(minutes=1)
    ana.clear_caches()  # type: ignore[no-untyped-call]
    assert ana.verify_minimum_version("4.0.0", cached=True) is True


async def test_what_is_fetched_later(trio: Trio) -> None:
    await walk(trio.hq, what_is_fetched_later)


def what_is_fetched_later(people: Apps) -> None:
    ana = people.ana
    sent = ana.status_post("Who answers?")
    context = ana.status_context(sent["id"])
    told = ana.get_async_refresh_info(context)
    assert told is not None
    refresh, retry = told
    assert (refresh["status"], retry) == ("running", 3)
    status = ana.get_async_refresh_status(refresh)
    assert (status["id"], status["status"] in ("running", "finished")) == (refresh["id"], True)
    people.bo.status_reply(sent, "I do.")
    fresh = ana.await_async_refresh(context, timeout=60)
    assert fresh is not None
    assert ["I do." in each["content"] for each in fresh["descendants"]] == [True]
