"""Integrity proofs: a signature inside a document, whoever delivers it (FEP-8b32).

One cryptosuite is spoken, eddsa-jcs-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0, 3.3). A proof
covers the document as it came, before anything is normalised. Linked-data signatures, in the
property `signature`, are never looked at.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from activitypub.errors import Malformed, NotAuthentic
from activitypub.properties import listed, time_of
from activitypub.signatures.canonical import canonical_json
from activitypub.signatures.keys import SigningKey, VerifyKey, made_by
from activitypub.signatures.multibase import decode_base58, encode_base58
from activitypub.uris import check_http_uri

Json = dict[str, Any]

CRYPTOSUITE: Final = "eddsa-jcs-2022"
_TYPE: Final = "DataIntegrityProof"
_PURPOSE: Final = "assertionMethod"
_SIGNATURE_BYTES: Final = 64
_CLOCK_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that is well-formed and in its time: which key, and what it must have signed."""

    key_id: str
    signed: bytes
    signature: bytes


def prove(document: Json, key: SigningKey, created: str) -> Json:
    """Return the document with a proof in place of any it had; created is an XSD dateTime.

    The same document, key and time give the same bytes (RFC 8032). Raises Malformed for a key that
    is not Ed25519.
    """
    if not isinstance(key.private, Ed25519PrivateKey):
        raise Malformed("Proofs are made with Ed25519 keys only.")
    proof: Json = {
        "type": _TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": key.key_id,
        "proofPurpose": _PURPOSE,
    }
    if "@context" in document:
        # The standard takes it from the proof where it verifies, Fedify from the document.
        proof["@context"] = document["@context"]
    signature = key.private.sign(signed_bytes(document, proof))
    return document | {"proof": proof | {"proofValue": encode_base58(signature)}}


def read_proof(document: Json, now: datetime) -> Proof | None:
    """Return the proof of a document, None without one or where it cannot be judged here.

    That is one of another cryptosuite, or of a key that is named by a DID, which no actor lists.
    document is what was sent, before normalising. Raises NotAuthentic for a proof that can hold for
    nobody: several at once, another purpose, another @context, a wrong time, broken parts.
    """
    proofs = listed(document.get("proof"))
    if not proofs:
        return None
    if len(proofs) != 1:
        raise NotAuthentic("A document must not have several proofs.")
    proof = proofs[0]
    if not isinstance(proof, dict):
        raise NotAuthentic("The proof of the document is malformed.")
    if proof.get("type") != _TYPE or proof.get("cryptosuite") != CRYPTOSUITE:
        return None
    method = proof.get("verificationMethod")
    if isinstance(method, str) and method.startswith("did:"):
        return None
    _check_options(document, proof, now)
    try:
        key_id = check_http_uri(method)
        signature = _read_signature(proof.get("proofValue"))
        return Proof(key_id, signed_bytes(document, proof), signature)
    except Malformed as error:
        raise NotAuthentic(f"The proof of the document is malformed: {error}") from error


def signed_bytes(document: Json, proof: Json) -> bytes:
    """Return the two hashes that a proof signs: of its own options, then of the document."""
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    # An older signature beside the proof was added without regard to it.
    plain = {name: value for name, value in document.items() if name not in ("proof", "signature")}
    first = hashlib.sha256(canonical_json(options))
    second = hashlib.sha256(canonical_json(plain))
    return first.digest() + second.digest()


def verify_proof(proof: Proof, key: VerifyKey) -> bool:
    """Say whether the key made the proof; that the key may speak for the document is not said."""
    if not isinstance(key, Ed25519PublicKey):
        return False
    return made_by(key, proof.signature, proof.signed)


def _check_options(document: Json, proof: Json, now: datetime) -> None:
    if proof.get("proofPurpose") != _PURPOSE:
        raise NotAuthentic("The proof of the document serves another purpose.")
    # The standard lets a document have more contexts than its proof; they would change its meaning.
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise NotAuthentic("The proof of the document covers another @context.")
    if "created" in proof and _read_time(proof["created"]) > now + _CLOCK_SKEW:
        raise NotAuthentic("The proof of the document was made in the future.")
    if "expires" in proof and _read_time(proof["expires"]) <= now:
        raise NotAuthentic("The proof of the document has expired.")


def _read_time(value: object) -> datetime:
    time = time_of(value)
    if time is None:
        raise NotAuthentic("The proof of the document has an unreadable time.")
    return time


def _read_signature(value: object) -> bytes:
    if not isinstance(value, str):
        raise Malformed("It has no proofValue.")
    signature = decode_base58(value)
    if len(signature) != _SIGNATURE_BYTES:
        raise Malformed("Its proofValue is not a signature.")
    return signature
