"""A post for followers is for them and whom it addresses, by no way for others: SEC-072, 073."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from fedimmp.app import App
from fedimmp.services import following
from fedimmp.services.authorising import create_token
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, open_door
from tests.attacks.reading import deliver
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, follow_accepted, member, status_of, told

SECRET = "swordfish"
STREAMS = ("user", "public", "public:remote", "public:local", "direct")


@dataclass(frozen=True, slots=True)
class Reader:
    """A member at an app, with a token."""

    member: Member
    session: aiohttp.ClientSession
    token: str

    async def ask(self, method: str, path: str) -> tuple[int, str]:
        """Call the API; return the status and the text of the answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.member.app.uris.origin + path
        async with self.session.request(method, url, headers=headers) as answer:
            return answer.status, await answer.text()

    async def listen(self) -> aiohttp.ClientWebSocketResponse:
        """Open a socket that hears all that an app can listen to."""
        url = f"{self.member.app.uris.origin}/api/v1/streaming"
        socket = await self.session.ws_connect(url, protocols=(self.token,))
        for stream in STREAMS:
            await socket.send_json({"type": "subscribe", "stream": stream})
        for stream in ("hashtag", "hashtag:local"):
            await socket.send_json({"type": "subscribe", "stream": stream, "tag": "plans"})
        return socket


@dataclass(frozen=True, slots=True)
class Town:
    """Who reads: a follower, one who is addressed, one who only asked to follow, and a stranger."""

    ana: Reader
    carla: Reader
    bo: Reader
    eve: Reader
    bela: Person

    @property
    def insiders(self) -> tuple[Reader, Reader]:
        return self.ana, self.carla

    @property
    def outsiders(self) -> tuple[Reader, Reader]:
        return self.bo, self.eve


@pytest.fixture
async def listening(hq: App) -> AsyncIterator[Door]:
    """Let our office listen, streams included."""
    async with open_door(hq, "all") as found:
        yield found


@pytest.fixture
async def town(hq: App, listening: Door, porto: Foreign) -> AsyncIterator[Town]:
    bela = porto.person("bela")
    await deliver(listening, bela, bela.create(bela.note("Good morning")))
    async with aiohttp.ClientSession() as session:
        readers = []
        for name in ("ana", "carla", "bo", "eve"):
            one = await member(hq, name)
            token = await create_token(hq, one.id, USER_SCOPES, "tests")
            readers.append(Reader(one, session, token))
        ana, carla, bo, eve = readers
        found = Town(ana, carla, bo, eve, bela)
        bela_id = await account_id(hq, bela.uri)
        await follow_accepted(found.ana.member, bela_id)
        await following.follow(hq, found.bo.member.id, bela_id)
        await settle(hq)
        yield found


def _secret(town: Town, parent: dict[str, Any]) -> dict[str, Any]:
    """Return a reply for Bela's followers and Carla."""
    carla = town.carla.member
    return town.bela.note(
        f"The {SECRET} #plans",
        to=[town.bela.followers, carla.uri],
        cc=[],
        inReplyTo=parent["id"],
        tag=[
            {"type": "Mention", "href": carla.uri, "name": f"@{carla.name}"},
            {"type": "Hashtag", "href": town.bela.uri, "name": "#plans"},
        ],
    )


async def _heard_until(socket: aiohttp.ClientWebSocketResponse, last: str) -> str:
    """Return all frames up to the one that contains a text."""
    frames = ""
    async with asyncio.timeout(15):
        while last not in frames:
            frames += await socket.receive_str()
    return frames


@pytest.mark.sec("SEC-073", "SEC-202")
async def test_073_nobody_else_hears_of_it(hq: App, listening: Door, town: Town) -> None:
    bela = town.bela
    parent, last = bela.note("In the open"), bela.note("Good night")
    sockets = [await each.listen() for each in (*town.insiders, *town.outsiders)]
    note = _secret(town, parent)
    edited = note | {"content": f"<p>Another {SECRET}</p>", "updated": last["published"]}

    await deliver(listening, bela, bela.create(parent), bela.create(note), bela.update(edited))
    await deliver(listening, bela, bela.create(last))

    heard = [SECRET in await _heard_until(socket, "Good night") for socket in sockets]
    assert heard == [True, True, False, False]
    assert [kind for kind, _who in await told(town.carla.member)] == ["mention"]
    for reader in (town.ana, *town.outsiders):
        assert await told(reader.member) == []


