"""Keys: made, stored as PEM, and read from strangers within limits."""

from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from activitypub.errors import Malformed

Algorithm = Literal["rsa", "ed25519"]
PrivateKey = RSAPrivateKey | Ed25519PrivateKey
VerifyKey = RSAPublicKey | Ed25519PublicKey

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
# A huge exponent makes each verification slow; all real keys use 3, 17 or 65537.
MAX_RSA_EXPONENT = 2**32
MAX_PEM = 8192
_PADDING = PKCS1v15()
_HASH = SHA256()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of ours, ready to sign, with the URI under which peers find its public part."""

    key_id: str
    algorithm: Algorithm
    private: PrivateKey


def generate_rsa() -> tuple[bytes, str]:
    """Return a new RSA-2048 key: private PEM (PKCS 8, not encrypted) and public PEM."""
    return _pems(generate_private_key(public_exponent=65537, key_size=2048))


def generate_ed25519() -> tuple[bytes, str]:
    """Return a new Ed25519 key: private PEM (PKCS 8, not encrypted) and public PEM."""
    return _pems(Ed25519PrivateKey.generate())


def load_private(pem: bytes) -> PrivateKey:
    """Return one of our own stored keys; raises Malformed.

    The consistency check of RSA keys (33 ms) is left out: never use this for a stranger's key.
    """
    try:
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed("A stored private key cannot be read.") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Malformed("A stored private key is neither RSA nor Ed25519.")
    return key


def signing_key(key_id: str, pem: bytes) -> SigningKey:
    """Return one of our own stored keys ready to sign; raises Malformed."""
    private = load_private(pem)
    algorithm: Algorithm = "rsa" if isinstance(private, RSAPrivateKey) else "ed25519"
    return SigningKey(key_id, algorithm, private)


def load_public(pem: str) -> VerifyKey:
    """Return the key in a peer's publicKeyPem (SPKI or PKCS 1); raises Malformed.

    Accepted: RSA of 2048 to 8192 bits with a small exponent, and Ed25519.
    """
    if len(pem) > MAX_PEM:
        raise Malformed("A public key is too long.")
    try:
        key = load_pem_public_key(pem.encode("utf-8"))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed("A public key cannot be read.") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise Malformed("A public key is neither RSA nor Ed25519.")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise Malformed(f"An RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits.")
    if not 3 <= key.public_numbers().e <= MAX_RSA_EXPONENT:
        raise Malformed("An RSA key has an unusual exponent.")
    return key


def public_pem(key: PrivateKey) -> str:
    """Return the public part of a key as PEM (SPKI), as publicKeyPem carries it."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def make_signature(key: PrivateKey, data: bytes) -> bytes:
    """Return what the key signs: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(data, _PADDING, _HASH)
    return key.sign(data)


def made_by(key: VerifyKey, signature: bytes, data: bytes) -> bool:
    """Say whether this key made this signature; the kind of key alone decides the algorithm."""
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, data, _PADDING, _HASH)
        else:
            key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _pems(key: PrivateKey) -> tuple[bytes, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, public_pem(key)
