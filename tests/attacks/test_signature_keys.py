"""Attacks on the key of a signature, in both schemes, each beside a key that is taken."""

import asyncio
import base64
from collections.abc import Callable

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from activitypub.signatures.keys import load_public
from fedimmp.app import App
from fedimmp.workers.settle import settle
from storage import accounts
from tests.attacks.door import Door, Signing, post, refused
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import count
from tests.protocol.people import pems, rsa


@pytest.mark.sec("SEC-017")
@pytest.mark.parametrize(
    "key_id",
    [
        "http://b.corp.example/users/bela#main-key",
        "file:///etc/passwd",
        "data:text/plain,key",
        "acct:bela@b.corp.example",
        "//b.corp.example/users/bela",
        "",
        "https://b.corp.example/" + "x" * 5000,
        "https://b.corp.example:0/",
        "https://b.corp.example\\@a/",
        "https://b.corp.example/" + "x" * 100_000,
    ],
)
async def test_key_ids_that_are_none(
    hq: App, door: Door, sign: Signing, porto: Foreign, key_id: str
) -> None:
    bela = porto.person("bela")

    await refused(door, sign(hq, bela, post(bela), key_id=key_id), 400, 401)

    assert porto.peer.seen == []


@pytest.mark.sec("SEC-018")
async def test_key_of_a_host_that_is_not_allowed(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    bela, mallory = porto.person("bela"), evil.person("mallory")

    await refused(door, sign(hq, mallory, post(bela)), 403)
    await refused(door, sign(hq, mallory, post(mallory)), 403)

    assert porto.peer.seen == []


@pytest.mark.sec("SEC-020")
async def test_somebody_elses_activity(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")

    await refused(door, sign(hq, bela, post(caio)))
    async with foreign() as osaka:
        await allow(hq, osaka)
        await refused(door, sign(hq, bela, post(osaka.person("dora"))))
    assert await door.send(sign(hq, caio, post(caio))) == 202


@pytest.mark.sec("SEC-021")
async def test_several_actors(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    both = post(bela) | {"actor": [bela.uri, caio.uri]}
    dressed = post(bela) | {"actor": {"id": bela.uri, "name": "The boss"}}

    await refused(door, sign(hq, bela, both), 400)
    assert await door.send(sign(hq, bela, dressed)) == 202
    await settle(hq)
    async with hq.db.reader() as conn:
        account = await accounts.find_by_uri(conn, bela.uri)
    assert account is not None and account.display_name == ""


@pytest.mark.sec("SEC-022")
async def test_key_document_claims_another_id(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela, mallory = porto.person("bela"), porto.person("mallory")
    forged = bela.document | {
        "publicKey": porto.peer.key("/users/bela", f"{bela.uri}#x", pems("mallory")[1]),
    }
    porto.peer.document("/users/mallory", **forged)
    claim = porto.peer.uri("/users/mallory#x")

    await refused(door, sign(hq, bela, post(bela), key_id=claim, signer=rsa(mallory.key_name)))
    # Nothing of the forgery was believed: it is Bela's own key that speaks for her, and no other.
    await refused(door, sign(hq, bela, post(bela), signer=rsa(mallory.key_name)))
    hq.inbox.refetched.forget(bela.uri)
    assert await door.send(sign(hq, bela, post(bela))) == 202


@pytest.mark.sec("SEC-024")
async def test_second_key_of_another_owner(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela, mallory = porto.person("bela"), porto.person("mallory")
    own = mallory.document["publicKey"]
    stolen = porto.peer.key("/users/bela", f"{mallory.uri}#second", pems("second")[1])
    mallory.document["publicKey"] = [own, stolen]
    second = {"key_id": f"{mallory.uri}#second", "signer": rsa("second")}

    await refused(door, sign(hq, bela, post(bela), **second))
    await refused(door, sign(hq, mallory, post(mallory), **second))
    assert await door.send(sign(hq, mallory, post(mallory))) == 202


@pytest.mark.sec("SEC-025")
async def test_key_id_of_another_document(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    bela.document["publicKey"]["id"] = f"{caio.uri}#main-key"

    await refused(door, sign(hq, bela, post(bela)))


@pytest.mark.sec("SEC-026")
async def test_key_id_redirects(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    bela, mallory = porto.person("bela"), evil.person("mallory")
    porto.peer.redirect("/away", mallory.uri)
    porto.peer.redirect("/moved", bela.uri)
    porto.peer.redirect("/loop", "/loop")
    away, moved, loop = (porto.peer.uri(path) for path in ("/away", "/moved", "/loop"))

    await refused(door, sign(hq, bela, post(bela), key_id=away), 401, 403)
    # The key that is found there has another id than the one that was claimed.
    await refused(door, sign(hq, bela, post(bela), key_id=moved))
    for _ in range(3):
        await refused(door, sign(hq, bela, post(bela), key_id=loop), 503)
    assert porto.fetched("/loop") == 4
    # The same way is fine where the document at its end lists the key under that address.
    listed = porto.peer.uri("/listed")
    porto.peer.redirect("/listed", bela.uri)
    bela.document["publicKey"]["id"] = listed
    assert await door.send(sign(hq, bela, post(bela), key_id=listed)) == 202


@pytest.mark.sec("SEC-028")
async def test_rotated_key(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202
    bela.lists_key("new")
    bela.key_name = "new"

    assert await door.send(sign(hq, bela, post(bela))) == 202
    assert porto.fetched("/users/bela") == 2


@pytest.mark.sec("SEC-028")
async def test_a_key_that_its_owner_announced(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    """An Update that the old key signed brings the new one; from then on the old one is void."""
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202
    bela.lists_key("new")
    assert await door.send(sign(hq, bela, bela.update(bela.document))) == 202
    await settle(hq)
    seen = porto.fetched("/users/bela")

    assert await door.send(sign(hq, bela, post(bela), signer=rsa("new"))) == 202
    assert porto.fetched("/users/bela") == seen
    assert await door.send(sign(hq, bela, post(bela))) == 401


@pytest.mark.sec("SEC-028")
async def test_wrong_signatures_cause_one_fetch(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202

    for _ in range(20):
        assert await door.send(sign(hq, bela, post(bela), signer=rsa("mallory"))) == 401

    assert porto.fetched("/users/bela") == 2
    assert await door.send(sign(hq, bela, post(bela))) == 202


@pytest.mark.sec("SEC-028")
async def test_a_refetch_that_failed_is_tried_again(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    assert await door.send(sign(hq, bela, post(bela))) == 202
    page = porto.peer.pages["/users/bela"]
    porto.peer.pages["/users/bela"] = lambda _request: web.Response(status=500)
    bela.lists_key("new")
    bela.key_name = "new"

    assert await door.send(sign(hq, bela, post(bela))) == 503
    porto.peer.pages["/users/bela"] = page
    hq.inbox.failed.forget(bela.key.key_id)
    assert await door.send(sign(hq, bela, post(bela))) == 202


@pytest.mark.sec("SEC-028")
async def test_many_keys_that_nobody_has(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela = porto.person("bela")
    names = [f"ghost{number}" for number in range(120)]
    ghosts = [Person(porto, name, "ghost") for name in names]
    messages = [sign(hq, ghost, post(ghost)) for ghost in ghosts]

    statuses = [await door.send(message) for message in messages]

    assert statuses == [401] * 100 + [503] * 20
    assert sum(porto.fetched(f"/users/{name}") for name in names) == 100
    assert await count(hq, "inbox") == 0
    hq.inbox.fruitless.refund(porto.host)
    assert await door.send(sign(hq, bela, post(bela))) == 202


@pytest.mark.sec("SEC-028")
async def test_unknown_key_is_fetched_once_for_all(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    bela, ghost = porto.person("bela"), Person(porto, "ghost", "ghost")
    posts = [sign(hq, bela, post(bela)) for _ in range(10)]
    assert set(await asyncio.gather(*map(door.send, posts))) == {202}
    assert porto.fetched("/users/bela") == 1

    for _ in range(10):
        assert await door.send(sign(hq, ghost, post(ghost))) == 401
    assert porto.fetched("/users/ghost") == 1


def _rsa_pem(bits: int, exponent: int = 65537) -> str:
    # Whether the modulus is a product of primes is nothing that a reader could see.
    key = RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _pem_with_exponent_one() -> str:
    key = RSAPublicNumbers(3, 2**2048 - 1).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    encoded = base64.encodebytes(der[:-1] + b"\x01").decode()
    return f"-----BEGIN PUBLIC KEY-----\n{encoded}-----END PUBLIC KEY-----\n"


def _ec_pem() -> str:
    key = generate_ec(SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.sec("SEC-029")
@pytest.mark.parametrize(
    "pem",
    [
        lambda: _rsa_pem(512),
        lambda: _rsa_pem(1024),
        lambda: _rsa_pem(16_384),
        lambda: _rsa_pem(2048, exponent=2**64 + 1),
        _pem_with_exponent_one,
        _ec_pem,
        lambda: "-----BEGIN PUBLIC KEY-----\nZ2FyYmFnZQ==\n-----END PUBLIC KEY-----\n",
        lambda: "",
        lambda: "x" * 100_000,
    ],
)
async def test_unusable_keys(
    hq: App, door: Door, sign: Signing, porto: Foreign, pem: Callable[[], str]
) -> None:
    bela = porto.person("bela")
    bela.document["publicKey"]["publicKeyPem"] = pem()

    await refused(door, sign(hq, bela, post(bela)))


@pytest.mark.sec("SEC-029")
async def test_usable_keys(hq: App, door: Door, sign: Signing, porto: Foreign) -> None:
    bela = porto.person("bela")
    public = load_public(pems("bela")[1])
    pkcs1 = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    bela.document["publicKey"]["publicKeyPem"] = pkcs1

    assert "RSA PUBLIC KEY" in pkcs1
    assert await door.send(sign(hq, bela, post(bela))) == 202
