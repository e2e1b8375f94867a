"""Another office as a test plays it: people with keys, documents by path, signed activities.

It is no fedimmp: what it serves and sends is written by hand, as Mastodon would.
"""

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from activitypub.signatures.cavage import sign
from activitypub.signatures.keys import SigningKey, signing_key
from activitypub.signatures.message import Message
from activitypub.vocabulary import AS2, PUBLIC
from fedimmp.app import App
from fedimmp.inbound.receive import receive
from fedimmp.services import peering
from fedimmp.workers.settle import settle
from tests.protocol.peers import Peer, jrd_answer, serving
from tests.protocol.people import pems

LOOPBACK = ("127.0.0.0/8", "::1/128")
_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody who works at another office."""

    office: "Foreign"
    name: str
    key_name: str
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return self.office.peer.uri(f"/users/{self.name}")

    @property
    def followers(self) -> str:
        return f"{self.uri}/followers"

    @property
    def key(self) -> SigningKey:
        return signing_key(f"{self.uri}#main-key", pems(self.key_name)[0])

    def fresh(self, kind: str) -> str:
        """Return an id of this person's that was never used."""
        return f"{self.uri}/{kind}/{next(_numbers)}"

    def note(self, text: str = "Bom dia", **changes: Any) -> dict[str, Any]:
        """Return a public post; a property of None is left out."""
        note = {
            "id": self.fresh("notes"),
            "type": "Note",
            "attributedTo": self.uri,
            "content": f"<p>{text}</p>",
            "published": stamp(),
            "to": [PUBLIC],
            "cc": [self.followers],
        } | changes
        return {name: value for name, value in note.items() if value is not None}

    def activity(self, kind: str, about: object, **changes: Any) -> dict[str, Any]:
        """Return an activity of this person."""
        return {
            "@context": AS2,
            "id": self.fresh(kind.lower()),
            "type": kind,
            "actor": self.uri,
            "object": about,
        } | changes

    def create(self, note: dict[str, Any]) -> dict[str, Any]:
        return self.activity("Create", note, to=note.get("to", []), cc=note.get("cc", []))

    def update(self, thing: dict[str, Any]) -> dict[str, Any]:
        return self.activity("Update", thing, to=[PUBLIC])

    def announce(self, uri: str) -> dict[str, Any]:
        return self.activity("Announce", uri, to=[PUBLIC], cc=[self.followers], published=stamp())

    def message(self, app: App, activity: dict[str, Any], *, path: str = "/inbox") -> Message:
        """Return the activity as it would arrive."""
        body = orjson.dumps(activity)
        headers = sign("POST", app.uris.origin + path, body, self.key, app.now())
        return Message("POST", path, list(headers.items()), body)

    async def send(self, app: App, *activities: dict[str, Any]) -> None:
        """Deliver activities, one after the other, and have all that follows done."""
        for activity in activities:
            await receive(app, self.message(app, activity))
        await settle(app)

    def lists_key(self, key_name: str) -> None:
        """Let the document that others fetch carry another key."""
        self.document["publicKey"]["publicKeyPem"] = pems(key_name)[1]


@dataclass
class Foreign:
    """An office on http://localhost:PORT."""

    peer: Peer
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.peer.host

    def person(self, username: str, *, key_name: str | None = None, **properties: Any) -> Person:
        """Let somebody work here; their actor is served, and WebFinger names it.

        The key is one of their own, or the one of this name, which spares making it.
        """
        path = f"/users/{username}"
        person = Person(self, username, key_name or username)
        uri = self.peer.uri(path)
        person.document = self.peer.actor(
            path,
            outbox=f"{uri}/outbox",
            followers=f"{uri}/followers",
            following=f"{uri}/following",
            featured=f"{uri}/featured",
            endpoints={"sharedInbox": self.peer.uri("/inbox")},
            publicKey=self.peer.key(path, f"{uri}#main-key", pems(person.key_name)[1]),
            **properties,
        )
        self.people[username] = person
        self.peer.pages["/.well-known/webfinger"] = lambda request: self.webfinger(
            request.query.get("resource", "")
        )
        return person

    def fetched(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(1 for message in self.peer.seen if message.target.partition("?")[0] == path)

    def received(self, kind: str) -> list[dict[str, Any]]:
        """Return the activities of a type that arrived at any inbox here."""
        bodies = [orjson.loads(each.body) for each in self.peer.seen if each.method == "POST"]
        return [body for body in bodies if body["type"] == kind]

    def webfinger(self, resource: str) -> Any:
        """Answer a question about one of the people here."""
        name = resource.removeprefix("acct:").partition("@")[0].lower()
        person = self.people.get(name)
        uri = person.uri if person else self.peer.uri("/nobody")
        return jrd_answer(
            {
                "subject": f"acct:{name}@{self.host}",
                "links": [{"rel": "self", "type": "application/activity+json", "href": uri}],
            }
        )


def stamp(moment: datetime | None = None) -> str:
    """Return a moment as documents carry it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextlib.asynccontextmanager
async def foreign() -> AsyncIterator[Foreign]:
    """Run an office that accepts whatever is delivered."""
    async with serving() as peer:
        yield Foreign(peer)


async def allow(app: App, *offices: Foreign, networks: Sequence[str] = LOOPBACK) -> None:
    """Put offices on the allowlist, as if they had told long ago what they run."""
    for office in offices:
        await peering.add_peer(app, office.host, networks=networks, actor="tests")
    async with app.db.writer() as tx:
        await tx.execute("DELETE FROM jobs WHERE kind = 'read_nodeinfo'")
