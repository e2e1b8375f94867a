"""Open streams of live offices: what happens is heard at once, by those who may hear it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from fedimmp.services import authorising
from tests.clients.conftest import Trio
from tests.live import Member, until


class Stream:
    """An open WebSocket and the events that came."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []

    async def subscribe(self, stream: str, **more: str) -> None:
        await self.socket.send_json({"type": "subscribe", "stream": stream, **more})

    async def expect_error(self) -> dict[str, Any]:
        """Return the next frame, which is an error."""
        frame: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=15))
        assert set(frame) == {"error", "status"}
        return frame

    async def expect(self, event: str, text: str = "") -> dict[str, Any]:
        """Return the next frame of this event whose payload contains the text."""
        async with asyncio.timeout(15):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.receive_str())
                self.seen.append(frame)
                if frame.get("event") == event and text in str(frame.get("payload")):
                    return frame


@asynccontextmanager
async def stream_of(member: Member, query: str = "", **more: Any) -> AsyncIterator[Stream]:
    """Open the member's stream, with the token as subprotocol as browsers do."""
    more = more or {"protocols": (member.token,)}
    url = f"{member.office.url}/api/v1/streaming{query}"
    async with member.office.session.ws_connect(url, **more) as socket:
        yield Stream(socket)


async def post(author: Member, text: str, **more: Any) -> dict[str, Any]:
    status: dict[str, Any] = await author.call("POST", "/api/v1/statuses", {"status": text, **more})
    return status


@pytest.mark.parametrize("way", ["protocol", "query", "header"])
async def test_the_token_may_come_in_three_ways(trio: Trio, way: str) -> None:
    ana = await trio.hq.member("ana")
    query = "?stream=user"
    more: dict[str, Any] = {}
    if way == "query":
        query += f"&access_token={ana.token}"
        more = {"max_msg_size": 0}
    elif way == "header":
        more = {"headers": {"Authorization": f"Bearer {ana.token}"}}
    async with stream_of(ana, query, **more) as stream:
        await post(ana, "Heard by myself.")
        frame = await stream.expect("update", "Heard by myself")
        assert frame["stream"] == ["user"]


async def test_a_browser_gets_its_subprotocol_back(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana) as stream:
        assert stream.socket.protocol == ana.token


