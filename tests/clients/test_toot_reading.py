"""toot reads timelines and notifications."""

from typing import Any

from tests.clients.toot import Desk, tries


def ids(statuses: Any) -> list[str]:
    return [each["id"] for each in statuses]


@tries("timelines home", "timelines account", "timelines public", "timelines tag", "timeline")
async def test_timelines(desk: Desk) -> None:
    cy = await desk.ana.office.member("cy")
    await desk.types("follow", cy.username)
    sent = [
        (await cy.call("POST", "/api/v1/statuses", {"status": f"Row {number}. #rows"}))["id"]
        for number in range(3)
    ]
    newest = sent[::-1]
    assert ids(await desk.reads("timelines", "home", "--limit", "3")) == newest
    assert ids(await desk.reads("timelines", "account", cy.username)) == newest
    assert ids(await desk.reads("timelines", "tag", "rows", "--limit", "2")) == newest[:2]
    assert ids(await desk.reads("timelines", "tag", "rows", "--none", "rows")) == []
    local = await desk.reads("timelines", "public", "--local", "--max-id", sent[1])
    assert (sent[0] in ids(local), sent[1] in ids(local)) == (True, False)
    for words in (
        ("timelines", "home", "--no-pager"),
        ("timelines", "account", cy.username, "--no-pager"),
        ("timelines", "public", "--no-pager"),
        ("timelines", "tag", "rows", "--no-pager"),
        ("timeline", "--once"),
        ("timeline", "--once", "--public", "--local"),
        ("timeline", "--once", "--tag", "rows"),
        ("timeline", "--once", "--account", cy.username),
    ):
        assert "Row 2. #rows" in await desk.types(*words)
    old = await desk.types("timeline", "--once", "--reverse", "--tag", "rows")
    assert old.index("Row 0.") < old.index("Row 2.")


async def test_strangers_read_nothing(desk: Desk) -> None:
    for words in (
        ("timelines", "public", "--instance", desk.ana.office.url),
        ("timelines", "tag", "rows", "--instance", desk.ana.office.url),
        ("timeline", "--public", "--instance", desk.ana.office.url),
    ):
        assert "Error:" in await desk.types(*words, expect=1)


@tries("timelines trending", "timelines link")
async def test_what_trends(desk: Desk) -> None:
    assert isinstance(await desk.reads("timelines", "trending"), list)
    await desk.types("timelines", "trending", "--no-pager")
    await desk.types("timelines", "link", "https://news.example/1", expect=1)


@tries("notifications")
async def test_notifications(desk: Desk) -> None:
    sent = await desk.posts_as_ana("Tell me.")
    await desk.bo.call("POST", f"/api/v1/statuses/{sent}/favourite")
    heard = await desk.posts(f"@{desk.ana.username} Told.", in_reply_to_id=sent)
    mention, favourite = (await desk.reads("notifications"))[:2]
    assert (mention["type"], mention["status"]["id"]) == ("mention", heard)
    assert (favourite["type"], favourite["status"]["id"]) == ("favourite", sent)
    only = await desk.reads("notifications", "--type", "favourite")
    assert {each["type"] for each in only} == {"favourite"}
    rest = await desk.reads("notifications", "--exclude-type", "favourite")
    assert "favourite" not in {each["type"] for each in rest}
    shown = await desk.types("notifications", "--reverse")
    assert f"@{desk.bo.username} mentioned you" in shown
    assert f"@{desk.bo.username} favourited your status" in shown
    assert "cleared" in await desk.types("notifications", "--clear")
    assert "no notifications" in await desk.types("notifications")
