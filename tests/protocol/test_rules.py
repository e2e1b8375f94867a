"""Visibility and its addressing; who owns what (FEP-fe34)."""

from typing import get_args

import pytest

from activitypub import ownership
from activitypub.audience import PUBLIC, Visibility, audience, visibility
from activitypub.errors import NotAuthentic, NotTrusted
from activitypub.objects import Activity, Actor, Note

ALICE = "https://b.example/users/alice"
BOB = "https://b.example/users/bob"
CARLA = "https://c.example/users/carla"
FOLLOWERS = f"{ALICE}/followers"
NOTE = "https://b.example/notes/1"


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        ((PUBLIC,), (FOLLOWERS,), "public"),
        (("as:Public",), (), "public"),
        (("Public",), (), "public"),
        ((FOLLOWERS,), (PUBLIC,), "unlisted"),
        ((), ("as:Public",), "unlisted"),
        ((FOLLOWERS,), (CARLA,), "private"),
        ((CARLA,), (FOLLOWERS,), "private"),
        ((CARLA,), (), "direct"),
        ((), (), "direct"),
        ((f"{BOB}/followers",), (), "direct"),
    ],
)
def test_the_visibility_of_a_post(to: tuple[str, ...], cc: tuple[str, ...], expected: str) -> None:
    assert visibility(to, cc, FOLLOWERS) == expected


@pytest.mark.parametrize("to", [(PUBLIC,), (FOLLOWERS,), (CARLA,)])
def test_litepub_narrows_a_post_to_those_whom_it_names(to: tuple[str, ...]) -> None:
    assert visibility(to, (), FOLLOWERS, direct=True) == "direct"


def test_an_author_without_followers_url_has_no_private_posts() -> None:
    assert visibility((FOLLOWERS,), (), None) == "direct"


@pytest.mark.parametrize("kind", get_args(Visibility))
def test_what_we_address_is_what_they_read(kind: Visibility) -> None:
    to, cc = audience(kind, ALICE, FOLLOWERS, [CARLA, ALICE, CARLA])
    assert visibility(to, cc, FOLLOWERS) == kind
    assert [*to, *cc].count(CARLA) == 1
    assert ALICE not in (*to, *cc)
    assert (PUBLIC in to + cc) == (kind in ("public", "unlisted"))
    assert (FOLLOWERS in to + cc) == (kind != "direct")


def activity(actor: str = ALICE, activity_id: str = f"{NOTE}/activity") -> Activity:
    return Activity(activity_id, "Create", actor, {})


def note(author: str = ALICE, note_id: str = NOTE) -> Note:
    return Note(note_id, "Note", author, note_id)


def test_the_signer_is_the_actor() -> None:
    """SEC-020; SIG-16."""
    ownership.check_activity_owner(activity(), ALICE)
    for owner in (BOB, CARLA, f"{ALICE}#main-key", ""):
        with pytest.raises(NotAuthentic, match="signer"):
            ownership.check_activity_owner(activity(), owner)


def test_an_activity_lies_on_the_host_of_its_actor() -> None:
    with pytest.raises(NotAuthentic, match="different hosts"):
        ownership.check_activity_owner(activity(activity_id="https://c.example/1"), ALICE)


def test_a_post_belongs_to_the_actor() -> None:
    """SEC-060 to SEC-064."""
    ownership.check_object(activity(), note())
    for forged in (note(BOB), note(CARLA), note(note_id="https://c.example/notes/1")):
        with pytest.raises(NotTrusted):
            ownership.check_object(activity(), forged)


@pytest.mark.sec("SEC-060", "SEC-064")
def test_what_is_only_named_lies_with_the_actor() -> None:
    ownership.check_named(activity(), NOTE)
    for uri in (
        "https://c.example/notes/1",
        "http://b.example/notes/1",
        "https://b.example:1/x",
        "",
    ):
        with pytest.raises(NotTrusted):
            ownership.check_named(activity(), uri)


def test_a_vote_is_cast_by_its_actor() -> None:
    for vote_id, author in ((NOTE, ALICE), (f"{ALICE}#votes/1", None), (None, ALICE), (None, None)):
        ownership.check_vote(activity(), vote_id, author)
    for vote_id, author in (
        (NOTE, BOB),
        (None, CARLA),
        ("https://c.example/1", ALICE),
        ("#1", None),
    ):
        with pytest.raises(NotTrusted):
            ownership.check_vote(activity(), vote_id, author)


