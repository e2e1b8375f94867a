"""Blocks between offices: what is told, what is kept, and what nobody else learns."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedimmp.app import App
from fedimmp.services import blocking
from fedimmp.workers.settle import settle
from tests.databases import wipe
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.here import office
from tests.federation.members import Member, account_id, count, member


@pytest.fixture
async def discreet(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Build an office that keeps the blocks of its members to itself."""
    settings = "[federation]\nsend_blocks = false\n"
    try:
        async with office(database_url, tmp_path, settings=settings) as app:
            yield app
    finally:
        await wipe(database_url)


@pytest.fixture
async def porto_of(discreet: App) -> AsyncIterator[Foreign]:
    """Run an office that the discreet one allows."""
    async with foreign() as other:
        await allow(discreet, other)
        yield other


async def _known(app: App, person: Person) -> int:
    await person.send(app, person.create(person.note()))
    return await account_id(app, person.uri)


async def _block_and_unblock(ana: Member, bela: Person) -> None:
    bela_id = await _known(ana.app, bela)
    await blocking.block(ana.app, ana.id, bela_id)
    await settle(ana.app)
    await blocking.unblock(ana.app, ana.id, bela_id)
    await settle(ana.app)


async def test_a_block_is_told_to_nobody_but_the_office_of_the_blocked(
    hq: App, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")

    await _block_and_unblock(ana, bela)

    (block,) = porto.received("Block")
    assert (block["actor"], block["object"], block["to"]) == (ana.uri, bela.uri, [bela.uri])
    (undo,) = porto.received("Undo")
    assert undo["object"]["id"] == block["id"]


async def test_an_office_can_keep_blocks_to_itself(discreet: App, porto_of: Foreign) -> None:
    ana, bela = await member(discreet, "ana"), porto_of.person("bela")

    await _block_and_unblock(ana, bela)

    assert porto_of.received("Block") == []
    assert porto_of.received("Undo") == []


async def test_a_group_that_is_closed_to_somebody_is_no_block(hq: App, porto: Foreign) -> None:
    ana, bela, club = await member(hq, "ana"), porto.person("bela"), porto.person("club")
    await bela.send(hq, bela.activity("Follow", ana.uri))

    await bela.send(hq, bela.activity("Block", ana.uri, target=club.uri, removeData=True))

    assert await count(hq, "blocks") == 0
    assert await count(hq, "follows") == 1
    await bela.send(hq, bela.activity("Block", ana.uri))
    assert await count(hq, "blocks") == 1
