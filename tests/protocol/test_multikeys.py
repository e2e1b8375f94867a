"""Keys as Multikey texts: ours, and those that peers list in assertionMethod (FEP-521a)."""

from typing import Any

import pytest

from activitypub.errors import Malformed
from activitypub.objects import PublicKey
from activitypub.reading import read_actor
from activitypub.signatures.keys import public_pem
from activitypub.signatures.multibase import decode_base58, encode_base58
from activitypub.signatures.multikey import multikey_of, pem_of
from tests.protocol.people import ALICE, pems
from tests.protocol.test_proofs import MULTIKEY, SECRET, private


def alice(**changes: Any) -> dict[str, Any]:
    return {
        "id": ALICE,
        "type": "Person",
        "preferredUsername": "alice",
        "inbox": f"{ALICE}/inbox",
    } | changes


def test_the_keys_of_the_vectors() -> None:
    assert decode_base58(SECRET)[:2].hex() == "8026"
    assert multikey_of(public_pem(private())) == MULTIKEY
    assert multikey_of(pem_of(MULTIKEY)) == MULTIKEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        MULTIKEY[1:],
        encode_base58(b"\xec\x01" + bytes(32)),
        encode_base58(b"\xed\x01" + bytes(31)),
        encode_base58(b"\xed\x01" + bytes(33)),
        encode_base58(b""),
    ],
)
def test_what_is_no_ed25519_key(text: str) -> None:
    with pytest.raises(Malformed):
        pem_of(text)


def test_an_rsa_key_is_written_as_pem_only() -> None:
    with pytest.raises(Malformed):
        multikey_of(pems("alice")[1])


def test_a_multikey_of_another_controller_is_ignored() -> None:
    text = MULTIKEY
    mine = {
        "id": f"{ALICE}#k",
        "type": "Multikey",
        "controller": ALICE,
        "publicKeyMultibase": text,
    }
    odd: list[Any] = [
        mine | {"controller": "https://b.example/users/bob"},
        mine | {"controller": None},
        mine | {"type": "Key"},
        mine | {"id": "https://evil.example/key"},
        mine | {"publicKeyMultibase": text[:-1]},
        mine | {"publicKeyMultibase": "u" + text[1:]},
        mine | {"publicKeyMultibase": [text]},
        f"{ALICE}#k",
        1,
    ]
    expected = (PublicKey(f"{ALICE}#k", ALICE, pem_of(text)),)
    assert read_actor(alice(assertionMethod=[*odd, mine])).keys == expected
    assert read_actor(alice(assertionMethod=mine)).keys == expected
    assert read_actor(alice(assertionMethod=odd)).keys == ()
    assert len(read_actor(alice(assertionMethod=[mine] * 1000)).keys) == 10
