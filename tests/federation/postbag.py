"""What is on its way between offices: a test decides in which order it arrives, and how often."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from activitypub.client import Client
from activitypub.gate import DeliveryAnswer
from activitypub.signatures.keys import SigningKey

# What one actor sent may come again years later; the rest only while its receipt is kept.
REPEATABLE = ("Create", "Update", "Delete")


Pause = Callable[[random.Random], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """An activity on its way to one inbox, with what is needed to post it."""

    client: Client
    inbox_url: str
    body: bytes
    key: SigningKey
    more: dict[str, str]

    @property
    def activity(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def lane(self) -> tuple[str, str]:
        """Whose it is, and where it goes: in these things order is kept."""
        return str(self.activity["actor"]), self.inbox_url

    async def post(self) -> None:
        """Deliver it over HTTP; it must be taken."""
        answer = await Client.deliver(
            self.client, self.inbox_url, self.body, self.key, more=self.more
        )
        assert answer.status == 202, (answer, self.activity)


@dataclass
class Postbag:
    """Takes what offices send, and keeps what it has delivered."""

    waiting: list[Parcel] = field(default_factory=list)
    delivered: list[Parcel] = field(default_factory=list)

    def serve(self, client: Client) -> Any:
        """Return what stands in for an office's delivery: everything is said to be taken."""

        async def deliver(
            inbox_url: str, body: bytes, key: SigningKey, *, more: Any = None
        ) -> DeliveryAnswer:
            self.waiting.append(Parcel(client, inbox_url, body, key, dict(more or {})))
            return DeliveryAnswer(202, None, "")

        return deliver

    async def empty(self, chance: random.Random, pause: Pause) -> None:
        """Deliver all, people mixed at random, some of it twice or three times.

        In between, some office does a part of its work.
        """
        while self.waiting:
            lanes = sorted({parcel.lane for parcel in self.waiting})
            lane = chance.choice(lanes)
            parcel = next(each for each in self.waiting if each.lane == lane)
            self.waiting.remove(parcel)
            for _ in range(chance.choice((1, 1, 2, 3))):
                await parcel.post()
            self.delivered.append(parcel)
            await pause(chance)

    async def repeat(self, chance: random.Random, number: int, *, forgotten: bool) -> None:
        """Deliver some of what was delivered before once more, in any order.

        With `forgotten` only what may be repeated when its receipt is gone.
        """
        found = [
            each for each in self.delivered if not forgotten or each.activity["type"] in REPEATABLE
        ]
        for parcel in chance.sample(found, min(number, len(found))):
            await parcel.post()
