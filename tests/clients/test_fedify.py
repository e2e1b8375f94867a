"""An independent implementation and we understand each other, in both signature schemes.

Whatever it received here was verified by it, and whatever reaches us was signed by it.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.clients.conftest import Trio
from tests.clients.fedify_peer import FedifyPeer, Scheme, fedify_peer
from tests.clients.node import skip_without_node
from tests.live import Member, until

SCHEMES: tuple[Scheme, ...] = ("rfc9421", "draft-cavage-http-signatures-12")


@dataclass(frozen=True, slots=True)
class Meeting:
    """Ana of our office, and Femi of the office that runs Fedify."""

    ana: Member
    peer: FedifyPeer
    femi: str
    femi_uri: str
    ana_uri: str

    async def ask(self, verb: str, **words: Any) -> Any:
        return await self.peer.ask(verb, name=self.femi, **words)

    async def femi_id(self) -> str:
        return await self.ana.find(f"{self.femi}@{self.peer.host}")

    async def femi_gets(self, kind: str, mark: str) -> dict[str, Any]:
        """Wait until the other office has verified an activity that contains a mark."""

        async def look() -> dict[str, Any] | None:
            found = await self.peer.received(kind)
            return next((each for each in found if mark in str(each)), None)

        activity = await until(look)
        assert activity is not None
        return activity


@pytest.fixture(scope="module", params=SCHEMES)
async def peer(request: pytest.FixtureRequest, trio: Trio) -> AsyncIterator[FedifyPeer]:
    skip_without_node()
    scheme: Scheme = request.param
    ours = {"rfc9421": "rfc9421"}.get(scheme, "cavage")
    async with fedify_peer(scheme) as found:
        words = ("peer", "add", found.host, "--network", "127.0.0.0/8", "--network", "::1/128")
        await trio.hq.command(*words, "--signatures", ours)
        yield found
        await trio.hq.command("peer", "remove", found.host)


@pytest.fixture
async def meeting(peer: FedifyPeer, trio: Trio) -> Meeting:
    ana = await trio.hq.member("ana")
    femi = f"femi{secrets.token_hex(3)}"
    uri = (await peer.ask("person", name=femi))["uri"]
    return Meeting(ana, peer, femi, uri, f"{trio.hq.url}/ap/users/{ana.account_id}")


async def test_ana_follows_femi_and_reads_edits_and_deletions(meeting: Meeting) -> None:
    ana = meeting.ana
    await ana.call("POST", f"/api/v1/accounts/{await meeting.femi_id()}/follow")
    await meeting.femi_gets("Follow", meeting.femi_uri)
    post = await meeting.ask("post", text="Good morning from elsewhere", to=meeting.ana_uri)
    shown = await ana.sees("Good morning from elsewhere")
    assert shown["account"]["username"] == meeting.femi
    await meeting.ask("edit", uri=post["uri"], text="Good evening instead", to=meeting.ana_uri)
    await ana.sees("Good evening instead")
    await meeting.ask("remove", uri=post["uri"], to=meeting.ana_uri)

    async def gone() -> bool:
        return all("Good evening" not in each["content"] for each in await ana.home())

    await until(gone)
    await ana.call("GET", f"/api/v1/statuses/{shown['id']}", expect=404)


async def test_femi_follows_ana_and_receives_what_she_does(meeting: Meeting) -> None:
    ana = meeting.ana
    await meeting.ask("follow", target=meeting.ana_uri)
    await meeting.femi_gets("Accept", meeting.ana_uri)
    status = await ana.call("POST", "/api/v1/statuses", {"status": "Hello, other kind of office"})
    created = await meeting.femi_gets("Create", "Hello, other kind of office")
    assert created["actor"] == meeting.ana_uri
    looked = await meeting.ask("look", uri=status["uri"])
    assert looked["type"] == "Note"
    assert "Hello, other kind of office" in looked["content"]
    await ana.call("PUT", f"/api/v1/statuses/{status['id']}", {"status": "Hello, rewritten"})
    await meeting.femi_gets("Update", "Hello, rewritten")
    await ana.call("DELETE", f"/api/v1/statuses/{status['id']}")
    await meeting.femi_gets("Delete", status["uri"])


async def test_favourites_and_boosts_travel_both_ways(meeting: Meeting) -> None:
    ana = meeting.ana
    status = await ana.call("POST", "/api/v1/statuses", {"status": "Who likes this?"})
    like = await meeting.ask("like", uri=status["uri"], to=meeting.ana_uri)
    await meeting.ask("boost", uri=status["uri"], to=meeting.ana_uri)

    async def counted(favourites: int) -> bool:
        now = await ana.call("GET", f"/api/v1/statuses/{status['id']}")
        return (now["favourites_count"], now["reblogs_count"]) == (favourites, 1)

    await until(lambda: counted(1))
    await meeting.ask("unlike", id=like["id"], uri=status["uri"], to=meeting.ana_uri)
    await until(lambda: counted(0))
    await ana.call("POST", f"/api/v1/accounts/{await meeting.femi_id()}/follow")
    await meeting.femi_gets("Follow", meeting.femi_uri)
    post = await meeting.ask("post", text="Please favourite", to=meeting.ana_uri)
    shown = await ana.sees("Please favourite")
    await ana.call("POST", f"/api/v1/statuses/{shown['id']}/favourite")
    await meeting.femi_gets("Like", post["uri"])
    await ana.call("POST", f"/api/v1/statuses/{shown['id']}/reblog")
    await meeting.femi_gets("Announce", post["uri"])


async def test_it_verifies_the_integrity_proof_of_a_public_post(meeting: Meeting) -> None:
    ana = meeting.ana
    await ana.call("POST", "/api/v1/statuses", {"status": "Sealed for everybody"})
    outbox = await meeting.ask("look", uri=meeting.ana_uri)
    assert outbox["id"] == meeting.ana_uri
    sent = await _sent_create(ana, "Sealed for everybody")
    assert (await meeting.ask("prove", document=sent))["valid"]
    forged = sent | {"object": sent["object"] | {"content": "<p>Something else</p>"}}
    assert not (await meeting.ask("prove", document=forged))["valid"]


async def _sent_create(ana: Member, text: str) -> dict[str, Any]:
    """Return the Create exactly as it was sent, from the office's outbox."""
    assert ana.office.app is not None
    async with ana.office.app.db.reader() as conn:
        bodies = await conn.fetch(
            "SELECT body FROM outbox WHERE account_id = $1 AND type = 'Create'", ana.account_id
        )
    documents: list[dict[str, Any]] = [orjson.loads(row["body"]) for row in bodies]
    return next(each for each in documents if text in str(each))
