"""toot finds people, follows them, keeps others away, and keeps lists and hashtags."""

from pathlib import Path
from typing import Any

from tests.clients.conftest import Trio
from tests.clients.test_toot_posts import picture
from tests.clients.toot import Desk, tries
from tests.live import until


def names(accounts: Any) -> list[str]:
    return [each["acct"] for each in accounts]


@tries("whoami", "update-account", "update_account")
async def test_oneself(desk: Desk, tmp_path: Path) -> None:
    changed = await desk.reads(
        "update-account",
        *("--display-name", "Ana A.", "--note", "Potter.", "--locked", "--bot"),
        *("--privacy", "unlisted", "--language", "pt", "--sensitive", "--discoverable"),
        *("--avatar", picture(tmp_path, "face.png", "orange")),
        *("--header", picture(tmp_path, "sky.png", "blue")),
    )
    assert (changed["display_name"], changed["locked"], changed["bot"]) == ("Ana A.", True, True)
    assert changed["source"]["note"] == "Potter."
    assert (changed["source"]["privacy"], changed["source"]["language"]) == ("unlisted", "pt")
    assert (changed["source"]["sensitive"], changed["discoverable"]) == (True, True)
    for kind in ("avatar", "header"):
        assert "/files/" in changed[kind]
    assert await desk.reads("whoami") == await desk.ana.call(
        "GET", "/api/v1/accounts/verify_credentials"
    )
    assert "Potter." in await desk.types("whoami")
    back = ("--no-locked", "--no-bot", "--no-sensitive", "--privacy", "public")
    assert "updated" in await desk.types("update_account", *back)
    seen = await desk.bo.call("GET", f"/api/v1/accounts/{desk.ana.account_id}")
    assert (seen["locked"], seen["bot"]) == (False, False)
    await desk.types("update-account", "--display-name", "A" * 300, expect=1)


@tries("whois", "search", "follow", "unfollow", "following", "followers")
async def test_somebody_elsewhere(desk: Desk, trio: Trio) -> None:
    cy = await trio.porto.member("cy")
    assert (await desk.reads("whois", cy.handle))["acct"] == cy.handle
    assert cy.handle in await desk.types("whois", cy.handle)
    assert "not found" in await desk.types("whois", f"nobody@{trio.porto.host}", expect=1)
    found = await desk.reads("search", f"@{cy.handle}", "--resolve", "--type", "accounts")
    assert names(found["accounts"]) == [cy.handle]
    assert cy.handle in await desk.types("search", f"@{cy.handle}")
    await desk.types("follow", cy.handle)

    async def follows() -> bool:
        return cy.handle in names(await desk.reads("following"))

    await until(follows)
    assert cy.handle in await desk.types("following", desk.ana.username)
    assert names(await desk.reads("followers", cy.handle)) == [desk.ana.username]
    assert (await desk.reads("unfollow", cy.handle))["following"] is False
    assert not await follows()


@tries("follow-requests list", "follow-requests accept", "follow-requests reject")
async def test_who_wants_to_follow(desk: Desk) -> None:
    await desk.ana.call("PATCH", "/api/v1/accounts/update_credentials", {"locked": True})
    cy, di = [await desk.ana.office.member(name) for name in ("cy", "di")]
    for each in (cy, di):
        await each.call("POST", f"/api/v1/accounts/{desk.ana.account_id}/follow")
    assert set(names(await desk.reads("follow-requests", "list"))) == {cy.username, di.username}
    assert cy.username in await desk.types("follow-requests", "list")
    accepted = await desk.reads("follow-requests", "accept", cy.username)
    assert accepted["followed_by"] is True
    refused = await desk.reads("follow-requests", "reject", di.username)
    assert refused["followed_by"] is False
    assert await desk.reads("follow-requests", "list") == []
    assert cy.username in names(await desk.reads("followers"))
    await desk.types("follow-requests", "accept", di.username, expect=1)
    await desk.ana.call("PATCH", "/api/v1/accounts/update_credentials", {"locked": False})


@tries("mute", "unmute", "muted")
async def test_mutes(desk: Desk) -> None:
    cy = await desk.ana.office.member("cy")
    assert (await desk.reads("mute", cy.username))["muting"] is True
    assert cy.username in names(await desk.reads("muted"))
    assert cy.username in await desk.types("muted")
    assert (await desk.reads("unmute", cy.username))["muting"] is False
    assert cy.username not in names(await desk.reads("muted"))


