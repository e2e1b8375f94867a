"""The client of other instances: documents, actors, keys, discovery, media and delivery.

Each method answers with a checked value. Errors are NotTrusted (policy, scheme or address),
Unreachable (network, 5xx, refusals), Gone (404, 410), TooLarge, and Malformed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from activitypub.documents import parse_document
from activitypub.errors import Gone, Malformed, NotTrusted
from activitypub.gate import Answer, DeliveryAnswer, Gate, Letter, Limits, Sink
from activitypub.jsonld import normalise
from activitypub.manifest import PATH as MANIFEST_PATH
from activitypub.nodeinfo import PATH as NODEINFO_PATH
from activitypub.nodeinfo import Software, find_link, read_software
from activitypub.objects import Actor, Authorization, Note, PublicKey
from activitypub.ownership import check_key_owner, check_note, is_in_its_place
from activitypub.policy import Nobody, Policy
from activitypub.properties import type_of, uri_of
from activitypub.reading import read_actor, read_authorization, read_note
from activitypub.signatures.claims import NO_HEADERS
from activitypub.signatures.keys import SigningKey
from activitypub.uris import check_host, check_http_uri, same_origin, shown, without_fragment
from activitypub.vocabulary import ACCEPT, ACTIVITY_JSON, ACTOR_TYPES, AS2, LD_JSON
from activitypub.webfinger import JRD_JSON, Jrd, parse_jrd, query

__all__ = ["Client", "DeliveryAnswer", "Document", "Limits"]

_JSON = "application/json"
_PLAIN_JSON = frozenset({JRD_JSON, _JSON})
_ACCEPT_PLAIN = f"{JRD_JSON}, {_JSON}"


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched document: the URL asked for, what came, and the URL it came from."""

    url: str
    doc: dict[str, Any]
    final_url: str


