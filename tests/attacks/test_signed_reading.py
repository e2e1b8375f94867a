"""Reading with a signature: no cache gives to the next one what the signer was shown."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.services import blocking
from fedimmp.workers.settle import settle
from storage import accounts
from tests.attacks.door import Door, Signing, signed
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, account_id, member
from tests.federation.quoting import publish
from tests.protocol.people import replaced


@dataclass
class Cache:
    """A cache between us and others that obeys RFC 9111 section 3 and what answers say of it."""

    door: Door
    kept: dict[str, tuple[tuple[tuple[str, str | None], ...], bytes]] = field(default_factory=dict)

    async def get(self, message: Message) -> bytes:
        """Answer from what was kept, or ask; an answer that may be kept is kept."""
        known = self.kept.get(message.target)
        if known is not None and all(message.header(name) == value for name, value in known[0]):
            return known[1]
        status, headers, body = await self.door.read(message)
        directives = {part.strip() for part in headers.get("cache-control", "").split(",")}
        if status == 200 and not directives & {"no-store", "private"}:
            names = [name.strip() for name in headers.get("vary", "").split(",") if name.strip()]
            self.kept[message.target] = tuple((n, message.header(n)) for n in names), body
        return body


def get(app: App, person: Person, target: str, sign: Signing, **changes: Any) -> Message:
    """Return a signed GET for a document."""
    covered = '"@method" "@target-uri"'
    if sign is signed:
        covered = "(request-target) host date"
    accept = {"headers": {"Accept": "application/activity+json"}}
    given = {"method": "GET", "target": target, "body": b"", "covered": covered} | accept | changes
    return sign(app, person, {}, **given)


def unsigned(message: Message) -> Message:
    return replaced(replaced(message, "Signature"), "Signature-Input")


async def _documents(app: App, ana: Member) -> list[str]:
    """Return the paths of what a signature opens."""
    _status_id, uri = await publish(ana, "For the offices only")
    collections = [f"{ana.uri}/{name}?page=true" for name in ("outbox", "followers", "following")]
    uris = [ana.uri, uri, f"{uri}/activity", f"{ana.uri}/featured", *collections]
    return [each.removeprefix(app.uris.origin) for each in uris]


@pytest.mark.sec("SEC-036")
async def test_an_unsigned_reader_never_gets_what_a_signed_one_got(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    for path in await _documents(hq, ana):
        cache = Cache(door)
        message = get(hq, bela, path, sign)

        shown = await cache.get(message)
        after = await cache.get(unsigned(message))

        assert b'"@context"' in shown
        assert after != shown
        assert cache.kept == {}


@pytest.mark.sec("SEC-036")
async def test_each_answer_says_that_it_depends_on_the_signature(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    ana, bela, mallory = await member(hq, "ana"), porto.person("bela"), evil.person("mallory")
    paths = [*await _documents(hq, ana), "/actor", "/ap/users/7", "/ap/users/7/outbox"]
    statuses = set()
    for path in paths:
        message = get(hq, bela, path, sign)
        stranger = get(hq, mallory, path, sign)
        forged = get(hq, bela, path, sign, signer=lambda _string: b"forged")
        for request in (message, unsigned(message), stranger, forged):
            status, headers = await door.ask(request)
            statuses.add(status)
            assert "signature" in headers["vary"], (path, status)
            assert "no-store" in headers["cache-control"], (path, status)
    assert statuses == {200, 401, 403, 404}


async def test_a_get_is_bound_to_its_query(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    path = f"/ap/users/{ana.id}/followers"
    message = get(hq, bela, f"{path}?page=true", sign)

    assert await door.send(message) == 200
    other = Message("GET", f"{path}?page=true&x=1", message.headers)
    assert await door.send(other) == 401
    # Older servers sign the path alone; in RFC 9421 the query is a part of the target.
    bare = get(hq, bela, f"{path}?page=true", sign, signed_target=path)
    assert await door.send(bare) == (200 if sign is signed else 401)


@pytest.mark.sec("SEC-033")
async def test_whoever_is_suspended_or_blocked_reads_nothing(
    hq: App, door: Door, sign: Signing, porto: Foreign
) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    path = ana.uri.removeprefix(hq.uris.origin)
    for person in (bela, caio):
        assert await door.send(get(hq, person, path, sign)) == 200
    bela_id, caio_id = await account_id(hq, bela.uri), await account_id(hq, caio.uri)
    await blocking.block(hq, ana.id, bela_id)
    async with hq.db.writer() as tx:
        await accounts.set_suspended(tx, caio_id, hq.now())

    assert await door.send(get(hq, bela, path, sign)) == 404
    assert await door.send(get(hq, bela, f"{path}/outbox", sign)) == 404
    assert await door.send(get(hq, caio, path, sign)) == 403


@pytest.mark.sec("SEC-094")
async def test_who_follows_is_told_to_offices_that_are_allowed_only(
    hq: App, door: Door, sign: Signing, porto: Foreign, evil: Foreign
) -> None:
    ana, bela, mallory = await member(hq, "ana"), porto.person("bela"), evil.person("mallory")
    follow = sign(hq, bela, bela.activity("Follow", ana.uri))
    assert await door.send(follow) == 202
    await settle(hq)
    path = f"/ap/users/{ana.id}/followers"

    status, _headers, body = await door.read(get(hq, bela, f"{path}?page=true", sign))
    assert (status, bela.uri.encode() in body) == (200, True)
    for target in (path, f"{path}?page=true"):
        assert await door.send(unsigned(get(hq, bela, target, sign))) == 401
        assert await door.send(get(hq, mallory, target, sign)) == 403
