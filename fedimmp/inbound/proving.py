"""Who speaks in an activity: the signer of the request, or an actor whose proof it carries.

A proof (FEP-8b32) is judged on the document as it came. Linked-data signatures are never looked at:
an activity that somebody else delivers with nothing but one of them is refused.
"""

from activitypub import ownership
from activitypub.documents import parse_document
from activitypub.errors import NotAuthentic, ProtocolError
from activitypub.objects import Activity
from activitypub.properties import time_of, type_of
from activitypub.signatures.proofs import Proof, read_proof, verify_proof
from activitypub.vocabulary import ACTOR_TYPES
from fedimmp.app import App
from fedimmp.errors import Refusal, Unauthorized
from fedimmp.inbound.authenticate import Signer, find_key, learn_key, owner_of, parsed_key
from storage.account_keys import PublicKey

# What somebody else may deliver. A proof has no recipient and hardly an age, so only that is taken
# which does no harm when it comes again years later, after other things were said.
_FORWARDED = frozenset({"Create", "Update", "Delete"})
_PRESENT_ONLY = (*ACTOR_TYPES, "Question")


async def find_author(app: App, body: bytes, activity: Activity, signer: Signer) -> Signer:
    """Return who speaks in an activity: the signer, or its actor where a proof says so.

    Raises Unauthorized where that is nobody, or where a proof is wrong, even though the signer is
    the actor; Forbidden for an actor who is not welcome; Unavailable while the key of a forwarded
    activity cannot be fetched.
    """
    try:
        proof = _read(app, body)
        if activity.actor == signer.account_uri:
            ownership.check_activity_owner(activity, signer.account_uri)
            if proof is not None:
                await _check_own(app, activity, proof)
            return signer
        if proof is None or not _may_be_forwarded(activity):
            raise NotAuthentic("The signer is not the actor of the activity.")
        return await _prove_actor(app, activity, proof)
    except ProtocolError as error:
        raise Unauthorized(str(error)) from error


def _read(app: App, body: bytes) -> Proof | None:
    # Most activities have none. Whoever hides the word behind escapes has none either.
    return read_proof(parse_document(body), app.now()) if b'"proof"' in body else None


def _may_be_forwarded(activity: Activity) -> bool:
    if activity.type != "Update":
        return activity.type in _FORWARDED
    match activity.object:
        case dict() as document:
            # A former description of an actor would bring back its former keys, a former poll its
            # counts, and what bears no time would count as made now.
            kind = type_of(document, _PRESENT_ONLY)
            return kind not in _PRESENT_ONLY and time_of(document.get("updated")) is not None
        case _:
            return isinstance(activity.object, str)


async def _check_own(app: App, activity: Activity, proof: Proof) -> None:
    """Raise NotAuthentic for a proof that is wrong; a key that cannot be had proves nothing."""
    ownership.check_proof_key(activity, proof.key_id)
    known = app.inbox.keys.get(proof.key_id)
    if known is None:
        try:
            known = await _known(app, proof)
        except Refusal:
            return
    known = await _check(app, activity, proof, known)
    app.inbox.keys.put(known.key_id, known)


async def _prove_actor(app: App, activity: Activity, proof: Proof) -> Signer:
    ownership.check_proof_key(activity, proof.key_id)
    known = await _check(app, activity, proof, await _known(app, proof))
    ownership.check_activity_owner(activity, known.account_uri)
    return owner_of(app, known)


async def _known(app: App, proof: Proof) -> PublicKey:
    return await find_key(app, proof.key_id) or await learn_key(app, proof.key_id, None)


async def _check(app: App, activity: Activity, proof: Proof, known: PublicKey) -> PublicKey:
    """Return the key that made the proof, fetched anew once where the known one does not fit."""
    if not verify_proof(proof, parsed_key(app, known.public_pem)):
        known = await learn_key(app, proof.key_id, known)
        if not verify_proof(proof, parsed_key(app, known.public_pem)):
            raise NotAuthentic("The proof of the activity does not match the key.")
    ownership.check_proof_owner(activity, known.account_uri)
    return known