class Client:
    """Talks to trusted peers; one per process.

    push_policy says which push services may be talked to, a list of its own; None is nobody.
    guard is called before each request with what is about to happen, and raises where the network
    is forbidden (inside a transaction).
    """

    def __init__(
        self,
        *,
        origin: str,
        user_agent: str,
        policy: Policy,
        push_policy: Policy | None = None,
        nameservers: Sequence[str] = (),
        proxy: str | None = None,
        ca_bundle: Path | None = None,
        guard: Callable[[str], None] = lambda _what: None,
        limits: Limits | None = None,
    ) -> None:
        through = partial(
            Gate,
            origin=origin,
            user_agent=user_agent,
            nameservers=nameservers,
            proxy=proxy,
            ca_bundle=ca_bundle,
            guard=guard,
            limits=limits or Limits(),
        )
        self._gate = through(policy=policy)
        self._push_gate = through(policy=push_policy or Nobody())

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        await self._gate.close()
        await self._push_gate.close()

    async def get_document(self, url: str, key: SigningKey) -> Document:
        """Fetch an ActivityPub document whose id is the URL it came from.

        Where the id differs, it is fetched once more by its id, and then it must be equal.
        """
        document = await self._get_json(url, key)
        if _is_at_its_id(document):
            return document
        by_id = await self._get_json(_id_of(document), key)
        if not _is_at_its_id(by_id) or _id_of(by_id) != _id_of(document):
            raise Malformed(f"{shown(url)} answers with a document of another id.")
        return Document(url, by_id.doc, by_id.final_url)

    async def get_part(self, url: str, key: SigningKey) -> dict[str, Any]:
        """Fetch a part of somebody's collection: what counts is its origin, whatever its id is."""
        document = await self._get_json(url, key)
        if not same_origin(document.final_url, url):
            raise NotTrusted(f"{shown(url)} leads to another host.")
        return document.doc

    async def get_actor(self, uri: str, key: SigningKey) -> Actor:
        """Fetch an actor from its own origin."""
        return read_actor((await self.get_document(uri, key)).doc)

    async def get_instance_actor(self, host: str, key: SigningKey) -> Actor:
        """Fetch the actor that stands for a whole host: at the usual place, else by WebFinger."""
        name = check_host(host)
        try:
            return await self.get_actor(f"{self._gate.base_of(name)}/actor", key)
        except Gone:
            return await self.get_actor(await self.webfinger(name, name, key), key)

    async def get_note(self, uri: str, key: SigningKey) -> Note:
        """Fetch a post from its own origin; a tombstone raises Gone."""
        document = (await self.get_document(uri, key)).doc
        if type_of(document, ("Tombstone",)) == "Tombstone":
            raise Gone(f"{shown(uri)} was deleted.", status=410)
        note = read_note(document)
        check_note(note)
        return note

    async def get_authorization(self, uri: str, key: SigningKey) -> Authorization:
        """Fetch a proof of consent from its own origin."""
        return read_authorization((await self.get_document(uri, key)).doc)

    async def get_key(self, key_id: str, key: SigningKey) -> tuple[PublicKey, Actor]:
        """Fetch a key and the actor that owns and lists it.

        The document may be the actor, an excerpt of it (GoToSocial) or the key alone; what
        counts is the actor's own document, fetched from the actor's id.
        """
        document = await self._get_json(key_id, key)
        is_actor = type_of(document.doc, ACTOR_TYPES) in ACTOR_TYPES
        owner = _id_of(document) if is_actor else _key_owner(document, key_id)
        check_key_owner(key_id, owner)
        if is_actor and _is_at_its_id(document):
            actor = read_actor(document.doc)
        else:
            actor = await self.get_actor(owner, key)
        for listed in actor.keys:
            if listed.id == key_id:
                return listed, actor
        raise Malformed(f"{shown(actor.id)} does not list the key {shown(key_id)}.")

    async def webfinger(self, username: str, host: str, key: SigningKey) -> str:
        """Return the id of the actor behind user@host.

        A subject on another host is asked once more and must lead to the same actor. Whether the
        actor claims this handle in return is for the caller to check with get_actor.
        """
        asked = check_host(host)
        found = await self._ask_webfinger(username, asked, key)
        if found.host != asked:
            again = await self._ask_webfinger(found.username, found.host, key)
            if again != found:
                raise Malformed(f"WebFinger of {asked} and of {found.host} disagree.")
        await self._gate.check_trust(found.actor_uri)
        return found.actor_uri

    async def nodeinfo(self, host: str, key: SigningKey) -> Software:
        """Return what software a peer says that it runs."""
        base = self._gate.base_of(check_host(host))
        index = await self._get_plain_json(base + NODEINFO_PATH, key)
        document = await self._get_plain_json(find_link(index, base), key)
        return read_software(document)

    async def get_manifest_file(
        self, host: str, name: str, key: SigningKey, *, max_bytes: int
    ) -> bytes | None:
        """Fetch a file of an organisation's manifest; None where its source has none of this name.

        It is signed by the organisation, whoever hands it out, so its bytes are returned as they
        are.
        """
        url = f"{self._gate.base_of(check_host(host))}{MANIFEST_PATH}/{name}"
        try:
            answer = await self._gate.get(url, accept=_JSON, key=key, max_bytes=max_bytes)
        except Gone:
            return None
        if not same_origin(answer.final_url, url):
            raise NotTrusted(f"{shown(url)} leads to another host.")
        if _bare_type(answer.content_type) != _JSON:
            raise Malformed(f"{shown(url)} does not answer with JSON.")
        return answer.body

    async def get_file(self, url: str, sink: Sink, *, max_bytes: int, seconds: float) -> str:
        """Fetch a file, unsigned, part by part into a sink; return the content type it claims."""
        answer = await self._gate.stream(url, sink, max_bytes=max_bytes, seconds=seconds)
        return answer.content_type

    async def deliver(
        self, inbox_url: str, body: bytes, key: SigningKey, *, more: Mapping[str, str] = NO_HEADERS
    ) -> DeliveryAnswer:
        """Post an activity, with `more` headers that the signature covers.

        Any HTTP status is an answer. Raises NotTrusted and Unreachable.
        """
        return await self._gate.post(Letter(inbox_url, body, key, more))

    async def check_push(self, endpoint: str) -> None:
        """Check that messages may be pushed to an endpoint; raises Malformed and NotTrusted."""
        await self._push_gate.check_trust(endpoint)

    async def push(self, endpoint: str, body: bytes, headers: Mapping[str, str]) -> DeliveryAnswer:
        """Post a message to a push service (RFC 8030); its headers say who sends it.

        Any HTTP status is an answer. Raises NotTrusted and Unreachable.
        """
        return await self._push_gate.post(Letter(endpoint, body, None, headers))

    async def _get_json(self, url: str, key: SigningKey) -> Document:
        answer = await self._get(url, ACCEPT, key)
        if not _is_activity_json(answer.content_type):
            raise Malformed(f"{shown(url)} does not answer with an ActivityPub document.")
        return Document(url, normalise(parse_document(answer.body)), answer.final_url)

    async def _get_plain_json(self, url: str, key: SigningKey) -> dict[str, Any]:
        answer = await self._get(url, _ACCEPT_PLAIN, key)
        if _bare_type(answer.content_type) not in _PLAIN_JSON:
            raise Malformed(f"{shown(url)} does not answer with JSON.")
        return parse_document(answer.body)

    async def _get(self, url: str, accept: str, key: SigningKey) -> Answer:
        limit = self._gate.limits.document
        return await self._gate.get(url, accept=accept, key=key, max_bytes=limit)

    async def _ask_webfinger(self, username: str, host: str, key: SigningKey) -> Jrd:
        url = self._gate.base_of(host) + query(username, host)
        return parse_jrd(await self._get_plain_json(url, key))


def _id_of(document: Document) -> str:
    return check_http_uri(document.doc.get("id"))


def _is_at_its_id(document: Document) -> bool:
    return is_in_its_place(_id_of(document), document.final_url)


def _key_owner(document: Document, key_id: str) -> str:
    if _id_of(document) not in (key_id, without_fragment(key_id)):
        raise Malformed(f"{shown(key_id)} answers with a key of another id.")
    owner = uri_of(document.doc.get("owner") or document.doc.get("controller"))
    if owner is None:
        raise Malformed(f"The key {shown(key_id)} has no owner.")
    return owner


def _bare_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_activity_json(content_type: str) -> bool:
    """Say whether a content type is one of ActivityPub's two; media types alone prove nothing."""
    kind = _bare_type(content_type)
    if kind == LD_JSON:
        for parameter in content_type.split(";")[1:]:
            name, _, value = parameter.strip().partition("=")
            if name.strip().lower() == "profile":
                return AS2 in value.strip().strip('"').split()
    return kind == ACTIVITY_JSON
