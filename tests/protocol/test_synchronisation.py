"""The digest of followers and the header that carries it (FEP-8fcf)."""

import pytest

from activitypub.errors import Malformed, NotTrusted
from activitypub.ownership import check_synchronisation
from activitypub.signatures.claims import Scheme
from activitypub.signatures.keys import load_public
from activitypub.signatures.message import Message
from activitypub.signatures.requests import check_claim, read_claim, sign, verify
from activitypub.synchronisation import (
    HEADER,
    Synchronisation,
    digest_of,
    read_synchronisation,
    write_synchronisation,
)
from tests.protocol.people import BODY, HERE, NOW, key_of, pems, replaced

# The example of the proposal: two followers at one instance.
FOLLOWERS = [f"https://testing.example.org/users/{number}" for number in (1, 2)]
DIGEST = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"

ALICE = "https://b.corp.example/users/alice"
SAID = Synchronisation(f"{ALICE}/followers", f"{ALICE}/followers_synchronization", DIGEST)
SENT = (
    f'collectionId="{ALICE}/followers", url="{ALICE}/followers_synchronization", digest="{DIGEST}"'
)


def test_the_digest_is_that_of_the_proposal() -> None:
    assert digest_of(FOLLOWERS) == DIGEST
    assert digest_of(reversed(FOLLOWERS)) == DIGEST
    assert digest_of(FOLLOWERS[:1]).startswith("3a06e995")
    assert digest_of(FOLLOWERS[1:]).startswith("f939a158")


def test_nobody_has_the_digest_of_zeros() -> None:
    assert digest_of([]) == "0" * 64


def test_who_is_listed_twice_follows_once() -> None:
    assert digest_of([*FOLLOWERS, *FOLLOWERS]) == DIGEST


def test_the_header_is_read_as_it_is_written() -> None:
    assert write_synchronisation(SAID) == SENT
    assert read_synchronisation(SENT) == SAID


@pytest.mark.parametrize(
    "text",
    [
        SENT.replace(", ", ","),
        SENT.replace("=", " = ") + " ",
        SENT + ', algorithm="xor-sha-256"',
        SENT.replace(DIGEST, DIGEST.upper()),
        ", ".join(reversed(SENT.split(", "))),
    ],
)
def test_the_header_may_be_written_otherwise(text: str) -> None:
    assert read_synchronisation(text) == SAID


@pytest.mark.sec("SEC-093")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        SENT.replace('"', ""),
        SENT.replace('collectionId="', 'collectionID="'),
        SENT.partition(", digest")[0],
        SENT.replace(DIGEST, DIGEST[:-1]),
        SENT.replace(DIGEST, f"{DIGEST[:-1]}g"),
        SENT.replace(DIGEST, f"{DIGEST}00"),
        f'{SENT}, digest="{"0" * 64}"',
        SENT.replace(f"{ALICE}/followers_", "gopher://b.corp.example/"),
        SENT.replace(f"{ALICE}/followers_", "http://10.0.0.1/"),
        SENT.replace(f"{ALICE}/followers_", "https://b.corp.example@evil.example/"),
        f'{SENT}, x="{"x" * 9000}"',
        f'{SENT}, x="\\""',
    ],
)
def test_what_is_no_such_header_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_synchronisation(text)


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_the_signature_covers_the_header(scheme: Scheme) -> None:
    headers = sign(scheme, "POST", f"{HERE}/inbox", BODY, key_of("alice"), NOW, more={HEADER: SENT})
    message = Message("POST", "/inbox", tuple(headers.items()), BODY)

    claim = read_claim(message)
    check_claim(message, claim, origin=HERE, now=NOW)

    assert message.header(HEADER) == SENT
    assert HEADER.lower() in claim.covered
    public = load_public(pems("alice")[1])
    assert verify(message, claim, public, origin=HERE)
    other = replaced(message, HEADER, SENT.replace(DIGEST, "0" * 64))
    assert not verify(other, claim, public, origin=HERE)


def test_an_actor_speaks_of_its_own_followers() -> None:
    check_synchronisation(SAID, ALICE, f"{ALICE}/followers")


@pytest.mark.sec("SEC-093")
@pytest.mark.parametrize(
    ("said", "followers"),
    [
        (SAID, None),
        (SAID, "https://b.corp.example/users/bob/followers"),
        (Synchronisation("https://evil.example/f", SAID.url, DIGEST), "https://evil.example/f"),
        (Synchronisation(SAID.collection, "https://evil.example/f", DIGEST), SAID.collection),
        (
            Synchronisation(SAID.collection, "https://b.corp.example:444/f", DIGEST),
            SAID.collection,
        ),
    ],
)
def test_nobody_speaks_of_the_followers_of_others_nor_lists_them_elsewhere(
    said: Synchronisation, followers: str | None
) -> None:
    with pytest.raises(NotTrusted):
        check_synchronisation(said, ALICE, followers)
