"""Integrity proofs against the vectors of their standards, and what must not pass as one."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from rfc8785 import dumps

from activitypub.errors import Malformed, NotAuthentic
from activitypub.signatures.canonical import canonical_json
from activitypub.signatures.keys import SigningKey, VerifyKey, load_public
from activitypub.signatures.multibase import decode_base58, encode_base58
from activitypub.signatures.multikey import pem_of
from activitypub.signatures.proofs import prove, read_proof, signed_bytes, verify_proof
from activitypub.vocabulary import AS2, DATA_INTEGRITY_V1
from tests.protocol.people import key_of, pems

# The key, the documents and the proofs are those of FEP-8b32 and of W3C vc-di-eddsa, appendix B.
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
MULTIKEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
CREATED = "2023-02-24T23:36:38Z"
NOW = datetime(2023, 2, 25, tzinfo=UTC)
KEY_ID = "https://server.example/users/alice#ed25519-key"
CREATE: dict[str, Any] = {
    "@context": [AS2, DATA_INTEGRITY_V1],
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {"type": "Note", "content": "Hello world"},
}
FEP_VALUE = (
    "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2"
)
FEP_PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": KEY_ID,
    "proofPurpose": "assertionMethod",
    "proofValue": FEP_VALUE,
    "created": CREATED,
}
W3C_CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://www.w3.org/ns/credentials/examples/v2",
]
CREDENTIAL: dict[str, Any] = {
    "@context": W3C_CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": CREATED,
    "verificationMethod": f"did:key:{MULTIKEY}#{MULTIKEY}",
    "proofPurpose": "assertionMethod",
    "@context": W3C_CONTEXT,
    "proofValue": (
        "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    ),
}


def private() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(decode_base58(SECRET)[2:])


def public() -> VerifyKey:
    return load_public(pem_of(MULTIKEY))


def proved(document: dict[str, Any] = CREATE, **changes: Any) -> dict[str, Any]:
    """Return a proved document whose proof was changed, and signed again, before it was sent."""
    done = prove(document, SigningKey(KEY_ID, "ed25519", private()), CREATED)
    if changes:
        proof = {name: value for name, value in (done["proof"] | changes).items() if value}
        if "proofValue" not in changes:
            proof["proofValue"] = encode_base58(private().sign(signed_bytes(done, proof)))
        done["proof"] = proof
    return done


def holds(document: dict[str, Any]) -> bool:
    proof = read_proof(document, NOW)
    assert proof is not None
    return verify_proof(proof, public())


def test_the_vector_of_the_fep() -> None:
    assert encode_base58(private().sign(signed_bytes(CREATE, FEP_PROOF))) == FEP_VALUE
    assert holds(CREATE | {"proof": FEP_PROOF})
    assert not holds(CREATE | {"proof": FEP_PROOF, "@context": AS2})


def test_a_proof_of_ours_names_the_context_of_its_document() -> None:
    assert proved()["proof"] == FEP_PROOF | {
        "@context": CREATE["@context"],
        "proofValue": proved()["proof"]["proofValue"],
    }
    assert holds(proved())


def test_a_proof_of_another_implementation() -> None:
    """Made with this key, and as it delivers, by Fedify 2.3.6."""
    path = Path(__file__).with_name("proof_of_fedify.json")
    document = json.loads(path.read_bytes())
    assert holds(document)
    assert not holds(document | {"to": []})


def test_the_vector_of_the_w3c() -> None:
    assert signed_bytes(CREDENTIAL, W3C_PROOF).hex() == (
        "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
        "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
    )
    assert (
        encode_base58(private().sign(signed_bytes(CREDENTIAL, W3C_PROOF)))
        == (W3C_PROOF["proofValue"])
    )


def test_the_same_document_gives_the_same_bytes() -> None:
    assert proved() == proved()
    assert proved(proved()) == proved()


@pytest.mark.parametrize(
    "changes",
    [
        {"actor": "https://server.example/users/bob"},
        {"object": {"type": "Note", "content": "Hello world!"}},
        {"extra": None},
    ],
)
def test_a_change_of_the_document_is_seen(changes: dict[str, Any]) -> None:
    assert holds(proved())
    assert not holds(proved() | changes)


@pytest.mark.parametrize("context", [AS2, [AS2, DATA_INTEGRITY_V1, {"content": "as:summary"}]])
def test_a_change_of_the_context_is_seen(context: object) -> None:
    with pytest.raises(NotAuthentic, match="context"):
        read_proof(proved() | {"@context": context}, NOW)


def test_the_order_of_keys_and_an_older_signature_do_not_matter() -> None:
    document = proved()
    assert holds(dict(reversed(document.items())))
    assert holds(document | {"signature": {"type": "RsaSignature2017", "signatureValue": "x"}})


@pytest.mark.parametrize(
    "changes",
    [
        {"proofPurpose": "authentication"},
        {"proofPurpose": None},
        {"@context": [AS2]},
        {"@context": [AS2, DATA_INTEGRITY_V1, "https://evil.example/ns"]},
        {"created": "yesterday"},
        {"created": "2023-02-26T00:00:00Z"},
        {"expires": "2023-02-24T23:59:59Z"},
        {"expires": 5},
        {"verificationMethod": "file:///etc/passwd"},
        {"verificationMethod": None},
        {"proofValue": FEP_VALUE[:-4]},
        {"proofValue": FEP_VALUE[1:]},
        {"proofValue": "z" + "1" * 100_000},
        {"proofValue": "z0OIl"},
        {"proofValue": 5},
    ],
)
def test_a_proof_that_can_hold_for_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAuthentic):
        read_proof(proved(**changes), NOW)


def test_a_proof_in_its_time_with_the_context_of_its_document() -> None:
    later = proved(**{"expires": "2023-02-25T00:00:01Z", "@context": CREATE["@context"]})
    assert holds(later)
    assert holds(proved(created=None))


@pytest.mark.parametrize("value", ["x", 5, True, ["x"]])
def test_a_proof_that_is_none(value: object) -> None:
    with pytest.raises(NotAuthentic):
        read_proof(CREATE | {"proof": value}, NOW)


def test_several_proofs_are_refused_and_one_in_a_list_is_read() -> None:
    document = proved()
    with pytest.raises(NotAuthentic, match="several"):
        read_proof(document | {"proof": [document["proof"]] * 2}, NOW)
    assert holds(document | {"proof": [document["proof"], None]})


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "RsaSignature2017"},
        {"type": None},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"cryptosuite": None},
        {"verificationMethod": f"did:key:{MULTIKEY}"},
    ],
)
def test_a_proof_that_cannot_be_judged(changes: dict[str, Any]) -> None:
    assert read_proof(proved(**changes), NOW) is None


def test_another_key_did_not_make_it() -> None:
    proof = read_proof(proved(), NOW)
    assert proof is not None
    assert not verify_proof(proof, Ed25519PrivateKey.generate().public_key())
    assert not verify_proof(proof, load_public(pems("alice")[1]))


def test_an_rsa_key_makes_no_proofs() -> None:
    with pytest.raises(Malformed):
        prove(CREATE, key_of("alice"), CREATED)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**62])
def test_numbers_that_no_canonical_form_holds(number: int) -> None:
    with pytest.raises(Malformed):
        canonical_json({"number": number})
    with pytest.raises(NotAuthentic, match="canonical"):
        read_proof(CREATE | {"number": number, "proof": proved()["proof"]}, NOW)


def test_the_canonical_form() -> None:
    """RFC 8785, section 3.2.3 and appendix B."""
    document = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert [*map(str, json.loads(canonical_json(document)))] == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]
    numbers = [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001, 1.0, -0.0]
    assert canonical_json({"numbers": numbers}) == (
        b'{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,1,0]}'
    )
    assert canonical_json({"s": '\u20ac$\x0f\nA\'B"\\\\"/\x7f'}) == (
        b'{"s":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"}'
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), VALUES))
def test_the_fast_way_writes_the_canonical_form(document: dict[str, Any]) -> None:
    assert canonical_json(document) == dumps(document)


@given(st.binary(max_size=70))
def test_base58_comes_back(data: bytes) -> None:
    assert decode_base58(encode_base58(data)) == data if data else encode_base58(data) == "z"


@pytest.mark.parametrize("text", ["", "z", "u6Mk", "6Mk", "z6Mk0", "zI", "z\u00fc", "z" * 300])
def test_what_is_no_base58(text: str) -> None:
    with pytest.raises(Malformed):
        decode_base58(text)
