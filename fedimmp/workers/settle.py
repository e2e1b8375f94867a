"""Works off everything that is due, one round after the other: what makes tests deterministic."""

from typing import Final

from fedimmp.app import App
from fedimmp.inbound import processing
from fedimmp.workers import deliveries, jobs, pushes

_MOST_ROUNDS: Final = 200


async def settle(app: App) -> None:
    """Return once no delivery, received activity or job of this instance is due.

    What backs off is not waited for. Raises RuntimeError if work keeps making work.
    """
    for _ in range(_MOST_ROUNDS):
        done = await processing.run_once(app)
        done += await deliveries.run_once(app)
        done += await jobs.run_once(app)
        done += await pushes.run_once(app)
        if not done:
            return
    raise RuntimeError("The queues do not settle.")