@pytest.mark.sec("SEC-200")
@pytest.mark.parametrize("query", ["", "?stream=user", "?stream=user&access_token=wrong"])
async def test_without_a_living_token_nothing_opens(trio: Trio, query: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with trio.hq.session.ws_connect(f"{trio.hq.url}/api/v1/streaming{query}"):
            pass
    assert refused.value.status == 401


async def test_a_plain_request_is_told_what_to_open(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    answer = await ana.call("GET", "/api/v1/streaming", expect=404)
    assert "WebSocket" in answer["error"]


async def test_one_socket_carries_many_streams(trio: Trio) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    async with stream_of(ana) as stream:
        for name in ("public", "public:local", "user"):
            await stream.subscribe(name)
        await stream.subscribe("hashtag", tag="Welding")
        await stream.subscribe("nonsense")
        error = json.loads(await stream.socket.receive_str())
        assert error == {"error": "There is no such stream.", "status": 400}
        sent = await post(bo, "Sparks. #welding")
        labels: set[tuple[str, ...]] = set()
        while len(labels) < 3:
            frame = await stream.expect("update", "Sparks")
            labels.add(tuple(frame["stream"]))
            assert json.loads(frame["payload"])["id"] == sent["id"]
        assert labels == {("public",), ("public:local",), ("hashtag", "welding")}


async def test_a_post_from_another_office_arrives_in_the_stream(trio: Trio) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.porto.member("bo")
    await ana.follow(bo)
    async with stream_of(ana, "?stream=user") as stream:
        sent = await post(bo, f"@{ana.handle} Across the sea.")
        await stream.expect("update", "Across the sea")
        await stream.expect("notification", "Across the sea")
        await bo.call("PUT", f"/api/v1/statuses/{sent['id']}", {"status": "Across the ocean."})
        await stream.expect("status.update", "Across the ocean")
        here = await ana.sees("ocean")
        await bo.call("DELETE", f"/api/v1/statuses/{sent['id']}")
        frame = await stream.expect("delete")
        assert frame["payload"] == here["id"]


async def test_lists_and_direct_conversations_have_their_streams(trio: Trio) -> None:
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    await ana.follow(bo)
    made = await ana.call("POST", "/api/v1/lists", {"title": "Night shift"})
    body = {"account_ids": [str(bo.account_id)]}
    await ana.call("POST", f"/api/v1/lists/{made['id']}/accounts", body)
    async with stream_of(ana, f"?stream=list&list={made['id']}") as stream:
        await stream.subscribe("direct")
        await post(bo, "To the list.")
        frame = await stream.expect("update", "To the list")
        assert frame["stream"] == ["list", made["id"]]
        await post(bo, f"@{ana.username} Just you.", visibility="direct")
        frame = await stream.expect("conversation", "Just you")
        assert frame["stream"] == ["direct"]


@pytest.mark.sec("SEC-200")
async def test_nobody_listens_to_the_list_of_another(trio: Trio) -> None:
    ana, eve = await trio.hq.member("ana"), await trio.hq.member("eve")
    made = await ana.call("POST", "/api/v1/lists", {"title": "Mine"})
    async with stream_of(eve) as stream:
        await stream.subscribe("list", list=made["id"])
        error = json.loads(await stream.socket.receive_str())
        assert error == {"error": "Not authorized to stream this list", "status": 401}


async def test_private_posts_and_blocked_people_are_not_heard(trio: Trio) -> None:
    ana, bo, eve = [await trio.hq.member(name) for name in ("ana", "bo", "eve")]
    await ana.call("POST", f"/api/v1/accounts/{bo.account_id}/block")
    async with stream_of(eve, "?stream=public") as others, stream_of(ana, "?stream=public") as own:
        await post(eve, "Not for all.", visibility="private")
        await post(bo, "Bo speaks.")
        await post(eve, "The last word.")
        await others.expect("update", "The last word")
        await own.expect("update", "The last word")
    assert "Not for all" not in str(others.seen)
    assert "Bo speaks" in str(others.seen)
    assert "Bo speaks" not in str(own.seen)


@pytest.mark.sec("SEC-200")
async def test_a_token_without_the_scope_hears_nothing(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    app = trio.hq.app
    assert app is not None
    ana.token = await authorising.create_token(app, ana.account_id, ("write",), "tests")
    async with stream_of(ana) as stream:
        await stream.subscribe("public")
        error = json.loads(await stream.socket.receive_str())
        assert error["status"] == 403


@pytest.mark.sec("SEC-177", "SEC-200")
async def test_a_revoked_token_closes_its_sockets_within_a_second(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana, "?stream=user") as stream:
        await post(ana, "Still here.")
        await stream.expect("update", "Still here")
        await trio.hq.command("member", "disable", ana.username)
        async with asyncio.timeout(1):
            message = await stream.socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert (message.data, message.extra) == (1008, "The access token was revoked.")


async def test_rubbish_frames_change_nothing(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana, "?stream=user") as stream:
        for text in ("", "{", "[]", "null", '{"type": 7}', '{"type": "subscribe", "stream": {}}'):
            await stream.socket.send_str(text)
        await post(ana, "All is well.")
        await stream.expect("update", "All is well")


async def test_binary_frames_are_refused(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana) as stream:
        await stream.socket.send_bytes(b"\0")
        message = await stream.socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert stream.socket.close_code == 1003


async def test_server_sent_events_tell_the_same(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    headers = {"Authorization": f"Bearer {ana.token}"}
    url = f"{trio.hq.url}/api/v1/streaming/user"
    async with trio.hq.session.get(url, headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readline() == b":)\n"
        await post(ana, "By plain HTTP.")

        async def told() -> bool:
            line = await answer.content.readline()
            return line.startswith(b"data: ") and b"By plain HTTP" in line

        await until(told)


@pytest.mark.sec("SEC-200")
async def test_a_connection_has_a_bounded_number_of_streams(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana, "?stream=user") as stream:
        for number in range(10_000):
            await stream.subscribe("hashtag", tag=f"t{number}")
        errors = [await stream.expect_error() for _ in range(10_000 - 63)]
        assert {each["status"] for each in errors} == {429}
        await post(ana, "Still open. #t1")
        await stream.expect("update", "Still open")


@pytest.mark.sec("SEC-200")
@pytest.mark.parametrize(
    ("query", "status"),
    [("?stream=nonsense", 400), ("?stream=list&list=7", 401), ("?stream=hashtag", 400)],
)
async def test_a_stream_that_is_refused_at_once_leaves_the_socket_open(
    trio: Trio, query: str, status: int
) -> None:
    ana = await trio.hq.member("ana")
    async with stream_of(ana, query) as stream:
        assert (await stream.expect_error())["status"] == status
        for words in (
            {"list": "9" * 4000},
            {"list": "-1"},
            {"list": True},
            {"list": "\u0661" * 30},
        ):
            frame = {"type": "subscribe", "stream": "list", **words}
            await stream.socket.send_json(frame)
            assert (await stream.expect_error())["status"] == 400
        await stream.subscribe("user")
        await post(ana, "Now it works.")
        await stream.expect("update", "Now it works")


@pytest.mark.sec("SEC-201")
async def test_a_cookie_opens_no_stream(trio: Trio) -> None:
    ana = await trio.hq.member("ana")
    for headers in (
        {"Cookie": f"access_token={ana.token}; session={ana.token}"},
        {"Cookie": f"_session_id={ana.token}", "Origin": "https://evil.example"},
    ):
        for path in ("/api/v1/streaming?stream=user", "/api/v1/streaming/user"):
            url = trio.hq.url + path
            async with trio.hq.session.get(url, headers=headers) as answer:
                assert answer.status == 401


@pytest.mark.sec("SEC-174")
@pytest.mark.parametrize(
    ("scope", "stream", "query", "may"),
    [
        ("read:notifications", "user/notification", "", True),
        ("read:statuses", "user/notification", "", False),
        ("read:notifications", "user", "", False),
        ("read:statuses", "user", "", True),
        ("follow", "public", "", False),
        ("follow", "hashtag", "?tag=x", False),
        ("write", "direct", "", False),
        ("read", "public/remote", "?only_media=true", True),
        ("read", "hashtag/local", "?tag=x", True),
    ],
)
async def test_each_stream_has_its_scope(
    trio: Trio, scope: str, stream: str, query: str, may: bool
) -> None:
    ana = await trio.hq.member("ana")
    assert trio.hq.app is not None
    token = await authorising.create_token(trio.hq.app, ana.account_id, (scope,), "tests")
    url = f"{trio.hq.url}/api/v1/streaming/{stream}{query}"
    headers = {"Authorization": f"Bearer {token}"}
    async with trio.hq.session.get(url, headers=headers) as answer:
        assert answer.status == (200 if may else 403)
        if may:
            assert await answer.content.readline() == b":)\n"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("hashtag", 400),
        ("hashtag/local?tag=%20", 400),
        ("list", 400),
        ("list?list=7", 401),
        ("nonsense", 400),
        ("user/everything", 400),
    ],
)
async def test_server_sent_events_refuse_in_words(trio: Trio, path: str, status: int) -> None:
    ana = await trio.hq.member("ana")
    answer = await ana.call("GET", f"/api/v1/streaming/{path}", expect=status)
    assert answer["error"]
