"""Ed25519 keys as Multikey texts (FEP-521a; Controlled Identifiers 1.0 section 2.2.2)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from activitypub.errors import Malformed
from activitypub.signatures.keys import load_public
from activitypub.signatures.multibase import decode_base58, encode_base58

# The multicodec of ed25519-pub as a varint.
_ED25519: Final = b"\xed\x01"
_KEY_BYTES: Final = 32


def multikey_of(pem: str) -> str:
    """Return a public Ed25519 key (PEM) as publicKeyMultibase carries it; raises Malformed."""
    key = load_public(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise Malformed("Only Ed25519 keys are written as Multikey.")
    return encode_base58(_ED25519 + key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def pem_of(multikey: str) -> str:
    """Return the PEM of a publicKeyMultibase; raises Malformed for all but Ed25519 keys."""
    data = decode_base58(multikey)
    if not data.startswith(_ED25519) or len(data) != len(_ED25519) + _KEY_BYTES:
        raise Malformed("A Multikey is not an Ed25519 key.")
    key = Ed25519PublicKey.from_public_bytes(data[len(_ED25519) :])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
