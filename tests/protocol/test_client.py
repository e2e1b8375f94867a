"""Fetching from peers: a document counts only at its own id, a key only in its owner's document."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from activitypub.client import Client
from activitypub.errors import Gone, Malformed, NotTrusted, Unreachable
from activitypub.nodeinfo import build_index, build_nodeinfo
from activitypub.objects import PublicKey
from activitypub.signatures.cavage import check_claim, read_claim, verify
from activitypub.signatures.keys import load_public
from activitypub.signatures.message import Message
from activitypub.vocabulary import ACCEPT, AS2
from activitypub.webfinger import build_jrd
from tests.protocol.peers import Allowlist, Peer, ap_answer, file_at, jrd_answer
from tests.protocol.people import key_of, pems

KEY = key_of("instance", "http://localhost:1/actor#main-key")


def is_signed(message: Message, peer: Peer) -> bool:
    """Say whether a peer would accept this request as one of our instance actor."""
    claim = read_claim(message)
    check_claim(message, claim, origin=peer.origin, now=datetime.now(UTC))
    assert claim.key_id == KEY.key_id
    return verify(message, claim, load_public(pems("instance")[1]))


async def test_a_fetch_is_signed_and_asks_for_activitypub(client: Client, peer: Peer) -> None:
    document = peer.document("/notes/\u00fc", type="Note")
    fetched = await client.get_document(peer.uri("/notes/\u00fc"), KEY)
    assert fetched.doc == document
    assert fetched.final_url == peer.uri("/notes/%C3%BC")
    (request,) = peer.seen
    assert request.target == "/notes/%C3%BC"
    assert request.header("accept") == ACCEPT
    assert request.header("user-agent") == "fedimmp-tests/1"
    assert is_signed(request, peer)


async def test_the_query_is_signed(client: Client, peer: Peer) -> None:
    page = {"@context": AS2, "id": peer.uri("/outbox?page=1&a%20b"), "type": "Collection"}
    peer.pages["/outbox"] = lambda _request: ap_answer(page)
    assert (await client.get_document(page["id"], KEY)).doc == page
    assert peer.seen[0].target == "/outbox?page=1&a%20b"
    assert is_signed(peer.seen[0], peer)


async def test_a_page_address_leads_to_the_document_of_its_id(client: Client, peer: Peer) -> None:
    note = peer.document("/notes/1", type="Note")
    peer.pages["/@alice/1"] = lambda _request: ap_answer(note)
    peer.redirect("/@alice/2", "/notes/1")
    for path in ("/@alice/1", "/@alice/2"):
        assert (await client.get_document(peer.uri(path), KEY)).doc == note


async def test_each_hop_is_signed_anew(client: Client, peer: Peer, other: Peer) -> None:
    other.document("/notes/1", type="Note")
    peer.redirect("/a", "/b", 301)
    peer.redirect("/b", "/c", 307)
    peer.redirect("/c", other.uri("/notes/1"), 308)
    document = await client.get_document(peer.uri("/a"), KEY)
    assert document.final_url == other.uri("/notes/1")
    assert [is_signed(request, peer) for request in peer.seen] == [True] * 3
    assert [is_signed(request, other) for request in other.seen] == [True]


async def test_redirects_end(client: Client, peer: Peer) -> None:
    peer.redirect("/loop", "/loop")
    with pytest.raises(Unreachable, match="redirects too often"):
        await client.get_document(peer.uri("/loop"), KEY)
    assert len(peer.seen) == 4


async def test_sec_022_sec_084_a_document_of_another_id(
    client: Client, peer: Peer, other: Peer, trap: Peer
) -> None:
    victim = other.document("/users/victim", type="Person", name="Victim")
    forged = victim | {"name": "Mallory"}
    peer.pages["/forged"] = lambda _request: ap_answer(forged)
    assert (await client.get_document(peer.uri("/forged"), KEY)).doc == victim
    other.redirect("/users/victim", peer.uri("/forged"))
    with pytest.raises(Malformed, match="another id"):
        await client.get_document(peer.uri("/forged"), KEY)
    other.redirect("/users/victim", trap.uri("/users/victim"))
    with pytest.raises(NotTrusted):
        await client.get_document(peer.uri("/forged"), KEY)
    peer.pages["/forged"] = lambda _request: ap_answer(victim | {"id": trap.uri("/x")})
    with pytest.raises(NotTrusted):
        await client.get_document(peer.uri("/forged"), KEY)


async def test_an_id_that_redirects_to_another_id(client: Client, peer: Peer, other: Peer) -> None:
    other.document("/notes/2", type="Note")
    claimed = {"@context": AS2, "id": other.uri("/notes/1"), "type": "Note"}
    peer.pages["/x"] = lambda _request: ap_answer(claimed)
    other.redirect("/notes/1", "/notes/2")
    with pytest.raises(Malformed, match="another id"):
        await client.get_document(peer.uri("/x"), KEY)


async def test_an_id_that_changes_at_each_look(client: Client, peer: Peer) -> None:
    def moving(request: web.Request) -> web.Response:
        return ap_answer({"@context": AS2, "id": peer.uri(request.path + "1"), "type": "Note"})

    peer.pages |= {"/n": moving, "/n1": moving}
    with pytest.raises(Malformed, match="another id"):
        await client.get_document(peer.uri("/n"), KEY)
    assert len(peer.seen) == 2
    for bad in (None, "", 5, "acct:alice@b.example"):
        peer.document("/odd", type="Note", id=bad)
        with pytest.raises(Malformed):
            await client.get_document(peer.uri("/odd"), KEY)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/activity+json",
        "Application/Activity+JSON; charset=utf-8",
        f'application/ld+json; profile="{AS2}"',
        f'application/ld+json; charset=utf-8; profile="https://x.example/ {AS2}"',
        f"application/ld+json;profile={AS2}",
    ],
)
async def test_the_two_types_of_activitypub(client: Client, peer: Peer, content_type: str) -> None:
    document = {"@context": AS2, "id": peer.uri("/1"), "type": "Note"}
    peer.pages["/1"] = lambda _request: ap_answer(document, content_type)
    assert (await client.get_document(peer.uri("/1"), KEY)).doc == document


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://x.example/"',
        f"application/json; profile={AS2}",
        "application/octet-stream",
        "image/png",
    ],
)
async def test_sec_085_other_types(client: Client, peer: Peer, content_type: str) -> None:
    document = {"@context": AS2, "id": peer.uri("/1"), "type": "Note"}
    peer.pages["/1"] = lambda _request: ap_answer(document, content_type)
    with pytest.raises(Malformed, match="ActivityPub document"):
        await client.get_document(peer.uri("/1"), KEY)


async def test_missing_gone_and_refused(client: Client, peer: Peer) -> None:
    for status in (404, 410):
        peer.pages["/x"] = lambda _request, status=status: web.Response(status=status)  # type: ignore[misc]
        with pytest.raises(Gone) as gone:
            await client.get_document(peer.uri("/x"), KEY)
        assert gone.value.status == status
    for status, header, wait in (
        (500, None, None),
        (503, "120", 120.0),
        (429, "99999999", 86_400.0),
        (401, "Tue, 24 Nov 1998 12:00:00 GMT", 0.0),
        (403, "soon", None),
        (204, None, None),
    ):
        headers = {} if header is None else {"Retry-After": header}
        peer.pages["/x"] = lambda _request, s=status, h=headers: web.Response(status=s, headers=h)  # type: ignore[misc]
        with pytest.raises(Unreachable) as refused:
            await client.get_document(peer.uri("/x"), KEY)
        assert (refused.value.status, refused.value.retry_after) == (status, wait)


async def test_a_post_and_its_tombstone(client: Client, peer: Peer) -> None:
    author = peer.uri("/users/alice")
    peer.document("/notes/1", type="Note", attributedTo=author, content="hi")
    assert (await client.get_note(peer.uri("/notes/1"), KEY)).content_html == "hi"
    peer.document("/notes/1", type="Tombstone")
    with pytest.raises(Gone, match="deleted"):
        await client.get_note(peer.uri("/notes/1"), KEY)


async def test_a_post_of_an_author_elsewhere(client: Client, peer: Peer, other: Peer) -> None:
    peer.document("/notes/1", type="Note", attributedTo=other.uri("/users/victim"))
    with pytest.raises(NotTrusted, match="different hosts"):
        await client.get_note(peer.uri("/notes/1"), KEY)


# ------------------------------------------------------------------------------------- keys


async def test_the_key_in_an_actor(client: Client, peer: Peer) -> None:
    key_id = peer.uri("/users/alice#main-key")
    peer.actor("/users/alice", publicKey=peer.key("/users/alice", key_id))
    key, actor = await client.get_key(key_id, KEY)
    assert key == PublicKey(key_id, peer.uri("/users/alice"), "PEM")
    assert actor.id == peer.uri("/users/alice")
    assert len(peer.seen) == 1


async def test_the_key_of_gotosocial(client: Client, peer: Peer) -> None:
    key_id = peer.uri("/users/alice/main-key")
    listed = peer.key("/users/alice", key_id)
    whole = peer.actor("/users/alice", publicKey=listed)
    stub = {
        name: whole[name] for name in ("@context", "id", "type", "preferredUsername", "publicKey")
    }
    peer.pages["/users/alice/main-key"] = lambda _request: ap_answer(stub)
    key, actor = await client.get_key(key_id, KEY)
    assert (key.id, actor.inbox) == (key_id, peer.uri("/users/alice/inbox"))


async def test_a_key_that_stands_alone(client: Client, peer: Peer) -> None:
    key_id = peer.uri("/keys/1")
    listed = peer.key("/users/alice", key_id)
    peer.document("/keys/1", **(listed | {"@context": "https://w3id.org/security/v1"}))
    peer.actor("/users/alice", publicKey=[listed])
    key, _ = await client.get_key(key_id, KEY)
    assert key.owner == peer.uri("/users/alice")
    peer.actor("/users/alice")
    with pytest.raises(Malformed, match="does not list"):
        await client.get_key(key_id, KEY)


async def test_sec_022_a_key_document_that_names_a_victim(client: Client, peer: Peer) -> None:
    victim_key = peer.key("/users/victim", peer.uri("/users/victim#main-key"))
    peer.actor("/users/victim", publicKey=victim_key)
    mine = peer.uri("/users/mallory#main-key")
    forged = peer.actor("/users/mallory", id=peer.uri("/users/victim"))
    forged["publicKey"] = peer.key("/users/victim", mine, "MALLORY")
    with pytest.raises(Malformed, match="does not list"):
        await client.get_key(mine, KEY)


async def test_sec_025_a_key_of_another_fragment(client: Client, peer: Peer) -> None:
    other_key = peer.key("/users/alice", peer.uri("/users/bob#main-key"))
    peer.actor("/users/alice", publicKey=other_key)
    with pytest.raises(Malformed, match="does not list"):
        await client.get_key(peer.uri("/users/alice#main-key"), KEY)


async def test_a_key_whose_owner_is_elsewhere(client: Client, peer: Peer, other: Peer) -> None:
    key_id = peer.uri("/keys/1")
    listed = peer.key("/users/alice", key_id) | {"owner": other.uri("/users/victim")}
    peer.document("/keys/1", **listed)
    other.actor("/users/victim", publicKey=listed)
    with pytest.raises(Exception, match="different hosts"):
        await client.get_key(key_id, KEY)
    peer.document("/keys/1", type="Key")
    with pytest.raises(Malformed, match="no owner"):
        await client.get_key(key_id, KEY)
    peer.pages["/keys/2"] = peer.pages["/keys/1"]
    with pytest.raises(Malformed, match="another id"):
        await client.get_key(peer.uri("/keys/2"), KEY)


async def test_sec_018_the_key_of_a_stranger(client: Client, trap: Peer) -> None:
    with pytest.raises(NotTrusted, match="not on the allowlist"):
        await client.get_key(trap.uri("/users/mallory#main-key"), KEY)


async def test_sec_026_a_key_that_redirects_to_a_stranger(
    client: Client, peer: Peer, trap: Peer
) -> None:
    peer.redirect("/users/mallory", trap.uri("/users/mallory"))
    with pytest.raises(NotTrusted, match="not on the allowlist"):
        await client.get_key(peer.uri("/users/mallory#main-key"), KEY)


async def test_the_key_of_a_deleted_actor(client: Client, peer: Peer) -> None:
    peer.pages["/users/alice"] = lambda _request: web.Response(status=410)
    with pytest.raises(Gone):
        await client.get_key(peer.uri("/users/alice#main-key"), KEY)


# -------------------------------------------------------------------------------- discovery


def handles(peer: Peer, answers: dict[str, dict[str, Any]]) -> None:
    """Let a peer answer WebFinger from a table by resource."""

    def answer(request: web.Request) -> web.Response:
        found = answers.get(request.query["resource"])
        return web.Response(status=404) if found is None else jrd_answer(found)

    peer.pages["/.well-known/webfinger"] = answer


async def test_webfinger(client: Client, peer: Peer) -> None:
    alice = peer.uri("/users/alice")
    handles(peer, {f"acct:alice@{peer.host}": build_jrd(f"alice@{peer.host}", alice)})
    assert await client.webfinger("alice", peer.host, KEY) == alice
    with pytest.raises(Gone):
        await client.webfinger("bob", peer.host, KEY)


async def test_webfinger_of_a_split_domain(client: Client, peer: Peer, other: Peer) -> None:
    alice = peer.uri("/users/alice")
    answer = build_jrd(f"alice@{other.host}", alice)
    handles(peer, {f"acct:alice@{peer.host}": answer})
    handles(other, {f"acct:alice@{other.host}": answer})
    assert await client.webfinger("alice", peer.host, KEY) == alice
    handles(other, {f"acct:alice@{other.host}": build_jrd(f"alice@{other.host}", alice + "2")})
    with pytest.raises(Malformed, match="disagree"):
        await client.webfinger("alice", peer.host, KEY)


async def test_sec_052_sec_053_webfinger_that_leads_to_a_stranger(
    client: Client, peer: Peer, trap: Peer
) -> None:
    question = f"acct:alice@{peer.host}"
    handles(peer, {question: build_jrd(f"alice@{peer.host}", trap.uri("/users/alice"))})
    with pytest.raises(NotTrusted):
        await client.webfinger("alice", peer.host, KEY)
    handles(peer, {question: build_jrd(f"alice@{trap.host}", peer.uri("/users/alice"))})
    with pytest.raises(NotTrusted):
        await client.webfinger("alice", peer.host, KEY)
    peer.redirect("/.well-known/webfinger", trap.uri("/.well-known/webfinger"))
    with pytest.raises(NotTrusted):
        await client.webfinger("alice", peer.host, KEY)
    with pytest.raises(NotTrusted):
        await client.webfinger("alice", trap.host, KEY)


async def test_nodeinfo(client: Client, peer: Peer) -> None:
    document = build_nodeinfo("2.1", software="fedimmp", software_version="1.0", name="Porto")
    peer.pages["/.well-known/nodeinfo"] = lambda _request: jrd_answer(build_index(peer.origin))
    peer.pages["/nodeinfo/2.1"] = lambda _request: ap_answer(
        document, 'application/json; profile="x"'
    )
    software = await client.nodeinfo(peer.host, KEY)
    assert (software.name, software.version) == ("fedimmp", "1.0")
    peer.pages["/nodeinfo/2.1"] = lambda _request: ap_answer(document, "text/html")
    with pytest.raises(Malformed):
        await client.nodeinfo(peer.host, KEY)


async def test_media_are_fetched_unsigned(client: Client, peer: Peer, trap: Peer) -> None:
    peer.pages["/cat.png"] = lambda _request: web.Response(
        body=b"x" * 100, content_type="image/png"
    )
    assert await file_at(client, peer.uri("/cat.png"), max_bytes=100) == (b"x" * 100, "image/png")
    assert peer.seen[0].header("signature") is None
    with pytest.raises(NotTrusted):
        await file_at(client, trap.uri("/cat.png"), max_bytes=100)


async def test_the_policy_is_asked_at_each_request(
    client: Client, peer: Peer, allowlist: Allowlist
) -> None:
    peer.document("/1", type="Note")
    await client.get_document(peer.uri("/1"), KEY)
    del allowlist.hosts[peer.host]
    with pytest.raises(NotTrusted):
        await client.get_document(peer.uri("/1"), KEY)
    assert len(peer.seen) == 1
    assert allowlist.asked == [peer.host, peer.host]
