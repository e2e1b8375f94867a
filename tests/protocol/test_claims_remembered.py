"""What is remembered of signatures changes nothing: each header means what it means alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub.errors import NotAuthentic
from activitypub.signatures.cavage import read_claim, sign, verify
from activitypub.signatures.claims import Claim
from activitypub.signatures.draft import signing_string
from activitypub.signatures.keys import generate_rsa, load_public, make_signature, signing_key
from activitypub.signatures.message import Message

KEY_ID = "https://a.example/users/ana#key"
PRIVATE, PUBLIC_PEM = generate_rsa()
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def header(text: str) -> Message:
    return Message("GET", "/", [("Signature", text)])


def outcome(text: str) -> Claim | None:
    """Return the claim, None for a refusal."""
    try:
        return read_claim(header(text))
    except NotAuthentic:
        return None


# Pieces that a reader who looks for the signature by its name could take for something else.
PIECES = st.sampled_from(
    [
        f'keyId="{KEY_ID}"',
        'keyId="signature="',
        'signature="QUJD"',
        'signature="WFla"',
        'signature=""',
        'signature="Q\\UJD"',
        "signature=QUJD",
        'Signature signature="QUJD"',
        'xsignature="QUJD"',
        ' signature = "QUJD"',
        'other="a, signature=',
        'headers="date"',
        "headers=date",
        "created=5",
        'algorithm="hs2019"',
        '"',
        ",",
        " ",
    ]
)


@given(pieces=st.lists(PIECES, min_size=1, max_size=5), separator=st.sampled_from([",", ", ", ""]))
def test_a_header_means_the_same_before_and_after_a_similar_one(
    pieces: list[str], separator: str
) -> None:
    text = separator.join(pieces)
    # A parameter of another name in front keeps the memory out of it; it says nothing itself.
    alone = outcome(f'Signature ysignature="y",{text.removeprefix("Signature ")}')
    assert outcome(text) == alone
    outcome(text.replace("QUJD", "REVG"))
    assert outcome(text) == alone


def test_only_the_signature_differs_between_two_requests_of_a_key() -> None:
    first = read_claim(header(f'keyId="{KEY_ID}",headers="date",signature="QUJD"'))
    second = read_claim(header(f'keyId="{KEY_ID}",headers="date",signature="WFla"'))
    assert (first.signature, second.signature) == (b"ABC", b"XYZ")
    assert (first.key_id, first.covered) == (second.key_id, second.covered)


def test_a_refused_header_is_refused_again() -> None:
    text = f'keyId="{KEY_ID}",headers="date",signature="QUJD",signature="QUJD"'
    for _ in range(2):
        with pytest.raises(NotAuthentic, match="malformed"):
            read_claim(header(text))


TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


@given(date=TEXT, host=TEXT, target=TEXT.map(lambda text: "/" + text))
def test_what_is_verified_is_the_string_that_httpsig_builds(
    date: str, host: str, target: str
) -> None:
    names = ("(request-target)", "host", "date", "(created)")
    values = {"host": host, "date": date, "(created)": "5"}
    string = signing_string(names, values, method="GET", target=target)
    key = signing_key(KEY_ID, PRIVATE)
    claim = read_claim(
        header(f'keyId="{KEY_ID}",headers="{" ".join(names)}",created=5,signature="QUJD"')
    )
    signed = replace(claim, signature=make_signature(key.private, string))
    message = Message("GET", target, [("Host", host), ("Date", date)])
    public = load_public(PUBLIC_PEM)
    assert verify(message, signed, public)
    assert not verify(
        Message("GET", target, [("Host", host), ("Date", date + "x")]), signed, public
    )


def test_what_we_sign_others_verify_whatever_came_before() -> None:
    key, public = signing_key(KEY_ID, PRIVATE), load_public(PUBLIC_PEM)
    for body in (b"one", b"two"):
        signed = sign("POST", "https://b.example/inbox", body, key, NOW)
        message = Message("POST", "/inbox", list(signed.items()), body)
        assert verify(message, read_claim(message), public)
