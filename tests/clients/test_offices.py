"""What travels between live offices: every deed arrives on the other side, in both directions."""

from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.clients.conftest import Trio
from tests.live import Member, until
from tests.unit.test_pictures import encoded


@pytest.fixture(params=["out", "back"])
async def pair(trio: Trio, request: pytest.FixtureRequest) -> tuple[Member, Member]:
    """Ana and Bo of two offices who follow each other, in either direction of travel."""
    first, second = (trio.hq, trio.osaka) if request.param == "out" else (trio.osaka, trio.hq)
    ana, bo = await first.member("ana"), await second.member("bo")
    await bo.follow(ana)
    await ana.follow(bo)
    return ana, bo


async def post(author: Member, text: str, **more: Any) -> dict[str, Any]:
    status: dict[str, Any] = await author.call("POST", "/api/v1/statuses", {"status": text, **more})
    return status


async def test_a_post_arrives_with_its_author_and_time(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "The kiln is free on Friday.")
    seen = await bo.sees("kiln")
    assert seen["account"]["acct"] == ana.handle
    assert seen["uri"] == sent["uri"]
    assert seen["created_at"] == sent["created_at"]
    assert seen["visibility"] == "public"


async def test_a_reply_joins_the_thread_and_is_told(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "Which glue holds cork?")
    seen = await bo.sees("cork")
    await post(bo, f"@{ana.handle} Hide glue.", in_reply_to_id=seen["id"])

    async def answered() -> bool:
        thread = await ana.call("GET", f"/api/v1/statuses/{sent['id']}/context")
        return any("Hide glue" in one["content"] for one in thread["descendants"])

    await until(answered)
    told = await ana.call("GET", "/api/v1/notifications?types[]=mention")
    assert told[0]["account"]["acct"] == bo.handle
    assert (await ana.call("GET", f"/api/v1/statuses/{sent['id']}"))["replies_count"] == 1


async def test_a_favourite_and_its_undo_count(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "Tried the new lathe.")
    seen = await bo.sees("lathe")

    async def favourites() -> int:
        status = await ana.call("GET", f"/api/v1/statuses/{sent['id']}")
        return int(status["favourites_count"])

    await bo.call("POST", f"/api/v1/statuses/{seen['id']}/favourite")
    await until(lambda: _is(favourites, 1))
    await bo.call("POST", f"/api/v1/statuses/{seen['id']}/unfavourite")
    await until(lambda: _is(favourites, 0))


async def _is(count: Any, wanted: int) -> bool:
    return bool(await count() == wanted)


async def test_a_boost_reaches_the_followers_of_the_booster(
    trio: Trio, pair: tuple[Member, Member]
) -> None:
    ana, bo = pair
    cy = await trio.porto.member("cy")
    await cy.follow(bo)
    await post(ana, "Cork floats, you know.")
    seen = await bo.sees("floats")
    await bo.call("POST", f"/api/v1/statuses/{seen['id']}/reblog")
    boost = await cy.sees("floats")
    assert boost["account"]["acct"] == bo.handle
    assert boost["reblog"]["account"]["acct"] == ana.handle
    await bo.call("POST", f"/api/v1/statuses/{seen['id']}/unreblog")

    async def gone() -> bool:
        return all(status["id"] != boost["id"] for status in await cy.home())

    await until(gone)


async def test_an_edit_arrives_with_its_history(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "Meeting at nine.")
    seen = await bo.sees("at nine")
    await ana.call("PUT", f"/api/v1/statuses/{sent['id']}", {"status": "Meeting at ten."})

    async def edited() -> bool:
        status = await bo.call("GET", f"/api/v1/statuses/{seen['id']}")
        return "at ten" in status["content"] and status["edited_at"] is not None

    await until(edited)
    history = await bo.call("GET", f"/api/v1/statuses/{seen['id']}/history")
    assert ["at nine" in history[0]["content"], "at ten" in history[-1]["content"]] == [True, True]


async def test_a_deletion_removes_the_post_everywhere(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "This was a mistake.")
    seen = await bo.sees("mistake")
    await ana.call("DELETE", f"/api/v1/statuses/{sent['id']}")

    async def gone() -> bool:
        async with bo.office.session.get(
            f"{bo.office.url}/api/v1/statuses/{seen['id']}",
            headers={"Authorization": f"Bearer {bo.token}"},
        ) as answer:
            return answer.status == 404

    await until(gone)
    assert all("mistake" not in status["content"] for status in await bo.home())


