"""Who signs: the suspended, the deleted, the unknown and the removed, in both schemes."""

import pytest
from aiohttp import web

from activitypub.signatures.multikey import multikey_of
from activitypub.vocabulary import AS2
from fedimmp.app import App
from fedimmp.services import peering
from fedimmp.workers.settle import settle
from storage import accounts
from tests.attacks.door import Door, Signing, modern_signed, post, refused
from tests.federation.foreign import Foreign, Person
from tests.federation.members import account_id, count, status_of
from tests.protocol.peers import ap_answer
from tests.protocol.people import ed25519, ed25519_pems, pems, rsa


@pytest.mark.sec("SEC-033")
async def test_suspended_and_deleted_signers(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    note = bela.note()
    for person, activity in ((bela, bela.create(note)), (caio, post(caio))):
        assert await door.send(sign(hq, person, activity)) == 202
    await settle(hq)
    bela_id, caio_id = await account_id(hq, bela.uri), await account_id(hq, caio.uri)
    async with hq.db.writer() as tx:
        await accounts.set_suspended(tx, bela_id, hq.now())
        await accounts.set_deleted(tx, caio_id, hq.now())

    assert await door.send(sign(hq, bela, post(bela))) == 403
    assert await door.send(sign(hq, caio, post(caio))) == 403
    # What takes back is still heard.
    assert await door.send(sign(hq, bela, bela.activity("Delete", note["id"]))) == 202
    await settle(hq)
    assert await status_of(hq, note["id"]) is None


@pytest.mark.sec("SEC-034")
async def test_farewell_of_a_stranger(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    ghost, mallory = Person(porto, "ghost", "ghost"), evil.person("mallory")

    message = sign(hq, ghost, ghost.activity("Delete", ghost.uri))
    assert await door.send(message) == 202
    assert porto.peer.seen == []
    assert await count(hq, "inbox") == 0
    farewell = sign(hq, mallory, mallory.activity("Delete", mallory.uri))
    await refused(door, farewell, 403)


@pytest.mark.sec("SEC-034")
async def test_farewell_of_a_known_account_whose_key_is_gone(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202
    mallory = porto.person("mallory")
    porto.peer.pages["/users/bela"] = porto.peer.pages["/gone"] = _gone
    delete = bela.activity("Delete", bela.uri)

    # Anybody can name a key that is gone; only the account's own counts.
    elsewhere = porto.peer.uri("/gone")
    assert await door.send(sign(hq, mallory, delete, key_id=elsewhere)) == 401
    assert await door.send(sign(hq, bela, delete, signer=rsa("new"))) == 202
    await settle(hq)
    async with hq.db.reader() as conn:
        account = await accounts.find_by_uri(conn, bela.uri)
    assert account is not None and account.deleted_at is not None


def _gone(_request: web.Request) -> web.Response:
    return web.Response(status=410)


@pytest.mark.sec("SEC-034")
async def test_farewell_of_a_known_account_whose_key_is_missing(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    """404 may be passing, so it proves nothing."""
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202
    del porto.peer.pages["/users/bela"]
    delete = bela.activity("Delete", bela.uri)

    assert await door.send(sign(hq, bela, delete, signer=rsa("new"))) == 401
    assert await door.send(sign(hq, bela, delete)) == 202


@pytest.mark.sec("SEC-033")
async def test_removed_peer_is_refused_at_once(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202

    await peering.remove_peer(hq, porto.host, actor="tests")

    assert await door.send(sign(hq, bela, post(bela))) == 403


async def test_a_key_document_of_its_own(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    key_id = porto.peer.uri("/keys/bela")
    key = porto.peer.key("/users/bela", key_id, pems("bela")[1])
    porto.peer.pages["/keys/bela"] = lambda _request: ap_answer({"@context": AS2, **key})

    # The actor must list the key as well.
    await refused(door, sign(hq, bela, post(bela), key_id=key_id))
    bela.document["publicKey"] = [bela.document["publicKey"], key]
    hq.inbox.failed.forget(key_id)
    assert await door.send(sign(hq, bela, post(bela), key_id=key_id)) == 202


async def test_a_key_below_its_actor(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    """GoToSocial serves an excerpt of the actor there, also to the unsigned."""
    bela = porto.person("bela")
    key_id = f"{bela.uri}/main-key"
    bela.document["publicKey"] = porto.peer.key("/users/bela", key_id, pems("bela")[1])
    kept = ("@context", "id", "type", "preferredUsername", "publicKey")
    excerpt = {name: bela.document[name] for name in kept}
    porto.peer.pages["/users/bela/main-key"] = lambda _request: ap_answer(excerpt)

    assert await door.send(sign(hq, bela, post(bela), key_id=key_id)) == 202
    assert porto.fetched("/users/bela") == 1


async def test_a_multikey(hq: App, door: Door, porto: Foreign) -> None:
    """An Ed25519 key signs after RFC 9421, at an address of its own or within its actor."""
    bela, caio = porto.person("bela"), porto.person("caio")
    for person, key_id in ((bela, porto.peer.uri("/keys/9")), (caio, f"{caio.uri}#ed25519-key")):
        multikey = {
            "id": key_id,
            "type": "Multikey",
            "controller": person.uri,
            "publicKeyMultibase": multikey_of(ed25519_pems(person.name)[1]),
        }
        person.document["assertionMethod"] = [multikey]
        context = {"@context": "https://w3id.org/security/multikey/v1"}
        porto.peer.document("/keys/9", **context, **multikey)
        signing = {"key_id": key_id, "signer": ed25519(person.name)}

        # Neither their RSA key under this id nor anybody else's is meant.
        assert await door.send(modern_signed(hq, person, post(person), key_id=key_id)) == 401
        assert await door.send(modern_signed(hq, person, post(person), **signing)) == 202
    # It proves nothing about another person.
    assert await door.send(modern_signed(hq, bela, post(bela), **signing)) == 401


async def test_one_key_id_with_two_keys(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    bela = porto.person("bela")
    own = bela.document["publicKey"]
    bela.document["publicKey"] = [own, own | {"publicKeyPem": pems("second")[1]}]

    assert await door.send(sign(hq, bela, post(bela))) == 202
    assert await door.send(sign(hq, bela, post(bela), signer=rsa("second"))) == 401
