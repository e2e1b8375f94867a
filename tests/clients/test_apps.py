"""Real apps against live offices: Mastodon.py and toot, signed in through the real pages."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mastodon import Mastodon, MastodonAPIError

from tests.clients.conftest import Trio
from tests.clients.pages import authorise, code_of
from tests.clients.toot import Toot
from tests.live import Member, until


async def app_of(
    member: Member,
    redirect: str = "urn:ietf:wg:oauth:2.0:oob",
    scopes: Sequence[str] = ("read", "write", "follow"),
) -> Mastodon:
    """Return Mastodon.py, registered and signed in as the member through the pages."""
    scopes = list(scopes)
    client_id, secret = await asyncio.to_thread(
        Mastodon.create_app,
        "Field test",
        scopes=scopes,
        redirect_uris=redirect,
        api_base_url=member.office.url,
    )
    api = Mastodon(client_id, secret, api_base_url=member.office.url)
    url = await asyncio.to_thread(
        api.auth_request_url, redirect_uris=redirect, scopes=scopes, allow_http=True
    )
    answer = await authorise(member, url)
    code = answer if redirect.startswith("urn:") else code_of(answer)
    await asyncio.to_thread(
        api.log_in, code=code, redirect_uri=redirect, scopes=scopes, allow_http=True
    )
    return api


async def test_mastodon_py_signs_in_posts_and_is_heard_elsewhere(trio: Trio) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.porto.member("bo")
    api, other = await app_of(ana), await app_of(bo, "http://localhost:9/callback")

    def follow() -> None:
        found = other.search_v2(f"@{ana.handle}", resolve=True)
        other.account_follow(found["accounts"][0]["id"])

    await asyncio.to_thread(follow)
    await until(lambda: _followed(api))
    sent = await asyncio.to_thread(
        api.status_post, "Typed in an app. #fieldtest", spoiler_text="apps", language="en"
    )
    seen = await bo.sees("Typed in an app")
    assert seen["spoiler_text"] == "apps"
    assert seen["language"] == "en"
    assert [tag["name"] for tag in seen["tags"]] == ["fieldtest"]
    me = await asyncio.to_thread(api.account_verify_credentials)
    assert me["username"] == ana.username
    await asyncio.to_thread(api.status_delete, sent["id"])


async def _followed(api: Mastodon) -> bool:
    me = await asyncio.to_thread(api.account_verify_credentials)
    return bool(me["followers_count"] == 1)


def walk_core(api: Mastodon, post: Any) -> dict[str, Any]:
    """Call what apps call at each start; Mastodon.py parses every answer."""
    lists = api.list_create("Night shift")
    return {
        "instance": api.instance_v1(),
        "instance2": api.instance_v2(),
        "home": api.timeline_home(),
        "local": api.timeline_local(),
        "public": api.timeline_public(),
        "tag": api.timeline_hashtag("fieldtest"),
        "list": api.timeline_list(lists["id"]),
        "lists": api.lists(),
        "notifications": api.notifications(),
        "bookmarks": api.bookmarks(),
        "favourites": api.favourites(),
        "blocks": api.blocks(),
        "mutes": api.mutes(),
        "follow_requests": api.follow_requests(),
        "preferences": api.preferences(),
        "emoji": api.custom_emojis(),
        "filters": api.filters_v2(),
        "markers": api.markers_get(["home"]),
        "poll": api.poll(post["poll"]["id"]),
        "context": api.status_context(post["id"]),
        "source": api.status_source(post["id"]),
        "history": api.status_history(post["id"]),
        "search": api.search_v2("ana"),
    }


async def test_mastodon_py_walks_the_whole_core(trio: Trio) -> None:
    """Every method that apps call at each start works and parses."""
    ana = await trio.hq.member("ana")
    api = await app_of(ana)
    post = await asyncio.to_thread(
        lambda: api.status_post("A poll.", poll=api.make_poll(["yes", "no"], expires_in=600))
    )

    found = await asyncio.to_thread(walk_core, api, post)
    assert found["instance"]["uri"] == trio.hq.host
    assert found["instance2"]["domain"] == trio.hq.host
    assert found["poll"]["options"][0]["title"] == "yes"
    assert found["home"][0]["id"] == post["id"]
    assert found["source"]["text"] == "A poll."


async def test_what_the_consent_page_denies_the_app_does_not_get(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    redirect = "http://localhost:9/callback"
    client_id, secret = await asyncio.to_thread(
        Mastodon.create_app,
        "Nosy",
        scopes=["read"],
        redirect_uris=redirect,
        api_base_url=trio.hq.url,
    )
    api = Mastodon(client_id, secret, api_base_url=trio.hq.url)
    url = await asyncio.to_thread(
        api.auth_request_url, redirect_uris=redirect, scopes=["read"], allow_http=True
    )
    target = await authorise(ana, url, allow=False)
    assert target.startswith(redirect)
    assert "error=access_denied" in target
    with pytest.raises(MastodonAPIError):
        await asyncio.to_thread(api.timeline_home)


async def test_toot_logs_in_posts_reads_and_reacts(trio: Trio, tmp_path: Path) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.osaka.member("bo")
    await bo.follow(ana)
    first, second = Toot(tmp_path / "ana"), Toot(tmp_path / "bo")
    await first.login(ana)
    await second.login(bo)
    assert ana.username in await first.run("whoami")
    await first.run("post", "Typed in a terminal.", "--visibility", "public")
    seen = await bo.sees("terminal")
    assert "Typed in a terminal." in await second.run("timelines", "home", "--no-pager")
    await second.run("favourite", str(seen["id"]))
    await second.run("reblog", str(seen["id"]))
    await second.run("post", "Read it.", "--reply-to", str(seen["id"]))

    async def told() -> bool:
        kinds = {n["type"] for n in await ana.call("GET", "/api/v1/notifications")}
        return {"favourite", "reblog"} <= kinds

    await until(told)
    assert "Read it." in await second.run("thread", str(seen["id"]))
    assert bo.username in await first.run("notifications")
    assert await first.run("search", bo.handle)
    await second.run("unfavourite", str(seen["id"]))
    await second.run("bookmark", str(seen["id"]))
    await first.run("follow", bo.handle)
    await second.run("block", ana.handle)
    await second.run("unblock", ana.handle)
    await second.run("logout", f"{bo.username}@{trio.osaka.host}")
