"""Integrity proofs and linked-data signatures of an allowed but malicious office."""

import base64
import hashlib
from typing import Any

import pytest
from pyld import jsonld

from activitypub.contexts import TERMS
from activitypub.signatures.keys import SigningKey, make_signature, signing_key
from activitypub.signatures.multibase import encode_base58
from activitypub.signatures.multikey import multikey_of
from activitypub.signatures.proofs import prove, signed_bytes
from activitypub.vocabulary import AS2
from tests.attacks.delivering import deliver
from tests.attacks.door import Door
from tests.federation.foreign import Foreign, Person, allow, foreign, stamp
from tests.federation.members import account_id, count, member, status_of
from tests.protocol.people import ed25519_pems, rsa

IDENTITY = {
    "creator": {"@id": "http://purl.org/dc/terms/creator", "@type": "@id"},
    "created": {
        "@id": "http://purl.org/dc/terms/created",
        "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
    },
}
CREATED = "2026-11-01T00:00:00Z"


def key_of(person: Person) -> SigningKey:
    return signing_key(f"{person.uri}#ed25519-key", ed25519_pems(person.name)[0])


def proving(office: Foreign, name: str) -> Person:
    """Let somebody work there whose document lists an Ed25519 key."""
    person = office.person(name)
    person.document["assertionMethod"] = [
        {
            "id": f"{person.uri}#ed25519-key",
            "type": "Multikey",
            "controller": person.uri,
            "publicKeyMultibase": multikey_of(ed25519_pems(name)[1]),
        }
    ]
    return person


