"""Moves that nobody agreed to (SEC-078), from an allowed but malicious office."""

from collections.abc import Sequence

import pytest

from fedimmp.services import moving
from fedimmp.workers.settle import settle
from tests.attacks.delivering import deliver
from tests.attacks.door import Door, signed
from tests.federation.foreign import Foreign
from tests.federation.members import account_id, follow_accepted, member, parked
from tests.federation.movers import account_of, followed, known, move, names


@pytest.mark.sec("SEC-078")
@pytest.mark.parametrize("aliases", [[], ["somebody else"]])
async def test_078_a_target_that_does_not_know_the_mover(
    door: Door, porto: Foreign, aliases: Sequence[str]
) -> None:
    ana, bela, nova = await member(door.app, "ana"), porto.person("bela"), porto.person("nova")
    (bela_id,) = await known(door.app, bela)
    await follow_accepted(ana, bela_id)
    nova.document["alsoKnownAs"] = [porto.peer.uri(f"/users/{each}") for each in aliases]

    await deliver(door, bela, move(bela, nova.uri))

    assert await followed(door.app, ana) == [f"{bela.uri} accepted"]
    assert (await account_of(door.app, bela.uri)).moved_to_id is None
    assert await parked(door.app) == [
        "The target of the move does not name the old account as its own."
    ]


@pytest.mark.sec("SEC-078")
async def test_078_a_target_at_an_office_that_is_not_allowed(
    door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    (bela_id,) = await known(door.app, bela)
    await follow_accepted(ana, bela_id)
    nova = evil.person("nova")
    names(nova, bela)

    await deliver(door, bela, move(bela, nova.uri))

    assert await followed(door.app, ana) == [f"{bela.uri} accepted"]
    assert len(await parked(door.app)) == 1


@pytest.mark.sec("SEC-078")
async def test_078_nobody_is_moved_by_somebody_else(door: Door, porto: Foreign) -> None:
    ana, bela, caio = await member(door.app, "ana"), porto.person("bela"), porto.person("caio")
    (bela_id, _) = await known(door.app, bela, caio)
    await follow_accepted(ana, bela_id)
    names(caio, bela)

    await deliver(
        door,
        caio,
        caio.activity("Move", bela.uri, target=caio.uri),
        caio.activity("Move", caio.uri, target=caio.uri),
        caio.activity("Move", caio.uri),
        caio.activity("Move", ana.uri, target=caio.uri),
    )

    assert await followed(door.app, ana) == [f"{bela.uri} accepted"]
    assert len(await parked(door.app)) == 4


@pytest.mark.sec("SEC-078")
async def test_078_a_second_move_within_a_week(door: Door, porto: Foreign) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    nova, outra = porto.person("nova"), porto.person("outra")
    (bela_id,) = await known(door.app, bela)
    await follow_accepted(ana, bela_id)
    for each in (nova, outra):
        names(each, bela)

    await deliver(door, bela, move(bela, nova.uri), move(bela, nova.uri))
    assert await parked(door.app) == []
    await deliver(door, bela, move(bela, outra.uri))

    assert await followed(door.app, ana) == [f"{nova.uri} pending"]
    assert await parked(door.app) == ["This account has moved within the last 7 days."]
    async with door.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET moved_at = moved_at - interval '8 days'")
    await deliver(door, bela, move(bela, outra.uri))
    assert (await account_of(door.app, bela.uri)).moved_to_id == await account_id(
        door.app, outra.uri
    )


@pytest.mark.sec("SEC-078")
async def test_078_two_moves_that_come_together_count_as_one(door: Door, porto: Foreign) -> None:
    bela = porto.person("bela")
    first, second = await member(door.app, "first"), await member(door.app, "second")
    await known(door.app, bela)
    for each in (first, second):
        await moving.add_alias(door.app, each.id, bela.uri)

    for each in (first, second):
        assert await door.send(signed(door.app, bela, move(bela, each.uri))) == 202
    await settle(door.app)

    assert (await account_of(door.app, bela.uri)).moved_to_id == first.id
    assert len(await parked(door.app)) == 1


@pytest.mark.sec("SEC-078")
async def test_078_a_circle_is_never_closed(door: Door, porto: Foreign) -> None:
    ana, bela, nova = await member(door.app, "ana"), porto.person("bela"), porto.person("nova")
    bela_id, _ = await known(door.app, bela, nova)
    await follow_accepted(ana, bela_id)
    names(nova, bela)
    names(bela, nova)

    await deliver(door, bela, move(bela, nova.uri))
    bela.document["movedTo"] = nova.uri
    await deliver(door, nova, move(nova, bela.uri))

    assert await followed(door.app, ana) == [f"{nova.uri} pending"]
    assert await parked(door.app) == ["The target of the move has moved itself."]


@pytest.mark.sec("SEC-078")
async def test_078_attempts_to_move_cost_few_fetches(door: Door, porto: Foreign) -> None:
    bela, nova = porto.person("bela"), porto.person("nova")
    await known(door.app, bela)

    await deliver(door, bela, *(move(bela, nova.uri) for _ in range(12)))

    assert porto.fetched("/users/nova") == 5
    assert len(await parked(door.app)) == 12
