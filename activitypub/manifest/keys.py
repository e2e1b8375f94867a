"""The keys of an organisation: Ed25519, each in a file of its own, sealed by a passphrase.

Also the fingerprints by which keys and roots are named.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import CryptoSigner, SSlibKey

from activitypub.documents import parse_document
from activitypub.errors import Malformed
from activitypub.signatures.keys import load_public

# A public key as metadata carry it.
PublicKey = SSlibKey

_KIND: Final = "fedimmp organisation key"
_MAX_FILE: Final = 4096
# 128 MiB and some tenths of a second for each guess at a passphrase.
_COST: Final = 2**17
_BLOCK: Final = 8
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
MIN_PASSPHRASE: Final = 12


class WrongPassphrase(Malformed):
    """The passphrase does not open the key file."""


@dataclass(frozen=True, slots=True)
class OrganisationKey:
    """A key that can sign for an organisation."""

    private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        """Return a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Return the key of its 32 private bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """Its 32 private bytes."""
        return self.private.private_bytes_raw()

    @property
    def public(self) -> PublicKey:
        """Its public part, as metadata carry it."""
        return SSlibKey.from_crypto(self.private.public_key())

    @property
    def public_hex(self) -> str:
        """Its 32 public bytes in hexadecimal."""
        return self.private.public_key().public_bytes_raw().hex()

    @property
    def id(self) -> str:
        """The id of its public part in metadata."""
        return str(self.public.keyid)

    @property
    def signer(self) -> CryptoSigner:
        """What signs metadata."""
        return CryptoSigner(self.private, self.public)


def seal_key(key: OrganisationKey, passphrase: str) -> bytes:
    """Return the bytes of a key file; raises Malformed for a passphrase that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise Malformed(f"A passphrase has at least {MIN_PASSPHRASE} characters.")
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, key.seed, key.id.encode())
    return orjson.dumps(
        {
            "kind": _KIND,
            "key_id": key.id,
            "public": key.public_hex,
            "scrypt": {"n": _COST, "r": _BLOCK, "p": 1, "salt": _base64(salt)},
            "aes_gcm": {"nonce": _base64(nonce), "sealed": _base64(sealed)},
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def open_key(raw: bytes, passphrase: str) -> OrganisationKey:
    """Return the key of a key file; raises WrongPassphrase, and Malformed for another file."""
    try:
        document = parse_document(raw, max_bytes=_MAX_FILE)
        key_id, scrypt, sealed = document["key_id"], document["scrypt"], document["aes_gcm"]
        # Another cost is another version of the file: a made-up one must not take all memory.
        if (document["kind"], scrypt["n"], scrypt["r"], scrypt["p"]) != (_KIND, _COST, _BLOCK, 1):
            raise ValueError
        cipher = AESGCM(_stretch(passphrase, _bytes(scrypt["salt"])))
        seed = cipher.decrypt(_bytes(sealed["nonce"]), _bytes(sealed["sealed"]), key_id.encode())
    except InvalidTag as error:
        raise WrongPassphrase("The passphrase does not open this key file.") from error
    except (Malformed, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed("This is no key file of an organisation.") from error
    return OrganisationKey.from_seed(seed)


def read_public(raw: bytes) -> PublicKey:
    """Return the public part that a key file tells without its passphrase; raises Malformed."""
    try:
        document = parse_document(raw, max_bytes=_MAX_FILE)
        if document["kind"] != _KIND:
            raise ValueError
        return public_key(bytes.fromhex(document["public"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("This is no key file of an organisation.") from error


def public_key(raw: bytes) -> PublicKey:
    """Return the public key of these 32 bytes, as metadata carry it."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw))


def fingerprint_of_pem(pem: str) -> str:
    """Return the fingerprint of a public key: SHA-256 of its SubjectPublicKeyInfo."""
    spki = load_public(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return fingerprint(spki)


def fingerprint(data: bytes) -> str:
    """Return the fingerprint of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK, p=1).derive(passphrase.encode())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)
