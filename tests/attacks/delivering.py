"""Activities that arrive at the front door, with all that follows from them."""

from typing import Any

from fedimmp.workers.settle import settle
from tests.attacks.door import Door, signed
from tests.federation.foreign import Person


async def deliver(
    door: Door, courier: Person, *activities: dict[str, Any], answer: int = 202
) -> None:
    """Let somebody sign and deliver activities, one after the other, each with this answer."""
    answers = [await door.send(signed(door.app, courier, each)) for each in activities]
    assert answers == [answer] * len(activities)
    await settle(door.app)