@tries("block", "unblock", "blocked")
async def test_blocks(desk: Desk) -> None:
    cy = await desk.ana.office.member("cy")
    assert (await desk.reads("block", cy.username))["blocking"] is True
    assert cy.username in names(await desk.reads("blocked"))
    assert cy.username in await desk.types("blocked")
    assert (await desk.reads("unblock", cy.username))["blocking"] is False
    assert cy.username not in names(await desk.reads("blocked"))


@tries(
    "lists create",
    "lists list",
    "lists add",
    "lists accounts",
    "lists remove",
    "lists delete",
    "timelines list",
)
async def test_lists(desk: Desk) -> None:
    cy = await desk.ana.office.member("cy")
    made = await desk.reads("lists", "create", "Night shift", "--replies-policy", "list")
    assert (made["title"], made["replies_policy"]) == ("Night shift", "list")
    assert made in await desk.reads("lists", "list")
    assert "Night shift" in await desk.types("lists", "list")
    refusal = await desk.types("lists", "add", "Night shift", cy.username, expect=1)
    assert "must follow" in refusal
    await desk.types("follow", cy.username)
    await desk.types("lists", "add", "Night shift", cy.username)
    assert names(await desk.reads("lists", "accounts", "Night shift")) == [cy.username]
    assert cy.username in await desk.types("lists", "accounts", "--id", made["id"])
    sent = (await cy.call("POST", "/api/v1/statuses", {"status": "On duty."}))["id"]
    found = await desk.reads("timelines", "list", "Night shift")
    assert [each["id"] for each in found] == [sent]
    assert "On duty." in await desk.types("timelines", "list", made["id"], "--no-pager")
    await desk.types("lists", "remove", "Night shift", cy.username)
    assert await desk.reads("lists", "accounts", "Night shift") == []
    await desk.types("lists", "delete", "Night shift")
    assert made not in await desk.reads("lists", "list")
    assert "not found" in await desk.types("lists", "delete", "Night shift", expect=1)


@tries("list_create", "list_add", "list_accounts", "list_remove", "list_delete")
async def test_lists_by_their_old_names(desk: Desk) -> None:
    cy = await desk.ana.office.member("cy")
    await desk.types("follow", cy.username)
    assert "created" in await desk.types("list_create", "Day shift")
    assert "Added" in await desk.types("list_add", "Day shift", cy.username)
    assert cy.username in await desk.types("list_accounts", "Day shift")
    assert "Removed" in await desk.types("list_remove", "Day shift", cy.username)
    assert "no accounts" in await desk.types("list_accounts", "Day shift")
    assert "deleted" in await desk.types("list_delete", "Day shift")


@tries("tags info", "tags follow", "tags followed", "tags unfollow")
async def test_followed_tags(desk: Desk) -> None:
    await desk.posts("Warm. #raku")
    assert (await desk.reads("tags", "info", "raku"))["name"] == "raku"
    assert "Not followed" in await desk.types("tags", "info", "raku")
    assert (await desk.reads("tags", "follow", "#raku"))["following"] is True
    assert [each["name"] for each in await desk.reads("tags", "followed")] == ["raku"]
    assert "#raku" in await desk.types("tags", "followed")
    assert (await desk.reads("tags", "unfollow", "raku"))["following"] is False
    assert await desk.reads("tags", "followed") == []
    assert "not found" in await desk.types("tags", "info", "nobodywroteit", expect=1)


@tries("tags feature", "tags featured", "tags unfeature")
async def test_featured_tags(desk: Desk) -> None:
    await desk.posts_as_ana("Cold. #slip")
    made = await desk.reads("tags", "feature", "slip")
    assert (made["name"], made["statuses_count"]) == ("slip", "1")
    assert made in await desk.reads("tags", "featured")
    assert "#slip" in await desk.types("tags", "featured")
    await desk.types("tags", "unfeature", "slip")
    assert made not in await desk.reads("tags", "featured")
    assert "not featured" in await desk.types("tags", "unfeature", "slip", expect=1)
