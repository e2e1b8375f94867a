"""The digest of followers and the header that carries it (FEP-8fcf)."""

import pytest

from activitypub.errors import Malformed, NotTrusted
from activitypub.ownership import check_synchronisation
from activitypub.synchronisation import (
    Synchronisation,
    digest_of,
    read_synchronisation,
    write_synchronisation,
)

# The example of the proposal: two followers at one instance.
FOLLOWERS = [f"https://testing.example.org/users/{number}" for number in (1, 2)]
DIGEST = "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"

ALICE = "https://b.corp.example/users/alice"
SAID = Synchronisation(f"{ALICE}/followers", f"{ALICE}/followers_synchronization", DIGEST)
HEADER = (
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
    assert write_synchronisation(SAID) == HEADER
    assert read_synchronisation(HEADER) == SAID


@pytest.mark.parametrize(
    "text",
    [
        HEADER.replace(", ", ","),
        HEADER.replace("=", " = ") + " ",
        HEADER + ', algorithm="xor-sha-256"',
        HEADER.replace(DIGEST, DIGEST.upper()),
        ", ".join(reversed(HEADER.split(", "))),
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
        HEADER.replace('"', ""),
        HEADER.replace('collectionId="', 'collectionID="'),
        HEADER.partition(", digest")[0],
        HEADER.replace(DIGEST, DIGEST[:-1]),
        HEADER.replace(DIGEST, f"{DIGEST[:-1]}g"),
        HEADER.replace(DIGEST, f"{DIGEST}00"),
        f'{HEADER}, digest="{"0" * 64}"',
        HEADER.replace(f"{ALICE}/followers_", "gopher://b.corp.example/"),
        HEADER.replace(f"{ALICE}/followers_", "http://10.0.0.1/"),
        HEADER.replace(f"{ALICE}/followers_", "https://b.corp.example@evil.example/"),
        f'{HEADER}, x="{"x" * 9000}"',
        f'{HEADER}, x="\\""',
    ],
)
def test_what_is_no_such_header_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_synchronisation(text)


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
