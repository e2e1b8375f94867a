"""WebFinger, host-meta and NodeInfo: what we answer and what we believe."""

from typing import Any

import pytest

from activitypub import nodeinfo, webfinger
from activitypub.errors import Malformed

ALICE = "https://b.example/users/alice"


def jrd(**changes: Any) -> dict[str, Any]:
    return webfinger.build_jrd("alice@b.example", ALICE) | changes


def test_the_answer_to_a_stranger_is_literally_this() -> None:
    assert webfinger.build_jrd("alice@b.example", ALICE) == {
        "subject": "acct:alice@b.example",
        "links": [{"rel": "self", "type": "application/activity+json", "href": ALICE}],
    }


def test_our_answer_is_read_by_ourselves() -> None:
    whole = webfinger.build_jrd(
        "alice@b.example", ALICE, page_url="https://b.example/@alice", aliases=[ALICE]
    )
    assert webfinger.parse_jrd(whole) == webfinger.Jrd("alice", "b.example", ALICE)


@pytest.mark.parametrize(
    ("resource", "parts"),
    [
        ("acct:alice@b.example", ("alice", "b.example")),
        ("alice@B.Example", ("alice", "b.example")),
        ("@Alice@localhost:8001", ("Alice", "localhost:8001")),
        ("acct:b.example@b.example", ("b.example", "b.example")),
    ],
)
def test_resources(resource: str, parts: tuple[str, str]) -> None:
    assert webfinger.parse_resource(resource) == parts


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "alice",
        "@",
        "acct:@b.example",
        "acct:alice@",
        "a b@b.example",
        "alice@b.example/x",
        "alice@go/od.example",
        "alice@b.example@evil.example",
        "mailto:alice@b.example",
        "https://b.example/users/alice",
        "..@b.example",
        "x" * 300 + "@b.example",
        "alice@b.example\n",
    ],
)
def test_odd_resources(resource: str) -> None:
    with pytest.raises(Malformed):
        webfinger.parse_resource(resource)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"subject": ALICE},
        {"subject": "acct:alice"},
        {"links": None},
        {"links": []},
        {"links": {"rel": "self"}},
        {"links": [{"rel": "self", "type": "text/html", "href": ALICE}]},
        {"links": [{"rel": "self", "href": ALICE}]},
        {"links": [{"rel": "self", "type": "application/activity+json", "href": "javascript:x"}]},
        {"links": [{"rel": "self", "type": "application/activity+json"}]},
        {"links": [1, "x", None]},
    ],
)
def test_odd_answers(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        webfinger.parse_jrd(jrd(**changes))


def test_the_other_media_type_of_an_actor() -> None:
    kind = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
    found = webfinger.parse_jrd(jrd(links={"rel": "self", "type": kind, "href": ALICE}))
    assert found.actor_uri == ALICE


def test_a_question_is_escaped() -> None:
    assert webfinger.query("alice", "localhost:8001") == (
        "/.well-known/webfinger?resource=acct%3Aalice%40localhost%3A8001"
    )


def test_host_meta_names_the_template() -> None:
    assert 'template="https://b.example/.well-known/webfinger?resource={uri}"' in (
        webfinger.build_host_meta("https://b.example")
    )


def test_nodeinfo_of_a_closed_instance() -> None:
    document = nodeinfo.build_nodeinfo("2.0", software="fedimmp", software_version="1", name="HQ")
    assert document["openRegistrations"] is False
    assert document["usage"] == {
        "users": {"total": 0, "activeMonth": 0, "activeHalfyear": 0},
        "localPosts": 0,
    }
    assert nodeinfo.read_software(document) == nodeinfo.Software("fedimmp", "1")
    assert nodeinfo.media_type("2.0").endswith('schema/2.0#"')
    with pytest.raises(Malformed):
        nodeinfo.build_nodeinfo("3.0", software="fedimmp", software_version="1", name="HQ")


def test_sec_052_nodeinfo_elsewhere_is_ignored() -> None:
    index = nodeinfo.build_index("https://b.example")
    assert nodeinfo.find_link(index, "https://b.example") == "https://b.example/nodeinfo/2.1"
    with pytest.raises(Malformed):
        nodeinfo.find_link(index, "https://c.example")
    for href in ("http://169.254.169.254/", "data:application/json,{}", None):
        links = [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": href}]
        with pytest.raises(Malformed):
            nodeinfo.find_link({"links": links}, "https://b.example")
    for odd in ({}, {"software": "x"}, {"software": None}):
        with pytest.raises(Malformed):
            nodeinfo.read_software(odd)
