"""What callers get who are not on the list: the table of the closed mode, row by row."""

import pytest

from tests.wire.offices import Answer, Office, settled

PAGE_ACCEPT = "text/html,application/xhtml+xml"


def path_of(office: Office, url: str) -> str:
    return url.removeprefix(office.app.uris.origin)


def check_private(answer: Answer) -> None:
    assert "no-store" in answer.headers["Cache-Control"]


async def test_the_instance_actor_is_whole_for_anybody(hq: Office) -> None:
    answer = await hq.get(f"{hq.app.uris.origin}/actor")

    assert answer.status == 200
    check_private(answer)
    assert answer.headers["Content-Type"] == "application/activity+json; charset=utf-8"
    document = answer.json
    assert document["type"] == "Application"
    assert document["inbox"] == f"{hq.app.uris.origin}/actor/inbox"
    assert document["endpoints"] == {"sharedInbox": f"{hq.app.uris.origin}/inbox"}
    assert document["publicKey"]["id"] == f"{hq.app.uris.origin}/actor#main-key"


async def test_an_actor_is_bare_for_strangers_and_whole_for_peers(
    hq: Office, porto: Office
) -> None:
    ana = await hq.member("ana")

    bare = await hq.get(ana.uri)
    assert bare.status == 200
    check_private(bare)
    assert bare.headers["Vary"] == "Accept, Signature, Signature-Input"
    assert set(bare.json) - {"@context"} == {
        "id",
        "type",
        "preferredUsername",
        "inbox",
        "publicKey",
        "assertionMethod",
    }

    whole = (await hq.get(ana.uri, signed_by=porto)).json
    assert whole["followers"] == f"{ana.uri}/followers"
    assert whole["endpoints"] == {"sharedInbox": f"{hq.app.uris.origin}/inbox"}
    assert whole["url"] == ana.url
    for document, uri in (
        (bare.json, ana.uri),
        (whole, ana.uri),
        ((await hq.get(f"{hq.app.uris.origin}/actor")).json, f"{hq.app.uris.origin}/actor"),
    ):
        multikey = document["assertionMethod"][0].pop("publicKeyMultibase")
        assert multikey.startswith("z6Mk")
        assert document["assertionMethod"] == [
            {"id": f"{uri}#ed25519-key", "type": "Multikey", "controller": uri}
        ]
    assert whole["publicKey"] == bare.json["publicKey"]


async def test_a_signature_of_a_stranger_opens_nothing(hq: Office, outsider: Office) -> None:
    ana = await hq.member("ana")

    for url in (ana.uri, f"{ana.uri}/outbox"):
        answer = await hq.get(url, signed_by=outsider)
        assert answer.status == 403
        assert set(answer.json) == {"error"}


@pytest.mark.parametrize(
    "path",
    [
        "outbox",
        "outbox?page=true",
        "followers",
        "following",
        "featured",
        "featured/tags",
        "statuses/1",
        "activities/1",
    ],
)
async def test_everything_else_needs_a_signature(hq: Office, path: str) -> None:
    ana = await hq.member("ana")

    answer = await hq.get(f"{ana.uri}/{path}")

    assert answer.status == 401
    check_private(answer)
    assert set(answer.json) == {"error"}


async def test_a_post_is_read_by_offices_in_its_audience_and_missing_for_others(
    hq: Office, porto: Office
) -> None:
    ana = await hq.member("ana")
    public = hq.app.uris.note(ana.id, await hq.post(ana, "For all"))
    private = hq.app.uris.note(ana.id, await hq.post(ana, "For some", visibility="private"))
    missing = hq.app.uris.note(ana.id, 7)

    assert (await hq.get(public)).status == 401
    read = await hq.get(public, signed_by=porto)
    assert read.status == 200
    assert read.json["id"] == public
    hidden = await hq.get(private, signed_by=porto)
    assert hidden.status == 404
    assert (await hq.get(missing, signed_by=porto)).text == hidden.text
    assert (await hq.get(f"{private}/activity", signed_by=porto)).status == 404
    assert (await hq.get(f"{public}/activity", signed_by=porto)).json["type"] == "Create"


async def test_a_post_is_found_only_below_its_author(hq: Office, porto: Office) -> None:
    ana, bob = await hq.member("ana"), await hq.member("bob")
    post = await hq.post(ana, "Mine")

    assert (await hq.get(hq.app.uris.note(bob.id, post), signed_by=porto)).status == 404