def test_a_collection_holds_posts_of_its_owner() -> None:
    ownership.check_item(note(), ALICE)
    for item in (note(BOB), note(CARLA), note(note_id="https://c.example/notes/1")):
        with pytest.raises(NotTrusted):
            ownership.check_item(item, ALICE)


def test_a_post_that_was_fetched_again_is_the_same() -> None:
    ownership.check_known(note(), NOTE, ALICE)
    for other in (note(BOB), note(note_id=f"{NOTE}0")):
        with pytest.raises(NotTrusted):
            ownership.check_known(other, NOTE, ALICE)


def test_an_actor_features_in_the_collections_that_its_document_names() -> None:
    own = f"{ALICE}/featured"
    assert ownership.owns_collection(activity(), own, named=[None, own])
    for collection, named in (
        (f"{BOB}/featured", [own]),
        (None, [None]),
        (f"{CARLA}/featured", [f"{CARLA}/featured"]),
        (own, []),
    ):
        assert not ownership.owns_collection(activity(), collection, named=named)


@pytest.mark.sec("SEC-084")
def test_what_was_fetched_is_what_its_id_names() -> None:
    assert ownership.is_in_its_place(NOTE, NOTE)
    assert ownership.is_in_its_place(f"{NOTE}#part", NOTE)
    for location in (
        "https://c.example/notes/1",
        f"{NOTE}?x",
        f"{NOTE}/",
        "http://b.example/notes/1",
    ):
        assert not ownership.is_in_its_place(NOTE, location)


def test_a_proof_is_made_by_the_actor() -> None:
    ownership.check_proof_key(activity(), f"{ALICE}#ed25519-key")
    ownership.check_proof_owner(activity(), ALICE)
    with pytest.raises(NotAuthentic):
        ownership.check_proof_key(activity(), f"{CARLA}#ed25519-key")
    with pytest.raises(NotAuthentic):
        ownership.check_proof_owner(activity(), BOB)


def test_an_actor_is_updated_by_itself() -> None:
    """SEC-066."""
    ownership.check_actor_update(activity(), Actor(ALICE, "Person", "alice", f"{ALICE}/inbox"))
    with pytest.raises(NotTrusted):
        ownership.check_actor_update(activity(), Actor(BOB, "Person", "bob", f"{BOB}/inbox"))


def test_a_delete_is_for_the_owner() -> None:
    ownership.check_delete(activity(), NOTE, ALICE)
    ownership.check_delete(activity(), NOTE, None)
    ownership.check_delete(activity(), ALICE, ALICE)
    for uri, author in ((NOTE, BOB), ("https://c.example/notes/1", None), (CARLA, CARLA)):
        with pytest.raises(NotTrusted):
            ownership.check_delete(activity(), uri, author)


def test_an_undo_is_for_the_same_actor() -> None:
    """SEC-069."""
    ownership.check_undone(activity(), f"{ALICE}/likes/1", ALICE)
    ownership.check_undone(activity(), f"{ALICE}/likes/1", None)
    ownership.check_undone(activity(), None, None)
    for uri, actor in (
        (f"{ALICE}/likes/1", BOB),
        (None, BOB),
        ("https://c.example/likes/1", ALICE),
        ("https://c.example/likes/1", None),
        ("https://b.example:8443/likes/1", None),
    ):
        with pytest.raises(NotTrusted):
            ownership.check_undone(activity(), uri, actor)


def test_an_answer_comes_from_the_one_who_was_asked() -> None:
    """SEC-070."""
    ownership.check_answer(activity(), ALICE)
    with pytest.raises(NotTrusted):
        ownership.check_answer(activity(), BOB)


def test_keys_and_their_owners() -> None:
    """SEC-025."""
    ownership.check_key_owner(f"{ALICE}#main-key", ALICE)
    with pytest.raises(NotAuthentic):
        ownership.check_key_owner(f"{ALICE}#main-key", CARLA)
    assert ownership.is_key_of(f"{ALICE}#main-key", ALICE)
    assert not ownership.is_key_of(f"{ALICE}/main-key", ALICE)
    assert not ownership.is_key_of(f"{BOB}#main-key", ALICE)
