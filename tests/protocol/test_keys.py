"""Keys of strangers are read within limits (SEC-029), ours without delay."""

import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from activitypub.errors import Malformed
from activitypub.signatures.keys import (
    VerifyKey,
    generate_ed25519,
    generate_rsa,
    load_private,
    load_public,
    public_pem,
    signing_key,
)
from tests.protocol.people import pems


def pem_of(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, form: PublicFormat) -> str:
    return key.public_bytes(Encoding.PEM, form).decode()


def modulus(bits: int) -> int:
    return (1 << bits - 1) + 15


def with_numbers(bits: int, exponent: int) -> str:
    key = RSAPublicNumbers(exponent, modulus(bits)).public_key()
    return pem_of(key, PublicFormat.SubjectPublicKeyInfo)


def test_both_forms_of_an_rsa_key_are_read() -> None:
    spki = pems("alice")[1]
    key = load_public(spki)
    assert isinstance(key, rsa.RSAPublicKey)
    pkcs1 = pem_of(key, PublicFormat.PKCS1)
    assert "BEGIN RSA PUBLIC KEY" in pkcs1
    for pem in (spki, pkcs1, spki.strip(), spki.replace("\n", "\r\n")):
        read: VerifyKey = load_public(pem)
        assert isinstance(read, rsa.RSAPublicKey)
        assert read.public_numbers() == key.public_numbers()


@pytest.mark.parametrize("bits", [512, 1024, 2047, 8193, 16384])
def test_sec_029_the_size_of_an_rsa_key(bits: int) -> None:
    pem = with_numbers(bits, 65537)
    with pytest.raises(Malformed):
        load_public(pem)


def test_sec_029_the_allowed_sizes() -> None:
    for bits in (2048, 3072, 4096, 8192):
        assert load_public(with_numbers(bits, 65537))


def test_sec_029_the_exponent_of_an_rsa_key() -> None:
    assert load_public(with_numbers(2048, 3))
    with pytest.raises(Malformed):
        load_public(with_numbers(2048, 2**64 + 1))


def test_sec_029_a_hostile_key_does_not_slow_down_verification() -> None:
    key = load_public(with_numbers(8192, 2**32 - 1))
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 8192
    begun = time.thread_time()
    with pytest.raises(InvalidSignature):
        key.verify(b"\x01" * 1024, b"", PKCS1v15(), SHA256())
    assert time.thread_time() - begun < 0.05


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "garbage",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 20_000 + "\n-----END PUBLIC KEY-----\n",
        "\u00fc" * 100,
        "\ud800",
        pem_of(
            ec.generate_private_key(ec.SECP256R1()).public_key(), PublicFormat.SubjectPublicKeyInfo
        ),
        ed25519.Ed25519PrivateKey.generate()
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    ],
)
def test_sec_029_what_is_no_acceptable_key(pem: str) -> None:
    with pytest.raises(Malformed):
        load_public(pem)


def test_our_keys_come_back_from_storage() -> None:
    for generate, algorithm in ((generate_rsa, "rsa"), (generate_ed25519, "ed25519")):
        private, public = generate()
        key = signing_key("https://a.corp.example/ap/users/1#main-key", private)
        assert key.algorithm == algorithm
        assert public_pem(key.private) == public
        assert load_public(public)


def test_a_damaged_stored_key_is_one_sentence() -> None:
    with pytest.raises(Malformed, match="stored private key"):
        load_private(b"garbage")