def proved(person: Person, activity: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an activity with the person's proof; what is changed in it is signed, too."""
    key = key_of(person)
    done = prove(activity, key, CREATED)
    if changes:
        proof = done["proof"] | changes
        del proof["proofValue"]
        signature = make_signature(key.private, signed_bytes(done, proof))
        done["proof"] = proof | {"proofValue": encode_base58(signature)}
    return done


def _linked_data_signed(person: Person, activity: dict[str, Any]) -> dict[str, Any]:
    """Return an activity with a signature as Mastodon makes it (RsaSignature2017)."""

    def load(url: str, _options: Any) -> dict[str, Any]:
        return {"document": {"@context": TERMS}, "documentUrl": url, "contextUrl": None}

    def hashed(document: dict[str, Any]) -> str:
        options = {"format": "application/n-quads", "documentLoader": load}
        quads = str(jsonld.normalize(document, options))
        assert quads
        return hashlib.sha256(quads.encode()).hexdigest()

    how = {"creator": f"{person.uri}#main-key", "created": CREATED}
    string = (hashed({"@context": IDENTITY} | how) + hashed(activity)).encode()
    value = base64.b64encode(rsa(person.key_name)(string)).decode()
    return activity | {"signature": {"type": "RsaSignature2017", "signatureValue": value} | how}


async def test_a_proof_of_the_sender_is_checked(door: Door, porto: Foreign) -> None:
    bela = proving(porto, "bela")
    note = bela.note()

    await deliver(door, bela, proved(bela, bela.create(note)))
    assert await status_of(door.app, note["id"]) is not None

    forged = proved(bela, bela.create(bela.note("One")))
    forged["object"] = forged["object"] | {"content": "<p>Two</p>"}
    await deliver(door, bela, forged, answer=401)
    assert await count(door.app, "statuses") == 1


@pytest.mark.sec("SEC-110")
@pytest.mark.parametrize("kind", ["host", "neighbour", "purpose", "two", "context", "time"])
async def test_110_proofs_that_prove_nothing(
    door: Door, porto: Foreign, evil: Foreign, kind: str
) -> None:
    bela, caio, mallory = proving(porto, "bela"), proving(porto, "caio"), proving(evil, "mallory")
    for person in (bela, caio):
        await person.send(door.app, person.create(person.note()))
    activity = bela.create(bela.note())
    good = proved(bela, activity)
    forged = {
        "host": proved(mallory, activity),
        "neighbour": proved(caio, activity),
        "purpose": proved(bela, activity, proofPurpose="authentication"),
        "two": good | {"proof": [good["proof"], good["proof"]]},
        "context": proved(bela, activity, **{"@context": [AS2]}),
        "time": proved(bela, activity, created="2099-01-01T00:00:00Z"),
    }
    before = len(porto.peer.seen)

    await deliver(door, bela, forged[kind], answer=401)
    await deliver(door, caio, forged[kind], answer=401)

    assert await count(door.app, "statuses") == 2
    # A known key that does not fit is asked for once more, and only at its own office.
    assert len(porto.peer.seen) - before <= 1
    await deliver(door, bela, good)


@pytest.mark.sec("SEC-110")
async def test_110_a_context_that_was_added_afterwards(door: Door, porto: Foreign) -> None:
    bela = proving(porto, "bela")
    forged = proved(bela, bela.create(bela.note()))
    forged["@context"] = [forged["@context"], {"summary": "as:content"}]

    await deliver(door, bela, forged, answer=401)
    assert await count(door.app, "statuses") == 0


async def test_a_proof_that_nobody_here_can_judge_is_no_proof(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), proving(porto, "caio")
    unknown = proved(caio, caio.create(caio.note()), cryptosuite="eddsa-rdfc-2022")
    unlisted = proved(bela, bela.create(bela.note()))

    await deliver(door, caio, unknown)
    await deliver(door, bela, unlisted)
    fetched = len(porto.peer.seen)
    await deliver(door, bela, proved(bela, bela.create(bela.note())))

    assert await count(door.app, "statuses") == 3
    assert len(porto.peer.seen) == fetched, "a key that is not there was asked for again"
    # And none of them is enough where somebody else delivers.
    await deliver(door, caio, proved(bela, bela.create(bela.note())), answer=401)
    other = proved(caio, caio.create(caio.note()), cryptosuite="eddsa-rdfc-2022")
    await deliver(door, bela, other, answer=401)


async def test_a_proved_post_may_be_forwarded(door: Door, porto: Foreign) -> None:
    async with foreign() as osaka:
        await allow(door.app, osaka)
        bela, kenji = porto.person("bela"), proving(osaka, "kenji")
        note = kenji.note()
        create = proved(kenji, kenji.create(note))

        await deliver(door, bela, create | {"object": note | {"content": "!"}}, answer=401)
        await deliver(door, bela, create)
        await deliver(door, bela, create)
        edited = note | {"content": "<p>Edited</p>", "updated": stamp()}
        await deliver(door, bela, proved(kenji, kenji.update(edited)))

        stored = await status_of(door.app, note["id"])
        assert stored is not None
        assert stored.account_id == await account_id(door.app, kenji.uri)
        assert stored.content == "<p>Edited</p>"
        assert await count(door.app, "statuses") == 1

        gone = proved(kenji, kenji.activity("Delete", note["id"]))
        await deliver(door, bela, gone | {"id": kenji.fresh("delete")}, answer=401)
        await deliver(door, bela, gone)
        assert await status_of(door.app, note["id"]) is None
        # Whoever kept the old Create cannot bring the post back with it.
        await deliver(door, bela, create | {"id": kenji.fresh("create")}, answer=401)
        await deliver(door, bela, create)
        assert await count(door.app, "statuses") == 0


@pytest.mark.sec("SEC-020", "SEC-066", "SEC-069")
async def test_020_what_may_not_be_forwarded(door: Door, porto: Foreign) -> None:
    ana = await member(door.app, "ana")
    bela, caio = porto.person("bela"), proving(porto, "caio")
    for activity in (
        caio.activity("Follow", ana.uri),
        caio.activity("Undo", caio.activity("Follow", ana.uri)),
        caio.update(caio.document | {"name": "Former"}),
        caio.update(caio.note(type="Question", oneOf=[{"name": "Tea"}], updated=stamp())),
        caio.update(caio.note("of no known time")),
        caio.activity("Like", bela.fresh("notes")),
        caio.activity("Block", ana.uri),
        caio.activity("Accept", bela.fresh("follow")),
    ):
        await deliver(door, bela, proved(caio, activity), answer=401)
        await deliver(door, bela, activity, answer=401)

    assert await count(door.app, "inbox") == 0
    assert await count(door.app, "follows") == 0


async def test_a_forwarded_post_of_somebody_unwelcome(
    door: Door, porto: Foreign, evil: Foreign
) -> None:
    bela, caio, mallory = porto.person("bela"), proving(porto, "caio"), proving(evil, "mallory")
    await caio.send(door.app, caio.create(caio.note()))
    async with door.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE uri = $1", caio.uri)

    await deliver(door, bela, proved(mallory, mallory.create(mallory.note())), answer=403)
    await deliver(door, bela, proved(caio, caio.create(caio.note())), answer=403)
    assert await count(door.app, "statuses") == 1


@pytest.mark.sec("SEC-109")
async def test_109_a_linked_data_signature_is_ignored(door: Door, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    await deliver(door, caio, caio.create(caio.note()))
    note = caio.note()
    activity = _linked_data_signed(caio, caio.create(note))

    # It is right, and yet nobody but Caio may bring what he says.
    await deliver(door, bela, activity, answer=401)
    assert await status_of(door.app, note["id"]) is None
    assert porto.fetched(note["id"].removeprefix(porto.peer.origin)) == 0
    for changes in ({"expires": CREATED}, {"signatureValue": "AAAA"}, {}):
        await deliver(door, caio, activity | {"signature": activity["signature"] | changes})
    assert await count(door.app, "statuses") == 2


@pytest.mark.sec("SEC-106")
async def test_106_a_poison_graph_is_never_canonicalised(
    door: Door, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_args: object, **_options: object) -> None:
        raise AssertionError("a stranger's document was canonicalised")

    monkeypatch.setattr("pyld.jsonld.normalize", explode)
    bela = porto.person("bela")
    nodes = [
        {"id": f"_:b{one}", "as:next": [{"id": f"_:b{two}"} for two in range(8) if two != one]}
        for one in range(8)
    ]
    signature = {"type": "RsaSignature2017", "creator": bela.uri, "signatureValue": "AAAA"}
    activity = bela.create(bela.note()) | {"as:poison": nodes, "signature": signature}

    await deliver(door, bela, activity)
    assert await count(door.app, "statuses") == 1


@pytest.mark.sec("SEC-108")
@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse", "@nest"])
async def test_108_keywords_that_rearrange_a_document(
    door: Door, porto: Foreign, keyword: str
) -> None:
    bela, caio = proving(porto, "bela"), proving(porto, "caio")
    inner = bela.create(bela.note())
    for courier, author in ((bela, bela), (caio, bela)):
        for outer in (
            inner | {keyword: [inner]},
            inner | {"object": inner["object"] | {keyword: {}}},
        ):
            await deliver(door, courier, proved(author, outer), answer=400)

    for term in ("@import", "@propagate"):
        odd = inner | {"@context": [AS2, {term: True}]}
        await deliver(door, bela, proved(bela, odd), answer=400)
    assert await count(door.app, "statuses") == 0