async def test_a_browser_is_sent_to_the_page(hq: Office) -> None:
    ana = await hq.member("ana")
    post = await hq.post(ana, "Hello", visibility="direct")

    person = await hq.get(ana.uri, accept=PAGE_ACCEPT)
    assert (person.status, person.headers["Location"]) == (302, ana.url)
    note = await hq.get(hq.app.uris.note(ana.id, post), accept=PAGE_ACCEPT)
    assert (note.status, note.headers["Location"]) == (302, f"{ana.url}/{post}")
    # Whether there is such a post is not said to anybody who has not signed in.
    nothing = await hq.get(hq.app.uris.note(ana.id, 7), accept=PAGE_ACCEPT)
    assert (nothing.status, nothing.headers["Location"]) == (302, f"{ana.url}/7")
    anonymous = await hq.get(person.headers["Location"], accept=PAGE_ACCEPT)
    assert anonymous.status in (302, 303)
    assert "sign" in anonymous.headers["Location"] or "login" in anonymous.headers["Location"]


async def test_webfinger_links_to_the_actor_and_tells_no_more(hq: Office) -> None:
    ana = await hq.member("ana")
    base = f"{hq.app.uris.origin}/.well-known/webfinger?resource="
    expected = {
        "subject": f"acct:{ana.username}@{hq.host}",
        "links": [{"rel": "self", "type": "application/activity+json", "href": ana.uri}],
    }

    for resource in (
        f"acct:{ana.username}@{hq.host}",
        f"acct%3A{ana.username.upper()}%40{hq.host}",
        ana.uri,
        ana.url,
    ):
        answer = await hq.get(base + resource, accept="application/jrd+json")
        assert answer.status == 200, resource
        check_private(answer)
        assert answer.json == expected
        assert answer.headers["Content-Type"] == "application/jrd+json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for resource in (f"acct:{hq.host}@{hq.host}", hq.app.uris.instance_actor):
        instance = await hq.get(base + resource)
        assert instance.json["links"][0]["href"] == hq.app.uris.instance_actor


async def test_webfinger_of_the_origin_names_the_actor_of_the_server(hq: Office) -> None:
    origin = hq.app.uris.origin
    link = {"type": "application/activity+json", "href": hq.app.uris.instance_actor}
    for resource in (origin, f"{origin}/"):
        answer = await hq.get(f"{origin}/.well-known/webfinger?resource={resource}")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/jrd+json"
        assert answer.json == {
            "subject": f"{origin}/",
            "links": [
                {"rel": "https://www.w3.org/ns/activitystreams#Service"} | link,
                {"rel": "self"} | link,
            ],
        }


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("", 400),
        ("acct:nobody@{host}", 404),
        ("acct:{name}@elsewhere.example", 404),
        ("acct:{name}", 404),
        ("gopher://{host}/{name}", 404),
        ("%00%ff", 404),
        ("https://elsewhere.example/users/1", 404),
        ("http://[", 404),
    ],
)
async def test_webfinger_of_nobody(hq: Office, resource: str, status: int) -> None:
    ana = await hq.member("ana")
    query = resource.format(host=hq.host, name=ana.username)

    answer = await hq.get(f"{hq.app.uris.origin}/.well-known/webfinger?resource={query}")

    assert answer.status == status
    assert set(answer.json) == {"error"}


async def test_host_meta_and_nodeinfo_tell_no_numbers(hq: Office) -> None:
    origin = hq.app.uris.origin
    await hq.member("ana")

    meta = await hq.get(f"{origin}/.well-known/host-meta")
    assert meta.status == 200
    assert f"{origin}/.well-known/webfinger?resource={{uri}}" in meta.text
    index = await hq.get(f"{origin}/.well-known/nodeinfo")
    links = {link["rel"]: link["href"] for link in index.json["links"]}
    assert links["https://www.w3.org/ns/activitystreams#Application"] == f"{origin}/actor"
    for version in ("2.0", "2.1"):
        info = await hq.get(links[f"http://nodeinfo.diaspora.software/ns/schema/{version}"])
        assert info.status == 200
        check_private(info)
        assert info.json["software"]["name"] == "fedimmp"
        assert info.json["openRegistrations"] is False
        assert info.json["usage"] == {
            "users": {"total": 0, "activeMonth": 0, "activeHalfyear": 0},
            "localPosts": 0,
        }
        assert info.json["metadata"]["upstream"]["name"] == "mastodon"
    assert (await hq.get(f"{origin}/nodeinfo/3.0")).status == 404


async def test_what_a_member_deleted_is_missing_for_peers(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    async with hq.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET deleted_at = $2 WHERE id = $1", ana.id, hq.app.now())

    assert (await hq.get(ana.uri, signed_by=porto)).status == 410
    assert (await hq.get(f"{ana.uri}/outbox", signed_by=porto)).status == 404
    await settled(hq)
