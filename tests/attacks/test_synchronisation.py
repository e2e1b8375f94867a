"""Who learns whom: the list of followers by which two offices compare theirs (FEP-8fcf)."""

import orjson
import pytest

from activitypub.signatures.message import Message
from activitypub.vocabulary import AS2
from fedimmp.app import App
from fedimmp.services import blocking
from tests.attacks.door import Door, Signing, signed
from tests.attacks.reading import deliver
from tests.attacks.test_signed_reading import get, unsigned
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.members import Member, account_id, member


def path_of(ana: Member) -> str:
    return ana.app.uris.followers_synchronization(ana.id).removeprefix(ana.app.uris.origin)


async def listed(door: Door, message: Message) -> list[str]:
    """Return whom an answer lists, which nobody may keep."""
    status, headers, body = await door.read(message)
    assert status == 200
    assert headers["cache-control"] == "no-store"
    assert "signature" in headers["vary"]
    document = orjson.loads(body)
    assert document["type"] == "OrderedCollection"
    items: list[str] = document["orderedItems"]
    assert document["totalItems"] == len(items)
    return items


@pytest.mark.sec("SEC-094")
async def test_an_office_learns_of_its_own_people_only(
    hq: App, door: Door, porto: Foreign, sign: Signing
) -> None:
    ana = await member(hq, "ana")
    rui, bia = porto.person("rui"), porto.person("bia")
    async with foreign() as lisboa:
        await allow(hq, lisboa)
        eva = lisboa.person("eva")
        for person in (rui, eva, bia):
            assert await deliver(door, person, person.activity("Follow", ana.uri)) == [202]

        assert await listed(door, get(hq, rui, path_of(ana), sign)) == [rui.uri, bia.uri]
        assert await listed(door, get(hq, eva, path_of(ana), sign)) == [eva.uri]
        query = f"{path_of(ana)}?host={porto.host}&page=true"
        assert await listed(door, get(hq, eva, query, sign)) == [eva.uri]


@pytest.mark.sec("SEC-094")
async def test_nobody_else_learns_anything(
    hq: App, door: Door, porto: Foreign, evil: Foreign, sign: Signing
) -> None:
    ana = await member(hq, "ana")
    rui, mallory = porto.person("rui"), evil.person("mallory")
    message = get(hq, rui, path_of(ana), sign)
    target = path_of(ana).replace("followers_", "following_")

    assert await door.send(unsigned(message)) == 401
    assert await door.send(get(hq, rui, path_of(ana), sign, key_id=f"{rui.uri}#none")) == 401
    assert await door.send(get(hq, mallory, path_of(ana), sign)) == 403
    assert await door.send(get(hq, rui, target, sign)) == 404
    unknown = path_of(ana).replace(str(ana.id), "117")
    assert await door.send(get(hq, rui, unknown, sign)) == 404
    assert await listed(door, message) == []

    await blocking.block(hq, ana.id, await account_id(hq, rui.uri))
    assert await door.send(message) == 404


@pytest.mark.sec("SEC-094")
async def test_requests_that_wait_and_people_who_are_gone_are_not_listed(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana = await member(hq, "ana")
    rui, bia, eva = (porto.person(name) for name in ("rui", "bia", "eva"))
    await deliver(door, bia, bia.activity("Follow", ana.uri))
    await deliver(door, eva, eva.activity("Follow", ana.uri))
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE accounts SET locked = true WHERE id = $1", ana.id)
    await deliver(door, rui, rui.activity("Follow", ana.uri))
    await deliver(door, bia, {**bia.activity("Delete", bia.uri), "@context": AS2})

    assert await listed(door, get(hq, eva, path_of(ana), signed)) == [eva.uri]