@pytest.mark.sec("SEC-073")
async def test_073_nobody_else_finds_it(hq: App, listening: Door, town: Town) -> None:
    bela = town.bela
    parent = bela.note("In the open")
    note = _secret(town, parent)
    await deliver(listening, bela, bela.create(parent), bela.create(note))
    above, below = await status_of(hq, parent["id"]), await status_of(hq, note["id"])
    assert above is not None and below is not None
    in_sight = f"/api/v1/statuses/{above.id}/context"
    lists = (
        in_sight,
        f"/api/v1/accounts/{below.account_id}/statuses",
        "/api/v1/timelines/home",
        "/api/v1/timelines/public",
        "/api/v1/timelines/public?remote=true",
        "/api/v1/timelines/tag/plans",
        "/api/v1/notifications",
        "/api/v1/conversations",
        f"/api/v2/search?q={SECRET}",
        f"/api/v2/search?resolve=true&q={note['id']}",
    )

    for reader in town.outsiders:
        for path in lists:
            status, text = await reader.ask("GET", path)
            assert (status, SECRET in text, str(below.id) in text) == (200, False, False), path
    for reader in town.insiders:
        assert SECRET in (await reader.ask("GET", in_sight))[1]
    assert SECRET in (await town.ana.ask("GET", "/api/v1/timelines/home"))[1]


@pytest.mark.sec("SEC-073", "SEC-180", "SEC-181")
async def test_073_for_others_it_is_as_if_it_were_not(hq: App, listening: Door, town: Town) -> None:
    bela = town.bela
    parent = bela.note("In the open")
    note = _secret(town, parent)
    await deliver(listening, bela, bela.create(parent), bela.create(note))
    found = await status_of(hq, note["id"])
    assert found is not None
    reads = ("", "/context", "/history", "/favourited_by", "/reblogged_by", "/quotes")
    acts = ("/favourite", "/unfavourite", "/reblog", "/bookmark", "/unbookmark", "/mute")
    calls = [("GET", each) for each in reads] + [("POST", each) for each in acts]

    for reader in town.outsiders:
        for method, tail in calls:
            answer = await reader.ask(method, f"/api/v1/statuses/{found.id}{tail}")
            missing = await reader.ask(method, f"/api/v1/statuses/{found.id + 1}{tail}")
            assert answer == missing, tail
            assert answer[0] == 404, tail
    for reader in town.insiders:
        for tail in reads:
            assert (await reader.ask("GET", f"/api/v1/statuses/{found.id}{tail}"))[0] == 200


@pytest.mark.sec("SEC-073")
async def test_073_who_kept_it_keeps_it_while_following(
    hq: App, listening: Door, town: Town
) -> None:
    bela, ana = town.bela, town.ana
    parent = bela.note("In the open")
    note = _secret(town, parent)
    await deliver(listening, bela, bela.create(parent), bela.create(note))
    found = await status_of(hq, note["id"])
    assert found is not None
    for act in ("bookmark", "favourite"):
        assert (await ana.ask("POST", f"/api/v1/statuses/{found.id}/{act}"))[0] == 200
    kept = ("/api/v1/bookmarks", "/api/v1/favourites", "/api/v1/timelines/home")
    assert [SECRET in (await ana.ask("GET", path))[1] for path in kept] == [True] * 3

    assert (await ana.ask("POST", f"/api/v1/accounts/{found.account_id}/unfollow"))[0] == 200

    assert [SECRET in (await ana.ask("GET", path))[1] for path in kept] == [False] * 3
    assert (await ana.ask("GET", f"/api/v1/statuses/{found.id}"))[0] == 404


@pytest.mark.sec("SEC-072")
async def test_072_a_follower_is_one_once_accepted(hq: App, listening: Door, town: Town) -> None:
    bela, bo = town.bela, town.bo
    before = bela.note("Before", to=[bela.followers], cc=[])
    await deliver(listening, bela, bela.create(before))
    (follow,) = bela.office.received("Follow")
    assert "Before" not in (await bo.ask("GET", "/api/v1/timelines/home"))[1]
    stored = await status_of(hq, before["id"])
    assert stored is not None
    assert (await bo.ask("GET", f"/api/v1/statuses/{stored.id}"))[0] == 404

    after = bela.note("After", to=[bela.followers], cc=[])
    await deliver(listening, bela, bela.activity("Accept", follow), bela.create(after))

    assert "After" in (await bo.ask("GET", "/api/v1/timelines/home"))[1]
    assert (await bo.ask("GET", f"/api/v1/statuses/{stored.id}"))[0] == 200