async def test_a_private_post_reaches_followers_and_nobody_else(
    trio: Trio, pair: tuple[Member, Member]
) -> None:
    ana, bo = pair
    eve = await bo.office.member("eve")
    await post(ana, "Only for those who follow me.", visibility="private")
    seen = await bo.sees("Only for those")
    assert seen["visibility"] == "private"
    await eve.call("GET", f"/api/v1/statuses/{seen['id']}", expect=404)
    await eve.call("GET", f"/api/v1/statuses/{seen['id']}/context", expect=404)


async def test_a_direct_post_reaches_those_it_names(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    await post(ana, f"@{bo.handle} Between us.", visibility="direct")

    async def told() -> Any:
        found = await bo.call("GET", "/api/v1/notifications?types[]=mention")
        return next((n for n in found if "Between us" in n["status"]["content"]), None)

    notification = await until(told)
    assert notification["status"]["visibility"] == "direct"
    eve = await bo.office.member("eve")
    await eve.call("GET", f"/api/v1/statuses/{notification['status']['id']}", expect=404)


async def test_the_organisation_hears_a_post_that_nobody_follows(trio: Trio) -> None:
    new = await trio.porto.member("new")
    reader = await trio.osaka.member("reader")
    sent = await post(new, "My first day, hello everyone. #newhere")

    async def heard() -> Any:
        public = await reader.call("GET", "/api/v1/timelines/public?limit=40")
        return next((s for s in public if s["uri"] == sent["uri"]), None)

    await until(heard)
    tagged = await reader.call("GET", "/api/v1/timelines/tag/newhere?limit=40")
    assert sent["uri"] in [status["uri"] for status in tagged]


async def test_a_picture_is_shown_by_the_own_office(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    media = await _upload(ana)
    await post(ana, "The new drawing.", media_ids=[media["id"]])
    seen = await bo.sees("new drawing")
    attachment = seen["media_attachments"][0]
    assert attachment["description"] == "A grey square"
    assert attachment["url"].startswith(bo.office.url)
    async with bo.office.session.get(attachment["url"]) as answer:
        assert answer.status == 200
        assert answer.content_type == "image/png"
    async with bo.office.session.get(attachment["preview_url"]) as answer:
        assert answer.status == 200


async def _upload(author: Member) -> dict[str, Any]:
    form = aiohttp.FormData()
    picture = encoded(Image.new("RGB", (320, 240), "grey"), "PNG")
    form.add_field("file", picture, filename="square.png", content_type="image/png")
    form.add_field("description", "A grey square")
    async with author.office.session.post(
        f"{author.office.url}/api/v2/media",
        data=form,
        headers={"Authorization": f"Bearer {author.token}"},
    ) as answer:
        assert answer.status == 200, await answer.text()
        made: dict[str, Any] = await answer.json()
        return made


async def test_a_locked_account_is_followed_only_when_it_agrees(trio: Trio) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.porto.member("bo")
    await ana.call("PATCH", "/api/v1/accounts/update_credentials", {"locked": True})
    target = await bo.find(ana.handle)
    asked = await bo.call("POST", f"/api/v1/accounts/{target}/follow")
    assert (asked["following"], asked["requested"]) == (False, True)

    async def knocking() -> Any:
        return await ana.call("GET", "/api/v1/follow_requests")

    requests = await until(knocking)
    await ana.call("POST", f"/api/v1/follow_requests/{requests[0]['id']}/authorize")

    async def following() -> bool:
        found = await bo.call("GET", f"/api/v1/accounts/relationships?id[]={target}")
        return bool(found[0]["following"])

    await until(following)


async def test_a_new_follower_finds_earlier_posts(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    sent = await post(ana, "Before anybody listened.", visibility="unlisted")
    bo = await trio.osaka.member("bo")
    await bo.follow(ana)
    target = await bo.find(ana.handle)

    async def listed() -> bool:
        found = await bo.call("GET", f"/api/v1/accounts/{target}/statuses")
        return sent["uri"] in [status["uri"] for status in found]

    await until(listed)


async def test_a_profile_change_arrives(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    target = await bo.find(ana.handle)
    await ana.call(
        "PATCH", "/api/v1/accounts/update_credentials", {"display_name": "Ana of the kiln"}
    )

    async def renamed() -> bool:
        found = await bo.call("GET", f"/api/v1/accounts/{target}")
        return bool(found["display_name"] == "Ana of the kiln")

    await until(renamed)


async def test_the_logs_name_the_activity_and_no_secret(pair: tuple[Member, Member]) -> None:
    ana, bo = pair
    sent = await post(ana, "Traceable.")
    await bo.sees("Traceable")
    lines = bo.office.logs().splitlines()
    assert any(
        f'"activity":"{sent["uri"]}/activity"' in line and "POST /inbox 202" in line
        for line in lines
    )
    for secret in (ana.token, bo.token, bo.password, 'signature="'):
        assert all(secret not in line for line in lines)
