"""Whatever people of three offices do, and however it travels, all three come to the same.

FEDIMMP_EXAMPLES and FEDIMMP_SEED choose how many stories and which, as for the grammar of the wire.
"""

import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.conftest import CloneDatabase
from tests.federation.model import Post
from tests.federation.postbag import Postbag
from tests.federation.trio import NAMES, Company, gather
from tests.wire.offices import Office, open_office

_STORIES = max(int(os.environ.get("FEDIMMP_EXAMPLES", "80")) // 40, 1)
_SEED = int(os.environ.get("FEDIMMP_SEED", "1"))
_ROUNDS = 10
_RELATIONS = (*["follow"] * 5, "unfollow", "unfollow", "block", "unblock", "unblock")
_REACTIONS = ("like", "like", "unlike", "boost", "boost", "unboost")
_WRITINGS = ("public", "private", "private", "reply", "reply", "edit", "edit", "delete")


@pytest.fixture(scope="module")
async def bag() -> Postbag:
    """Return what is on its way."""
    return Postbag()


@pytest.fixture(scope="module")
async def trio(
    bag: Postbag, clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Office]]:
    """Run three offices that trust each other and deliver into the bag."""
    async with AsyncExitStack() as stack:
        offices = []
        for name in ("hq", "porto", "osaka"):
            folder = tmp_path_factory.mktemp(name)
            opened = open_office(folder, await clone_database())
            offices.append(await stack.enter_async_context(opened))
        for office in offices:
            for other in offices:
                if other is not office:
                    await office.trust(other)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for office in offices:
            patch.setattr(office.app.client, "deliver", bag.serve(office.app.client))
        yield offices


class Round:
    """Some deeds that happen before anybody elsewhere hears of them.

    Each person does one thing. Who just begins or ends a relation with somebody takes no part in
    posts: what is told to whom would depend on the moment.
    """

    def __init__(self, company: Company, chance: random.Random) -> None:
        self.company = company
        self.chance = chance
        self.model = company.model
        self.relating: dict[frozenset[str], str] = {}
        self.posting: set[str] = set()
        self.related: set[str] = set()
        self.arrived = self._alive()

    async def happen(self) -> None:
        names = [each for each in NAMES if each not in self.model.moved]
        for who in self.chance.sample(names, len(names)):
            await self.chance.choice((self._relate, self._write, self._react))(who)

    async def _relate(self, who: str) -> None:
        whom = self.chance.choice([each for each in NAMES if each != who])
        verb, pair = self.chance.choice(_RELATIONS), frozenset((who, whom))
        before = self.relating.get(pair, "")
        # Whether an end or a beginning of a block comes first is for nobody to say.
        if self.posting & pair or (before and "unblock" in (before, verb)):
            return
        self.relating[pair] = verb
        self.related |= pair
        await self.company.do(who, verb, whom)

    async def _write(self, who: str) -> None:
        if who in self.related:
            return
        own = [each for each in self._alive() if each.author == who]
        verb = self.chance.choice(_WRITINGS)
        if verb == "reply":
            await self._reply(who)
            return
        self.posting.add(who)
        if verb in ("public", "private"):
            await self.company.publish(who, private=verb == "private")
        elif own:
            post = self.chance.choice(own)
            await (self.company.edit if verb == "edit" else self.company.delete)(post)

    async def _reply(self, who: str) -> None:
        for post in self._open_to(who):
            self.posting |= {who, post.author}
            await self.company.publish(who, parent=post)
            return

    async def _react(self, who: str) -> None:
        if who in self.related:
            return
        verb = self.chance.choice(_REACTIONS)
        for post in self._open_to(who):
            self.posting |= {who, post.author}
            await self.company.react(who, verb, post)
            return

    def _alive(self) -> list[Post]:
        return [each for each in self.model.posts.values() if not each.deleted]

    def _open_to(self, who: str) -> list[Post]:
        """Return a public post that has arrived, of somebody whom nothing lies between.

        It may have been deleted a moment ago, at another office.
        """
        homes = self.model.homes
        found = [
            each
            for each in self.arrived
            if not each.private
            and not (each.deleted and homes[each.author] == homes[who])
            and each.author not in self.related
            and self.model.on_terms(who, each.author)
        ]
        return self.chance.sample(found, min(1, len(found)))


async def _story(company: Company, chance: random.Random) -> None:
    for who in NAMES:
        await company.publish(who)
        await company.do(who, "follow", chance.choice([each for each in NAMES if each != who]))
    await company.settle(chance)
    for number in range(_ROUNDS):
        await Round(company, chance).happen()
        await company.settle(chance)
        if number == _ROUNDS // 2:
            await _move(company, chance)
        await company.repeat(chance, forgotten=chance.random() < 0.5)
        for office in range(3):
            assert await company.held_at(office) == company.model.held_at(office)


async def _move(company: Company, chance: random.Random) -> None:
    who, where = chance.sample(NAMES, 2)
    await company.move(who, where, chance)
    await company.settle(chance)


@pytest.mark.parametrize("number", range(_STORIES))
async def test_three_offices_come_to_the_same(
    trio: list[Office], bag: Postbag, number: int
) -> None:
    bag.waiting.clear()
    bag.delivered.clear()
    chance = random.Random(f"{_SEED} {number}")
    company = await gather(trio, bag)
    await _story(company, chance)
