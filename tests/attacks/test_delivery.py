"""Inboxes that lead elsewhere, and answers that would: SEC-045 and SEC-092 for deliveries."""

from typing import Any

import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from tests.attacks.delivering import deliver
from tests.attacks.door import Door
from tests.federation.foreign import Foreign
from tests.federation.members import account_id, count, member, pairs


async def undelivered(app: App) -> list[tuple[str, int, str]]:
    """Return what is on record as (state, attempts, reason), the oldest first."""
    async with app.db.reader() as conn:
        rows = await conn.fetch("SELECT state, attempts, last_error FROM deliveries ORDER BY id")
    return [(row["state"], row["attempts"], row["last_error"]) for row in rows]


async def plant(app: App, host: str, inbox: str) -> None:
    """Change the address of what waits for an office, as no code of ours would."""
    async with app.db.writer() as tx:
        changed = await tx.execute(
            """
            UPDATE deliveries
               SET inbox_url = $2
              FROM lanes
             WHERE lanes.id = deliveries.lane_id
               AND lanes.host = $1
            """,
            host,
            inbox,
        )
    assert changed == 1


def take_all(office: Foreign) -> None:
    """Let an office take what comes to its shared inbox."""
    office.peer.pages["/inbox"] = lambda _request: web.Response(status=202)


def posted(peer: Foreign) -> list[str]:
    return [each.target for each in peer.peer.seen if each.method == "POST"]


@pytest.mark.sec("SEC-045")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_045_a_delivery_follows_no_redirect(
    hq: App, porto: Foreign, evil: Foreign, status: int
) -> None:
    ana = await member(hq, "ana")
    places = [
        evil.peer.uri("/inbox"),
        hq.uris.shared_inbox,
        "http://127.0.0.1:9/inbox",
        "file:///etc/passwd",
        "gopher://localhost/",
        "data:text/plain,x",
        "//evil.example/inbox",
        f"http://ana@{porto.host}/other",
        "../other",
        "http://[",
        "",
    ]
    porto.peer.pages["/inbox"] = lambda _request: web.Response(
        status=status, headers={"Location": places[0]}
    )

    for number, place in enumerate(places):
        places[0] = place
        async with hq.db.writer() as tx:
            await tx.execute("DELETE FROM lanes")
            await tx.execute("DELETE FROM inbox_hosts")
        await posting.publish(hq, ana.id, Draft(text=f"post {number}"), application_id=None)
        await settle(hq)
        await settle(hq)
        # Asked once, and again only after a pause.
        assert posted(porto) == ["/inbox"] * (number + 1)
        assert await undelivered(hq) == [
            ("waiting", 1, f"HTTP {status}: Status {status}"),
        ]
    assert await count(hq, "inbox") == 0


@pytest.mark.sec("SEC-092")
async def test_092_a_bad_shared_inbox_is_not_used(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana = await member(hq, "ana")
    odd: tuple[Any, ...] = (
        evil.peer.uri("/inbox"),
        hq.uris.shared_inbox,
        f"http://127.0.0.1:{evil.host.partition(':')[2]}/inbox",
        "http://[",
        "ftp://localhost/inbox",
        f"http://x@{porto.host}/inbox",
        f"http://{porto.host}/in box",
        {"type": "OrderedCollection"},
        7,
    )
    for number, inbox in enumerate(odd):
        bela = porto.person(f"bela{number}")
        bela.document["endpoints"] = {"sharedInbox": inbox}

        await deliver(door, bela, bela.activity("Follow", ana.uri))

        assert posted(porto)[-1] == f"/users/bela{number}/inbox"
    assert len(await pairs(hq, "follows")) == len(odd)
    assert await count(hq, "inbox") == len(odd)


@pytest.mark.sec("SEC-092")
@pytest.mark.parametrize(
    ("inbox", "state"),
    [
        ("http://[", "dead"),
        ("ftp://localhost/inbox", "dead"),
        ("evil", "waiting"),
        ("own", "waiting"),
        ("http://127.0.0.1:9/inbox", "waiting"),
    ],
)
async def test_092_a_bad_inbox_on_record_stops_only_itself(
    hq: App, porto: Foreign, evil: Foreign, inbox: str, state: str
) -> None:
    take_all(porto)
    ana, bob = await member(hq, "ana"), await member(hq, "bob")
    url = {"evil": evil.peer.uri("/inbox"), "own": hq.uris.shared_inbox}.get(inbox, inbox)
    await posting.publish(hq, ana.id, Draft(text="odd"), application_id=None)
    await plant(hq, porto.host, url)
    await posting.publish(hq, bob.id, Draft(text="even"), application_id=None)

    await settle(hq)

    ((now, attempts, reason),) = await undelivered(hq)
    assert (now, attempts) == (state, 1)
    assert reason
    (arrived,) = porto.received("Create")
    assert arrived["object"]["content"] == "<p>even</p>"
    assert await count(hq, "inbox") == 0


@pytest.mark.sec("SEC-092")
async def test_092_an_account_whose_inbox_is_no_longer_allowed_gets_nothing(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    take_all(porto)
    ana, bela, rosa = await member(hq, "ana"), porto.person("bela"), porto.person("rosa")
    for person in (bela, rosa):
        await deliver(door, person, person.activity("Follow", ana.uri))
    bela_id = await account_id(hq, bela.uri)
    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET inbox_url = $2, shared_inbox_url = NULL WHERE id = $1",
            bela_id,
            evil.peer.uri("/inbox"),
        )
    draft = Draft(text="to those who follow", visibility="private")

    await posting.publish(hq, ana.id, draft, application_id=None)
    await settle(hq)

    assert len(porto.received("Create")) == 1
    assert await undelivered(hq) == []
