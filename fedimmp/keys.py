"""The key file, and members' private keys, which lie in the database sealed with it.

Whoever gets a copy of the database alone cannot sign in anybody's name.
"""

import base64
import os
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activitypub.signatures.keys import Algorithm, SigningKey
from activitypub.signatures.keys import signing_key as read_signing_key
from storage import account_keys
from storage.database import Connection
from storage.errors import NotFound

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_PURPOSE: Final = b"fedimmp account key"


class KeyFileError(Exception):
    """The key file is missing, unreadable, or not the one that sealed the keys."""


def create_key_file(path: Path) -> None:
    """Write a new key file that only its owner may read; raises KeyFileError if there is one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"The key file {path} exists already.") from error
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> bytes:
    """Return the 32 bytes of a key file; raises KeyFileError."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise KeyFileError(
            f"The key file {path} is missing: put the one of this office's backup there."
        ) from error
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise KeyFileError(f"The key file {path} is open to others: run `chmod 600 {path}`.")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise KeyFileError(f"The key file {path} is not base64.") from error
    if len(key) != _KEY_BYTES:
        raise KeyFileError(f"The key file {path} does not hold {_KEY_BYTES} bytes.")
    return key


@dataclass(frozen=True, slots=True)
class VapidKey:
    """The key by which push services know this office (RFC 8292): one for all times.

    `public` is the uncompressed point in base64url, as apps hand it to their push service.
    """

    private: ec.EllipticCurvePrivateKey
    public: str

    @classmethod
    def generate(cls) -> Self:
        """Return a new key."""
        return cls.read(generate_vapid())

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Return the key of a PEM; raises KeyFileError for anything but one on P-256."""
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise KeyFileError("The stored key for push services is of another kind.")
        point = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return cls(key, base64.urlsafe_b64encode(point).rstrip(b"=").decode())


def generate_vapid() -> bytes:
    """Return a new private key for push services (PEM)."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class KeyVault:
    """Seals private keys, and opens them to sign.

    The last `capacity` opened keys are kept in memory. A stored key never changes under the same
    account and algorithm, so nothing makes them stale.
    """

    def __init__(self, key: bytes, *, capacity: int = 5000) -> None:
        self._cipher = AESGCM(key)
        self._capacity = capacity
        self._opened: OrderedDict[tuple[int, str], SigningKey] = OrderedDict()

    def seal(self, pem: bytes) -> bytes:
        """Return a private key (PEM) encrypted with the key file."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, pem, _PURPOSE)

    def unseal(self, sealed: bytes) -> bytes:
        """Return the private key (PEM) that was sealed; raises KeyFileError for a foreign one."""
        start = len(_VERSION) + _NONCE_BYTES
        if not sealed.startswith(_VERSION) or len(sealed) <= start:
            raise KeyFileError("A stored private key has an unknown form.")
        try:
            return self._cipher.decrypt(sealed[len(_VERSION) : start], sealed[start:], _PURPOSE)
        except InvalidTag as error:
            raise KeyFileError(
                "A stored private key was sealed with another key file: restore the one that"
                " belongs to this database."
            ) from error

    def known_key(self, account_id: int, algorithm: Algorithm = "rsa") -> SigningKey | None:
        """Return the key of one of our accounts if it is open already."""
        slot = (account_id, algorithm)
        if (known := self._opened.get(slot)) is not None:
            self._opened.move_to_end(slot)
        return known

    async def signing_key(
        self, conn: Connection, account_id: int, algorithm: Algorithm = "rsa"
    ) -> SigningKey:
        """Return the key of one of our accounts; raises storage's NotFound without one."""
        if (known := self.known_key(account_id, algorithm)) is not None:
            return known
        stored = await account_keys.private_of(conn, account_id, algorithm)
        if stored is None:
            raise NotFound("This account has no private key here.")
        return self.learn(account_id, algorithm, stored)

    def learn(
        self, account_id: int, algorithm: Algorithm, stored: account_keys.SealedKey
    ) -> SigningKey:
        """Open a key of one of our accounts that a statement brought along, and keep it."""
        slot = (account_id, algorithm)
        if (known := self._opened.get(slot)) is not None:
            return known
        key = read_signing_key(stored.key_id, self.unseal(stored.sealed))
        self._opened[slot] = key
        if len(self._opened) > self._capacity:
            self._opened.popitem(last=False)
        return key
