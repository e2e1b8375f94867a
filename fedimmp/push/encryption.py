"""Encryption of messages for one app: RFC 8291 (aes128gcm), and the draft that older apps know.

Both agree on a secret by ECDH on P-256, mix in the app's own secret, and encrypt one record.
"""

import secrets
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES: Final = 16
POINT_BYTES: Final = 65
_RECORD_BYTES: Final = 4096
_SALT_BYTES: Final = 16
_LAST_RECORD: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """An encrypted body; salt and public key of the draft go in headers, else they are inside."""

    body: bytes
    salt: bytes
    sender: bytes


def is_point(data: bytes) -> bool:
    """Tell whether these bytes are an uncompressed point on P-256."""
    if len(data) != POINT_BYTES:
        return False
    try:
        _point(data)
    except ValueError:
        return False
    return True


def encrypt(
    text: bytes,
    receiver: bytes,
    secret: bytes,
    *,
    private: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> Encrypted:
    """Encrypt for an app's public key and secret as RFC 8291 says.

    `private` and `salt` are made anew, unless a test gives those of the RFC.
    """
    private, salt = private or _fresh(), salt or secrets.token_bytes(_SALT_BYTES)
    sender = _bytes_of(private)
    shared = private.exchange(ec.ECDH(), _point(receiver))
    info = b"WebPush: info\0" + receiver + sender
    material = _derive(shared, secret, info, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + struct.pack("!LB", _RECORD_BYTES, len(sender)) + sender
    return Encrypted(header + AESGCM(key).encrypt(nonce, text + _LAST_RECORD, None), salt, sender)


def encrypt_for_draft(text: bytes, receiver: bytes, secret: bytes) -> Encrypted:
    """Encrypt as draft-ietf-webpush-encryption-04 says, which apps of before 2017 know."""
    private, salt = _fresh(), secrets.token_bytes(_SALT_BYTES)
    sender = _bytes_of(private)
    shared = private.exchange(ec.ECDH(), _point(receiver))
    material = _derive(shared, secret, b"Content-Encoding: auth\0", 32)
    parties = b"P-256\0" + b"".join(
        struct.pack("!H", len(each)) + each for each in (receiver, sender)
    )
    key = _derive(material, salt, b"Content-Encoding: aesgcm\0" + parties, 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0" + parties, 12)
    no_padding = b"\0\0"
    return Encrypted(AESGCM(key).encrypt(nonce, no_padding + text, None), salt, sender)


def _fresh() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)


def _bytes_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
