"""The dualities of the wire in activities: one or many, id or object, null or absent."""

from typing import Any

import pytest

from activitypub.errors import Malformed
from activitypub.reading import read_activity
from activitypub.vocabulary import PUBLIC

ALICE = "https://b.example/users/alice"
NOTE = "https://b.example/notes/1"


def like(**changes: Any) -> dict[str, Any]:
    document = {"id": f"{NOTE}/like", "type": "Like", "actor": ALICE, "object": NOTE}
    return document | changes


@pytest.mark.parametrize("actor", [ALICE, [ALICE], {"id": ALICE, "name": "CEO"}, [{"id": ALICE}]])
@pytest.mark.sec("SEC-021")
def test_an_actor_counts_by_its_id_only(actor: object) -> None:
    assert read_activity(like(actor=actor)).actor == ALICE


@pytest.mark.parametrize(
    "actor", [None, [], "", {}, 1, [ALICE, "https://c.example/victim"], "http://b.example/x", "x"]
)
@pytest.mark.sec("SEC-021")
def test_there_must_be_one_actor(actor: object) -> None:
    with pytest.raises(Malformed, match="exactly one actor"):
        read_activity(like(actor=actor))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (NOTE, NOTE),
        ([NOTE], NOTE),
        ({"id": NOTE}, {"id": NOTE}),
        ([{"id": "x"}, {"id": "y"}], [{"id": "x"}, {"id": "y"}]),
        (None, []),
        ([], []),
        ([None, NOTE], NOTE),
    ],
)
def test_the_object_of_an_activity(given: object, read: object) -> None:
    assert read_activity(like(object=given)).object == read


@pytest.mark.parametrize("given", [1, True, [[NOTE]], [1]])
def test_an_odd_object_is_malformed(given: object) -> None:
    with pytest.raises(Malformed, match="object"):
        read_activity(like(object=given))


def test_types_that_nobody_knows_are_read() -> None:
    assert read_activity(like(type="Arrive")).type == "Arrive"
    assert read_activity(like(type=["x:Odd", "Like"])).type == "Like"
    odd: tuple[object, ...] = (None, [], 1, {}, "x" * 300)
    for kind in odd:
        with pytest.raises(Malformed):
            read_activity(like(type=kind))


@pytest.mark.parametrize("bad", [None, "", 1, [NOTE], "tag:b.example,2026:1", "https://"])
def test_an_activity_has_an_https_id(bad: object) -> None:
    with pytest.raises(Malformed, match="id"):
        read_activity(like(id=bad))


@pytest.mark.parametrize("public", [PUBLIC, "as:Public", "Public"])
def test_public_has_one_spelling(public: str) -> None:
    activity = read_activity(like(to=public, cc=[{"id": ALICE}, ALICE, None, 3, "nonsense"]))
    assert activity.to == (PUBLIC,)
    assert activity.cc == (ALICE,)


def test_a_huge_audience_is_cut() -> None:
    assert len(read_activity(like(to=[f"{ALICE}/{n}" for n in range(100_000)])).to) == 1000
