"""NodeInfo and WebFinger of an allowed peer that lead elsewhere."""

from typing import Any

import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import peer_overview, peering
from fedimmp.workers.settle import settle
from tests.attacks.door import Door
from tests.attacks.outbound import Watch, own_ports
from tests.attacks.reading import get
from tests.federation.foreign import LOOPBACK, Foreign
from tests.federation.members import count, member
from tests.protocol.peers import jrd_answer

SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/2.1"
ELSEWHERE = (
    "{evil}",
    "{evil}/.well-known/{path}",
    "//{evil_host}/x",
    "http://{host}@{evil_host}/x",
    "http://{host}.evil.example/x",
    "https://{host}/x",
    "http://127.0.0.1:{port}/x",
    "http://169.254.169.254/latest/meta-data",
    "data:application/json,{{}}",
    "file:///etc/passwd",
    "gopher://{host}/",
    "\thttp://{evil_host}/x",
    "http://{host}\\@{evil_host}/x",
    "http://{own}/actor",
)


def _spell(template: str, app: App, porto: Foreign, evil: Foreign, path: str) -> str:
    return template.format(
        evil=evil.peer.origin,
        evil_host=evil.host,
        host=porto.host,
        port=porto.host.rpartition(":")[2],
        own=app.uris.host,
        path=path,
    )


async def _ask_what_it_runs(app: App, office: Foreign) -> str | None:
    await peering.add_peer(app, office.host, networks=LOOPBACK, actor="tests")
    await settle(app)
    return (await peer_overview.get_peer(app, office.host)).software


@pytest.mark.sec("SEC-052")
@pytest.mark.parametrize("template", [*ELSEWHERE, "", 7, None, ["{evil}"], {"href": "x"}])
@pytest.mark.parametrize("way", ["link", "redirect"])
async def test_nodeinfo_elsewhere_is_not_fetched(
    door: Door,
    porto: Foreign,
    evil: Foreign,
    monkeypatch: pytest.MonkeyPatch,
    template: Any,
    way: str,
) -> None:
    watch = Watch(monkeypatch)
    href = template
    if isinstance(template, str):
        href = _spell(template, door.app, porto, evil, "nodeinfo")
    if way == "link":
        index = {"links": [{"rel": SCHEMA, "href": href}]}
        porto.peer.pages["/.well-known/nodeinfo"] = lambda _request: jrd_answer(index)
    elif isinstance(href, str) and "\t" not in href:
        porto.peer.redirect("/.well-known/nodeinfo", href)

    assert await _ask_what_it_runs(door.app, porto) is None

    assert porto.fetched("/.well-known/nodeinfo") >= 1
    asked = {message.target.partition("?")[0] for message in porto.peer.seen}
    # The same job asks for its own actor, to see whether it lets us in.
    assert asked == {"/.well-known/nodeinfo", "/actor", "/.well-known/webfinger"}
    assert watch.beside(*own_ports(door.app, porto.host)) == set()


def _finger(porto: Foreign, subject: str, href: object, **link: object) -> None:
    self_link = {"rel": "self", "type": "application/activity+json", "href": href} | link
    jrd = {"subject": subject, "links": [self_link]}
    porto.peer.pages["/.well-known/webfinger"] = lambda _request: jrd_answer(jrd)


async def _nobody_is_found(door: Door, porto: Foreign) -> None:
    ana = await member(door.app, "ana")
    known = await count(door.app, "accounts")
    path = f"/api/v2/search?resolve=true&q=@mallory@{porto.host}"
    assert (await get(door.app, ana, path))["accounts"] == []
    assert await count(door.app, "accounts") == known
    # It was asked, once, and nothing was fetched because of what it said.
    assert porto.fetched("/.well-known/webfinger") == 1
    assert len(porto.peer.seen) == 1


@pytest.mark.sec("SEC-052", "SEC-053")
@pytest.mark.parametrize("template", ELSEWHERE)
@pytest.mark.parametrize("way", ["link", "redirect"])
async def test_webfinger_that_leads_elsewhere_is_not_followed(
    door: Door,
    porto: Foreign,
    evil: Foreign,
    monkeypatch: pytest.MonkeyPatch,
    template: str,
    way: str,
) -> None:
    watch = Watch(monkeypatch)
    evil.person("mallory")
    there = _spell(template, door.app, porto, evil, "webfinger")
    if way == "link":
        _finger(porto, f"acct:mallory@{porto.host}", there)
    else:
        porto.peer.pages["/.well-known/webfinger"] = lambda _request: web.Response(
            status=302, headers={"Location": there.replace("\t", "")}
        )

    await _nobody_is_found(door, porto)

    assert watch.beside(*own_ports(door.app, porto.host)) == set()


@pytest.mark.sec("SEC-053")
@pytest.mark.parametrize(
    "subject",
    ["acct:mallory@{evil}", "acct:mallory@{own}", "acct:ana@{host}@{evil}", "{evil}", "acct:@"],
)
async def test_webfinger_whose_subject_is_elsewhere_is_not_followed(
    door: Door, porto: Foreign, evil: Foreign, subject: str
) -> None:
    evil.person("mallory")
    spelled = subject.format(evil=evil.host, own=door.app.uris.host, host=porto.host)
    _finger(porto, spelled, porto.peer.uri("/users/mallory"))

    await _nobody_is_found(door, porto)


@pytest.mark.sec("SEC-053")
async def test_webfinger_that_redirects_within_its_host_is_followed(
    door: Door, porto: Foreign
) -> None:
    """The other tests prove something only if an honest redirect works."""
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    porto.peer.pages["/finger"] = porto.peer.pages["/.well-known/webfinger"]
    porto.peer.pages["/.well-known/webfinger"] = lambda request: web.Response(
        status=301, headers={"Location": f"/finger?{request.query_string}"}
    )

    path = f"/api/v2/search?resolve=true&q=@bela@{porto.host}"
    (found,) = (await get(door.app, ana, path))["accounts"]

    assert found["uri"] == bela.uri
