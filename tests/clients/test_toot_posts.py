"""toot writes posts, reacts to them and answers polls."""

import json
from pathlib import Path

from PIL import Image

from tests.clients.toot import Desk, tries


def picture(folder: Path, name: str, colour: str) -> str:
    path = folder / name
    Image.new("RGB", (8, 4), colour).save(path)
    return str(path)


@tries("post", "delete")
async def test_post_and_delete(desk: Desk) -> None:
    first = await desk.reads(
        "post",
        "A kiln in the **yard**. #clay",
        "--visibility",
        "unlisted",
        "--sensitive",
        "--spoiler-text",
        "Heat",
        "--language",
        "pt",
        "--content-type",
        "text/markdown",
    )
    seen = await desk.bo.call("GET", f"/api/v1/statuses/{first['id']}")
    assert "<strong>yard</strong>" in seen["content"]
    assert (seen["visibility"], seen["sensitive"]) == ("unlisted", True)
    assert (seen["spoiler_text"], seen["language"]) == ("Heat", "pt")
    assert [tag["name"] for tag in seen["tags"]] == ["clay"]
    next_one = await desk.reads("post", "And another.", "--reply-last")
    assert next_one["in_reply_to_id"] == first["id"]
    asked = await desk.posts("Anybody?")
    assert (await desk.reads("post", "I am.", "--reply-to", asked))["in_reply_to_id"] == asked
    assert seen["url"][: len(desk.ana.office.url)] in await desk.types("post", "Plain.")
    assert (await desk.reads("delete", first["id"]))["text"] == "A kiln in the **yard**. #clay"
    await desk.bo.call("GET", f"/api/v1/statuses/{first['id']}", expect=404)
    assert "not" in (await desk.types("delete", asked, expect=1)).lower()
    assert "language" in (await desk.types("post", "x", "--language", "xyz", expect=2)).lower()


@tries("upload")
async def test_upload(desk: Desk, tmp_path: Path) -> None:
    orange = picture(tmp_path, "orange.png", "orange")
    sent = await desk.reads("upload", orange, "--description", "Orange")
    assert (sent["type"], sent["description"]) == ("image", "Orange")
    assert sent["meta"]["original"]["width"] == 8
    assert "type 'image'" in await desk.types("upload", orange)
    posted = await desk.reads(
        "post",
        "Two glazes.",
        *("--media", orange, "--description", "First"),
        *("--media", picture(tmp_path, "teal.jpg", "teal"), "--description", "Second"),
    )
    found = (await desk.bo.call("GET", f"/api/v1/statuses/{posted['id']}"))["media_attachments"]
    assert [each["description"] for each in found] == ["First", "Second"]
    (tmp_path / "no.png").write_text("This is no picture.", "utf-8")
    await desk.types("upload", str(tmp_path / "no.png"), expect=1)


async def test_what_is_scheduled_waits(desk: Desk) -> None:
    later = await desk.reads("post", "Tomorrow.", "--scheduled-in", "1 day")
    assert later["params"]["text"] == "Tomorrow."
    found = await desk.ana.call("GET", f"/api/v1/scheduled_statuses/{later['id']}")
    assert found["scheduled_at"] == later["scheduled_at"]
    assert "scheduled for" in await desk.types("post", "Later.", "--scheduled-in", "2 days")
    await desk.types("post", "Too soon.", "--scheduled-in", "10 seconds", expect=1)


@tries("favourite", "unfavourite", "timelines favourites")
async def test_favourites(desk: Desk) -> None:
    sent = await desk.posts("A favourite.")
    assert (await desk.reads("favourite", sent))["favourited"] is True
    assert (await desk.reads("timelines", "favourites"))[0]["id"] == sent
    assert "A favourite." in await desk.types("timelines", "favourites", "--no-pager")
    assert (await desk.reads("unfavourite", sent))["favourited"] is False
    assert sent not in [each["id"] for each in await desk.reads("timelines", "favourites")]
    assert "not" in (await desk.types("favourite", "1", expect=1)).lower()


@tries("bookmark", "unbookmark", "bookmarks")
async def test_bookmarks(desk: Desk) -> None:
    sent = await desk.posts("A bookmark.")
    assert (await desk.reads("bookmark", sent))["bookmarked"] is True
    assert "A bookmark." in await desk.types("bookmarks", "--once")
    assert (await desk.reads("unbookmark", sent))["bookmarked"] is False
    assert "A bookmark." not in await desk.types("bookmarks", "--once")


@tries("reblog", "unreblog", "reblogged-by", "reblogged_by")
async def test_boosts(desk: Desk) -> None:
    sent = await desk.posts("Boost me.")
    boost = await desk.reads("reblog", sent, "--visibility", "unlisted")
    assert (boost["reblog"]["id"], boost["visibility"]) == (sent, "unlisted")
    for name in ("reblogged-by", "reblogged_by"):
        assert [each["acct"] for each in await desk.reads(name, sent)] == [desk.ana.username]
        assert desk.ana.username in await desk.types(name, sent)
    assert (await desk.reads("unreblog", sent))["reblogged"] is False
    assert await desk.reads("reblogged-by", sent) == []


@tries("pin", "unpin")
async def test_pins(desk: Desk) -> None:
    sent = await desk.posts_as_ana("A pin.")
    pinned = f"/api/v1/accounts/{desk.ana.account_id}/statuses?pinned=true"
    assert (await desk.reads("pin", sent))["pinned"] is True
    assert [each["id"] for each in await desk.bo.call("GET", pinned)] == [sent]
    assert (await desk.reads("unpin", sent))["pinned"] is False
    assert await desk.bo.call("GET", pinned) == []
    await desk.types("pin", await desk.posts("Not hers."), expect=1)


@tries("status", "thread")
async def test_a_post_and_its_thread(desk: Desk) -> None:
    sent = await desk.posts("Where it starts.", language="en")
    reply = await desk.posts_as_ana("Where it goes.", in_reply_to_id=sent)
    assert await desk.reads("status", sent) == await desk.ana.call(
        "GET", f"/api/v1/statuses/{sent}"
    )
    assert "Where it starts." in await desk.types("status", sent)
    thread = await desk.reads("thread", sent)
    assert (thread["ancestors"], [each["id"] for each in thread["descendants"]]) == ([], [reply])
    shown = await desk.types("thread", sent)
    assert shown.index("Where it starts.") < shown.index("Where it goes.")
    secret = await desk.posts("Between me and me.", visibility="direct")
    await desk.types("status", secret, expect=1)


@tries("polls show", "polls vote")
async def test_polls(desk: Desk) -> None:
    question = {"options": ["clay", "glass", "wax"], "expires_in": 600, "multiple": True}
    sent = await desk.posts("Which?", poll=question)
    poll = (await desk.bo.call("GET", f"/api/v1/statuses/{sent}"))["poll"]["id"]
    assert [each["title"] for each in (await desk.reads("polls", "show", poll))["options"]] == [
        "clay",
        "glass",
        "wax",
    ]
    voted = await desk.reads("polls", "vote", poll, "0", "2")
    assert (voted["voted"], voted["own_votes"]) == (True, [0, 2])
    assert "Your vote" in await desk.types("polls", "show", poll)
    await desk.types("polls", "vote", poll, "0", expect=1)
    options = ("--poll-option", "tea", "--poll-option", "mate", "--poll-expires-in", "1h")
    asked = await desk.reads("post", "And?", *options, "--poll-hide-totals")
    assert [each["title"] for each in asked["poll"]["options"]] == ["tea", "mate"]
    assert json.dumps(asked["poll"]["options"][0]["votes_count"]) in ("null", "0")
