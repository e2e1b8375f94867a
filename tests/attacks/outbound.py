"""What an office connects to while documents name a host wherever a document can name one."""

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import pytest

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from tests.attacks.door import Door, post, signed
from tests.attacks.reading import get
from tests.federation.foreign import Person
from tests.federation.members import Member, status_of


class Watch:
    """Remembers each address that this process connects to, whoever in it does so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.addresses: list[tuple[str, int]] = []
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def watched(sock: Any, address: Any) -> None:
            # The database may be reached by a path instead.
            if isinstance(address, tuple):
                self.addresses.append((address[0], address[1]))
            await connect(sock, address)

        monkeypatch.setattr(loop, "sock_connect", watched)

    def beside(self, *ports: int) -> set[tuple[str, int]]:
        """Return what was connected to, but for these ports of localhost."""
        local = {(name, port) for name in ("127.0.0.1", "::1") for port in ports}
        return set(self.addresses) - local


def port_of(host: str) -> int:
    """Return the port of a host."""
    return int(host.rpartition(":")[2])


def own_ports(app: App, *hosts: str) -> tuple[int, ...]:
    """Return the ports that an office may well connect to: those of its database and of hosts.

    Its own, too, since the watch sees what the test sends.
    """
    database = urlsplit(app.config.database.url or "").port
    return (port_of(app.uris.host), *(port_of(host) for host in hosts), database or 5432)


async def lead_to(door: Door, reader: Member, liar: Person, base: str) -> None:
    """Let a peer name an origin in all its documents, look at them, and have all that follows done.

    Fails where anything is answered with 500.
    """
    note = liar.note(**_post_about(base))
    # A header holds bytes, which a test writes as latin-1.
    key_id = f"{base}/users/mallory#main-key".encode().decode("latin-1")
    for message in (
        *(signed(door.app, liar, each) for each in _activities(liar, base, note)),
        signed(door.app, liar, post(liar), key_id=key_id),
        signed(door.app, liar, post(liar) | {"actor": f"{base}/users/mallory"}),
    ):
        # 503 where a key cannot be had just now.
        assert await door.send(message) in (202, 400, 401, 403, 503)
    await settle(door.app)
    # A document with such a name in it may be refused as a whole.
    if await status_of(door.app, note["id"]) is not None:
        await look_at(door.app, reader, note["id"])
    # No form and no row takes NUL.
    typed = base.replace("\0", "")
    await search(door.app, reader, typed)
    await deliver_to(door.app, reader, liar, typed)


async def look_at(app: App, reader: Member, uri: str) -> list[int]:
    """Let a member look at a post, its thread, author and pictures; return how these answer."""
    status = await status_of(app, uri)
    assert status is not None
    shown = await get(app, reader, f"/api/v1/statuses/{status.id}")
    await get(app, reader, f"/api/v1/statuses/{status.id}/context")
    account = shown["account"]
    await get(app, reader, f"/api/v1/accounts/{account['id']}")
    await get(app, reader, f"/api/v1/accounts/{account['id']}/statuses")
    await settle(app)
    pictures = [account["avatar"], account["header"]]
    pictures += [each["url"] for each in shown["media_attachments"] + shown["emojis"]]
    return [await _status(url) for url in pictures if url]


async def search(app: App, reader: Member, base: str) -> None:
    """Let a member look for people and a post at an origin; nobody is found."""
    host = base.partition("://")[2]
    for query in (f"@mallory@{host}", f"{base}/users/mallory", f"{base}/notes/1"):
        found = await get(app, reader, f"/api/v2/search?resolve=true&q={quote(query)}")
        assert (found["accounts"], found["statuses"]) == ([], [])


async def deliver_to(app: App, author: Member, reader: Person, base: str) -> None:
    """Let a member write to somebody whose inbox is, by whatever mistake, at an origin."""
    async with app.db.writer() as tx:
        await tx.execute(
            "UPDATE peers SET shared_inbox_url = $2 WHERE host = $1",
            reader.office.host,
            f"{base}/inbox",
        )
    draft = Draft(text=f"@{reader.name}@{reader.office.host} Bom dia", visibility="direct")
    await posting.publish(app, author.id, draft, application_id=None)
    await settle(app)


async def _status(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status < 500
        return answer.status


def _picture(base: str) -> dict[str, str]:
    return {"type": "Image", "mediaType": "image/png", "url": f"{base}/face.png"}


def _post_about(base: str) -> dict[str, Any]:
    return {
        "inReplyTo": f"{base}/notes/1",
        "context": f"{base}/contexts/1",
        "conversation": f"{base}/contexts/1",
        "quote": f"{base}/notes/2",
        "quoteUrl": f"{base}/notes/2",
        "quoteAuthorization": f"{base}/stamps/2",
        "replies": {"type": "Collection", "first": f"{base}/replies"},
        "content": '<p>Bom dia :x: <a href="' + base + '/page">page</a></p>',
        "attachment": [_picture(base), {"type": "Link", "href": f"{base}/page"}],
        "tag": [
            {"type": "Mention", "href": f"{base}/users/mallory", "name": "@mallory"},
            {"type": "Emoji", "name": ":x:", "icon": _picture(base)},
            {"type": "Link", "mediaType": "application/activity+json", "href": f"{base}/notes/2"},
        ],
    }


def _activities(liar: Person, base: str, note: dict[str, Any]) -> list[dict[str, Any]]:
    liar.document |= {
        "icon": _picture(base),
        "image": _picture(base),
        "outbox": f"{base}/outbox",
        "featured": f"{base}/featured",
        "followers": f"{base}/followers",
        "alsoKnownAs": [f"{base}/users/mallory"],
    }
    return [
        liar.create(note),
        liar.update(liar.document),
        liar.create(liar.note(attributedTo=f"{base}/users/mallory")),
        liar.announce(f"{base}/notes/3"),
        *(
            liar.activity(kind, f"{base}/notes/4")
            for kind in ("Create", "Update", "Delete", "Like", "Undo", "Accept", "Flag", "Block")
        ),
        liar.activity("Follow", f"{base}/users/mallory"),
        liar.activity("Move", liar.uri, target=f"{base}/users/mallory"),
        liar.activity("Add", f"{base}/notes/5", target=f"{base}/featured"),
        liar.activity("QuoteRequest", f"{base}/notes/6", instrument=f"{base}/notes/7"),
    ]
