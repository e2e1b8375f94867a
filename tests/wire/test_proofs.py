"""Integrity proofs on what our people say to everybody, as a stranger to our code checks them."""

import hashlib
from typing import Any

import orjson
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activitypub.signatures.multibase import decode_base58
from fedimmp.services import interacting, posting
from fedimmp.services.drafts import Draft
from storage.accounts import Account
from tests.wire.offices import Office, settled


async def sent(office: Office, author: Account) -> list[dict[str, Any]]:
    """Return what somebody sent, the oldest first."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT body FROM outbox WHERE account_id = $1 ORDER BY id", author.id
        )
    return [orjson.loads(row["body"]) for row in rows]


async def known(hq: Office, porto: Office) -> str:
    """Return how somebody of the other office, who is known here, is mentioned."""
    rui = await porto.member("rui")
    await porto.post(rui, "Hello")
    await settled(porto, hq)
    return f"@{rui.username}@{porto.host}"


async def check(office: Office, document: dict[str, Any], author: Account) -> None:
    """Verify a proof by nothing but the author's document and the standards."""
    bare = (await office.get(author.uri)).json
    keys = {key["id"]: key for key in bare["assertionMethod"]}
    proof = dict(document["proof"])
    signature = decode_base58(proof.pop("proofValue"))
    key = keys[proof["verificationMethod"]]
    assert key["controller"] == author.uri
    plain = {name: value for name, value in document.items() if name != "proof"}
    assert "https://w3id.org/security/data-integrity/v1" in document["@context"]
    signed = b"".join(hashlib.sha256(rfc8785.dumps(each)).digest() for each in (proof, plain))
    public = Ed25519PublicKey.from_public_bytes(decode_base58(key["publicKeyMultibase"])[2:])
    public.verify(signature, signed)
    assert proof.pop("@context") == document["@context"]
    assert set(proof) == {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose"}
    assert (proof["type"], proof["cryptosuite"]) == ("DataIntegrityProof", "eddsa-jcs-2022")
    assert proof["proofPurpose"] == "assertionMethod"


async def test_a_public_post_carries_proofs_wherever_it_is_seen(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    await hq.post(ana, "Olá \U0001f600", visibility="public")

    (create,) = await sent(hq, ana)
    note = create["object"]
    await check(hq, create, ana)
    await check(hq, note, ana)
    assert note["proof"]["created"] == note["published"][:19] + "Z"

    # The same revision has the same bytes, today and tomorrow.
    assert (await hq.get(note["id"], signed_by=porto)).json == note
    assert (await hq.get(create["id"], signed_by=porto)).json == create


async def test_an_unlisted_post_and_its_edit(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await known(hq, porto)
    post = await hq.post(ana, f"{rui} one", visibility="unlisted")
    await posting.edit(hq.app, ana.id, post, Draft(text=f"{rui} two", visibility="unlisted"))

    create, update = await sent(hq, ana)
    for activity in (create, update):
        await check(hq, activity, ana)
        await check(hq, activity["object"], ana)
    assert update["object"]["proof"]["created"] == update["object"]["updated"][:19] + "Z"
    assert create["object"]["proof"] != update["object"]["proof"]
    assert (await hq.get(create["object"]["id"], signed_by=porto)).json == update["object"]


async def test_a_boost_its_end_and_a_deletion(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    post = await hq.post(ana, "One")
    await interacting.boost(hq.app, bob.id, post)
    await interacting.unboost(hq.app, bob.id, post)
    await posting.delete(hq.app, ana.id, post)

    kinds = []
    for author in (ana, bob):
        for activity in await sent(hq, author):
            kinds.append(activity["type"])
            await check(hq, activity, author)
    assert kinds == ["Create", "Delete", "Announce", "Undo"]


async def test_what_is_for_some_proves_nothing_to_others(hq: Office, porto: Office) -> None:
    ana, rui = await hq.member("ana"), await known(hq, porto)
    await hq.post(ana, f"{rui} psst", visibility="private")
    await hq.post(ana, f"{rui} psst", visibility="direct")

    activities = await sent(hq, ana)
    assert len(activities) == 2
    for activity in activities:
        assert "proof" not in activity
        assert "proof" not in activity["object"]
