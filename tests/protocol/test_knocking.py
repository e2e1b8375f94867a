"""Signing for peers that take one scheme only: found out, remembered, and set where it is known."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web

from activitypub.client import Client
from activitypub.errors import Unreachable
from activitypub.policy import Trust
from activitypub.signatures.keys import load_public
from activitypub.signatures.knocking import Choice, Knocking
from activitypub.signatures.message import Message
from activitypub.signatures.requests import check_claim, read_claim, verify
from tests.protocol.peers import LOOPBACK, Allowlist, Peer, ap_answer
from tests.protocol.people import key_of, pems

KEY = key_of("instance", "http://localhost:1/actor#main-key")
BODY = b'{"type":"Like"}'


def schemes(peer: Peer) -> list[str]:
    """Return how each request that reached the peer was signed; each signature is right."""
    return [_scheme(message, peer) for message in peer.seen]


def _scheme(message: Message, peer: Peer) -> str:
    claim = read_claim(message)
    check_claim(message, claim, origin=peer.origin, now=datetime.now(UTC))
    assert verify(message, claim, load_public(pems("instance")[1]), origin=peer.origin)
    return claim.scheme


def only(taken: str, refusal: int = 401) -> Callable[[web.Request], web.Response]:
    """Return a page that knows one scheme."""

    def page(request: web.Request) -> web.Response:
        scheme = "rfc9421" if "Signature-Input" in request.headers else "cavage"
        if scheme == taken:
            return web.Response(status=202)
        challenge = {"Accept-Signature": 'sig1=("@method" "@target-uri");nonce="n"'}
        return web.Response(status=refusal, text=f"no {scheme}", headers=challenge)

    return page


async def test_draft_cavage_comes_first(client: Client, peer: Peer) -> None:
    peer.pages["/inbox"] = only("cavage")
    answer = await client.deliver(peer.uri("/inbox"), BODY, KEY)
    assert answer.status == 202
    assert schemes(peer) == ["cavage"]


@pytest.mark.parametrize("refusal", [400, 401])
async def test_a_delivery_knocks_twice_and_remembers(
    client: Client, peer: Peer, other: Peer, refusal: int
) -> None:
    peer.pages["/inbox"] = only("rfc9421", refusal)
    other.pages["/inbox"] = only("cavage")
    for _ in range(3):
        assert (await client.deliver(peer.uri("/inbox"), BODY, KEY)).status == 202
        assert (await client.deliver(other.uri("/inbox"), BODY, KEY)).status == 202
    assert schemes(peer) == ["cavage", "rfc9421", "rfc9421", "rfc9421"]
    assert schemes(other) == ["cavage"] * 3

    peer.pages["/inbox"] = only("cavage", refusal)
    for _ in range(2):
        assert (await client.deliver(peer.uri("/inbox"), BODY, KEY)).status == 202
    assert schemes(peer)[4:] == ["rfc9421", "cavage", "cavage"]


async def test_a_peer_that_takes_neither_is_not_asked_twice_each_time(
    client: Client, peer: Peer
) -> None:
    peer.pages["/inbox"] = only("nothing")
    for _ in range(3):
        answer = await client.deliver(peer.uri("/inbox"), BODY, KEY)
        assert (answer.status, answer.error) == (401, "Status 401: no cavage")
    assert schemes(peer) == ["cavage", "rfc9421", "cavage", "cavage"]


@pytest.mark.parametrize("status", [202, 403, 404, 410, 429, 500, 503])
async def test_other_answers_do_not_doubt_the_signature(
    client: Client, peer: Peer, status: int
) -> None:
    peer.pages["/inbox"] = lambda _request: web.Response(status=status)
    assert (await client.deliver(peer.uri("/inbox"), BODY, KEY)).status == status
    assert schemes(peer) == ["cavage"]


async def test_a_fetch_knocks_twice_at_each_hop(client: Client, peer: Peer, other: Peer) -> None:
    document = peer.document("/notes/1", type="Note")
    modern, classic = only("rfc9421"), only("cavage")

    def page(request: web.Request) -> web.StreamResponse:
        refusal = modern(request)
        return refusal if refusal.status != 202 else ap_answer(document)

    def moved(request: web.Request) -> web.StreamResponse:
        refusal = classic(request)
        if refusal.status != 202:
            return refusal
        return web.Response(status=302, headers={"Location": peer.uri("/notes/1")})

    peer.pages["/notes/1"] = page
    other.pages["/old"] = moved
    found = await client.get_document(other.uri("/old"), KEY)

    assert found.doc["id"] == peer.uri("/notes/1")
    assert schemes(other) == ["cavage"]
    assert schemes(peer) == ["cavage", "rfc9421"]
    await client.get_document(peer.uri("/notes/1"), KEY)
    assert schemes(peer) == ["cavage", "rfc9421", "rfc9421"]


async def test_a_fetch_that_is_refused_twice_is_refused(client: Client, peer: Peer) -> None:
    peer.pages["/notes/1"] = only("nothing")
    with pytest.raises(Unreachable, match="status 401") as refused:
        await client.get_document(peer.uri("/notes/1"), KEY)
    assert refused.value.status == 401
    assert schemes(peer) == ["cavage", "rfc9421"]


@pytest.mark.parametrize("choice", ["cavage", "rfc9421"])
async def test_an_administrator_may_choose(
    client: Client, peer: Peer, allowlist: Allowlist, choice: Choice
) -> None:
    allowlist.hosts[peer.host] = Trust(peer.host, LOOPBACK, choice)
    peer.pages["/inbox"] = only("nothing")
    assert (await client.deliver(peer.uri("/inbox"), BODY, KEY)).status == 401
    with pytest.raises(Unreachable):
        await client.get_document(peer.uri("/inbox"), KEY)
    assert schemes(peer) == [choice, choice]


def test_what_was_learned_is_forgotten_after_a_day() -> None:
    now = [0.0]
    knocking = Knocking(lambda: now[0])
    knocking.learn("b.example", "rfc9421", 202)
    knocking.learn("c.example", "rfc9421", 401)
    knocking.learn("d.example", "rfc9421", 503)
    assert knocking.schemes("b.example", "auto") == ("rfc9421", "cavage")
    assert knocking.schemes("b.example", "cavage") == ("cavage",)
    assert knocking.schemes("c.example", "auto") == ("cavage",)
    assert knocking.schemes("d.example", "auto") == ("cavage", "rfc9421")
    now[0] = 601
    assert knocking.schemes("c.example", "auto") == ("cavage", "rfc9421")
    now[0] = 86_401
    assert knocking.schemes("b.example", "auto") == ("cavage", "rfc9421")


def test_what_is_remembered_is_bounded() -> None:
    knocking = Knocking()
    for number in range(3_000):
        knocking.learn(f"h{number}.example", "rfc9421", 200)
    assert knocking.schemes("h0.example", "auto") == ("cavage", "rfc9421")
    assert knocking.schemes("h2999.example", "auto") == ("rfc9421", "cavage")
