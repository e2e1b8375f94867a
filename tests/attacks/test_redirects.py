"""Redirects of an allowed peer, on all ways on which it can have us ask it for something."""

from collections import Counter
from urllib.parse import quote

import pytest

from tests.attacks.door import Door
from tests.attacks.outbound import Watch, lead_to, own_ports, port_of
from tests.attacks.reading import get
from tests.federation.foreign import Foreign
from tests.federation.members import count, member

LOCATIONS = (
    "http://{evil}/x",
    "//{evil}/x",
    "https://{host}/x",
    "http://127.0.0.1:{port}/x",
    "http://[::1]:{port}/x",
    "http://10.1.2.3/x",
    "http://169.254.169.254/latest/meta-data",
    "http://{own}/actor",
    "http://{host}@{evil}/x",
    "http://{host}\\@{evil}/x",
    "file:///etc/passwd",
    "data:application/activity+json,x",
    "javascript:alert(1)",
    "http://[",
    "/a b",
    "../../../../x",
)
# Where lead_to() has us look below the origin that it is given.
PATHS = (
    "users/mallory",
    *(f"notes/{number}" for number in range(1, 8)),
    *("face.png", "inbox", "contexts/1", "replies", "outbox", "featured", "stamps/2", "page"),
)


@pytest.mark.sec("SEC-045")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_that_leads_elsewhere_is_not_followed(
    door: Door, porto: Foreign, evil: Foreign, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    watch = Watch(monkeypatch)
    # Not all of them with each status.
    chosen = LOCATIONS if status == 302 else LOCATIONS[status % 5 :: 7]
    for number, template in enumerate(chosen):
        location = template.format(
            evil=evil.host, host=porto.host, own=door.app.uris.host, port=port_of(evil.host)
        )
        for path in PATHS:
            porto.peer.redirect(f"/away{number}/{path}", location, status)

        # A host whose pictures cannot be had is left alone for a while.
        door.app.pictures.hosts.worked(porto.host)
        await lead_to(door, ana, bela, porto.peer.uri(f"/away{number}"))

    assert watch.beside(*own_ports(door.app, porto.host)) == set()
    asked = Counter(message.target for message in porto.peer.seen)
    assert {f"/away{number}/users/mallory" for number in range(len(chosen))} <= asked.keys()
    assert {f"/away{number}/face.png" for number in range(len(chosen))} <= asked.keys()
    # Later ones wait behind it.
    assert asked["/away0/inbox"] >= 1
    # No storm: what cannot be had is not asked for again and again.
    assert max(asked[target] for target in asked if target.startswith("/away")) <= 12
    assert await count(door.app, "statuses") == 2 * len(chosen)


@pytest.mark.sec("SEC-045")
async def test_a_circle_of_redirects_ends(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    for path in PATHS:
        porto.peer.redirect(f"/a/{path}", f"/b/{path}")
        porto.peer.redirect(f"/b/{path}", f"/a/{path}")

    await lead_to(door, ana, bela, porto.peer.uri("/a"))

    asked = Counter(message.target for message in porto.peer.seen)
    assert asked["/b/notes/1"] >= 2
    assert max(asked[target] for target in asked if target.startswith("/a/")) <= 24


@pytest.mark.sec("SEC-045")
async def test_a_redirect_within_the_host_is_followed(door: Door, porto: Foreign) -> None:
    """The other tests prove something only if an honest redirect works."""
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    note = bela.note()
    porto.peer.document(note["id"].removeprefix(porto.peer.origin), **note)
    porto.peer.redirect("/a/b/c", f"../../{note['id'].partition(porto.host)[2]}")

    query = quote(porto.peer.uri("/a/b/c"))
    found = await get(door.app, ana, f"/api/v2/search?resolve=true&q={query}")

    assert [each["uri"] for each in found["statuses"]] == [note["id"]]
