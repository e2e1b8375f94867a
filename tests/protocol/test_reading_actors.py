"""Actors as peers describe them: what is needed, what is dropped, and the caps."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activitypub.errors import Malformed
from activitypub.objects import Emoji, Image, PublicKey
from activitypub.reading import read_actor

ALICE = "https://b.example/users/alice"
NOTE = "https://b.example/notes/1"


def alice(**changes: Any) -> dict[str, Any]:
    """Return Alice's smallest actor with changes; None takes a property away."""
    document = {
        "id": ALICE,
        "type": "Person",
        "preferredUsername": "alice",
        "inbox": f"{ALICE}/inbox",
    } | changes
    return {name: value for name, value in document.items() if value is not None}


def test_the_smallest_actor() -> None:
    actor = read_actor(alice())
    assert (actor.id, actor.type, actor.username) == (ALICE, "Person", "alice")
    assert actor.url == ALICE
    assert actor.keys == ()
    assert not actor.bot


def test_a_whole_actor() -> None:
    actor = read_actor(
        alice(
            type=["Service", "x:Other"],
            name="Alice",
            summary="<p>hi</p>",
            url=[{"type": "Link", "href": "https://c.example/@alice"}, "https://b.example/@alice"],
            outbox={"id": f"{ALICE}/outbox"},
            followers=[f"{ALICE}/followers"],
            following="https://c.example/following",
            featured="javascript:alert(1)",
            endpoints={"sharedInbox": "https://b.example/inbox"},
            manuallyApprovesFollowers=True,
            discoverable="true",
            icon=[{"type": "Image", "url": "https://cdn.example/a.png", "mediaType": "image/png"}],
            image={
                "type": "Image",
                "url": [{"href": "https://cdn.example/b", "mediaType": "image/x"}],
            },
            attachment={"type": "PropertyValue", "name": "Desk", "value": "<b>3</b>"},
            published="2024-01-02T00:00:00Z",
            alsoKnownAs="https://c.example/alice",
            movedTo="",
        )
    )
    assert actor.type == "Service"
    assert actor.bot
    assert actor.url == "https://b.example/@alice"
    assert actor.outbox == f"{ALICE}/outbox"
    assert actor.followers == f"{ALICE}/followers"
    assert (actor.following, actor.featured) == (None, None)
    assert actor.shared_inbox == "https://b.example/inbox"
    assert actor.locked
    assert not actor.discoverable
    assert actor.icon == Image("https://cdn.example/a.png", "image/png")
    assert actor.image == Image("https://cdn.example/b", "image/x")
    assert actor.fields == (("Desk", "<b>3</b>"),)
    assert actor.published == datetime(2024, 1, 2, tzinfo=UTC)
    assert actor.also_known_as == ("https://c.example/alice",)
    assert actor.moved_to is None


def test_hosts_that_may_name_the_author_are_read_one_by_one() -> None:
    named = ["Blog.Example", {"id": "news.example"}, "a b", 7, "", "blog.example", ["x/y"]]
    assert read_actor(alice(attributionDomains=named)).attribution_domains == (
        "blog.example",
        "news.example",
    )
    many = [f"h{number}.example" for number in range(200)]
    assert len(read_actor(alice(attributionDomains=many)).attribution_domains) == 100
    odds: tuple[object, ...] = (None, "", {}, 3, "blog.example/x")
    for odd in odds:
        assert read_actor(alice(attributionDomains=odd)).attribution_domains == ()


def test_the_key_and_the_emoji_of_an_actor() -> None:
    key = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
    cat = {"type": "Emoji", "name": ":cat:", "icon": {"url": "https://cdn.example/cat.png"}}
    actor = read_actor(alice(publicKey=key, tag=cat))
    assert actor.keys == (PublicKey(f"{ALICE}#main-key", ALICE, "PEM"),)
    assert actor.emojis == (Emoji("cat", "https://cdn.example/cat.png"),)


@pytest.mark.parametrize(
    "inbox",
    [
        None,
        "",
        "http://[",
        "ftp://b.example/inbox",
        "https://evil.example/inbox",
        "https://b.example:8443/inbox",
        "http://127.0.0.1/inbox",
        {},
        1,
    ],
)
@pytest.mark.sec("SEC-092")
def test_an_inbox_lies_on_the_host_of_its_actor(inbox: object) -> None:
    with pytest.raises(Malformed, match="inbox"):
        read_actor(alice(inbox=inbox))


@pytest.mark.sec("SEC-092")
def test_a_shared_inbox_elsewhere_is_dropped() -> None:
    assert (
        read_actor(alice(endpoints={"sharedInbox": "https://evil.example/"})).shared_inbox is None
    )
    assert read_actor(alice(endpoints=None, sharedInbox="https://b.example/in")).shared_inbox
    assert read_actor(alice(endpoints=[1, "x"])).shared_inbox is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        None,
        1,
        "a@b",
        "../x",
        "%2e%2e",
        "admin\u200b",
        "\u202enimda",
        "a b",
        "x" * 2049,
        "a.",
        "\U0001f600",
    ],
)
@pytest.mark.sec("SEC-089")
def test_odd_user_names(name: object) -> None:
    with pytest.raises(Malformed, match="user name"):
        read_actor(alice(preferredUsername=name))


def test_an_instance_actor_may_lack_a_name() -> None:
    """Lemmy's does, and signs what it fetches."""
    nameless = alice(preferredUsername=None, type="Application")
    assert read_actor(nameless).username == "b.example"


@pytest.mark.parametrize("name", ["alice", "Alice_2", "a.b-c", "b.corp.example", "localhost:8001"])
def test_good_user_names(name: str) -> None:
    assert read_actor(alice(preferredUsername=name)).username == name


def test_a_webfinger_address_stands_in_for_a_user_name() -> None:
    actor = read_actor(alice(preferredUsername=None, webfinger="alice@corp.example"))
    assert (actor.username, actor.webfinger) == ("alice", "alice@corp.example")


@pytest.mark.parametrize("kind", ["Note", "Tombstone", "person", 1, None])
def test_what_is_no_actor(kind: object) -> None:
    with pytest.raises(Malformed):
        read_actor(alice(type=kind))


@pytest.mark.sec("SEC-024")
def test_a_key_of_another_owner_is_ignored() -> None:
    mine = {"id": f"{ALICE}#k", "owner": ALICE, "publicKeyPem": "PEM"}
    odd: list[Any] = [
        mine | {"owner": "https://b.example/users/bob"},
        mine | {"owner": None},
        mine | {"id": "https://evil.example/key"},
        mine | {"publicKeyPem": None},
        f"{ALICE}#k",
        1,
    ]
    assert read_actor(alice(publicKey=[*odd, mine])).keys == (
        PublicKey(f"{ALICE}#k", ALICE, "PEM"),
    )
    assert read_actor(alice(publicKey=odd)).keys == ()
    assert len(read_actor(alice(publicKey=[mine] * 1000)).keys) == 10


def test_the_caps_of_an_actor() -> None:
    field = {"type": "PropertyValue", "name": "n" * 9999, "value": "v" * 9999}
    actor = read_actor(alice(name="n" * 9999, summary="s" * 99_999, attachment=[field] * 1000))
    assert (len(actor.name), len(actor.summary_html)) == (2048, 20_000)
    assert len(actor.fields) == 50
    assert {len(text) for pair in actor.fields for text in pair} == {2047}
