"""Sends what waits in the delivery lanes. Everything is a row, so a killed worker loses nothing.

An activity may be sent again after a crash; receivers know it by its id.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from activitypub.errors import ProtocolError
from activitypub.signatures.claims import NO_HEADERS
from activitypub.signatures.keys import SigningKey
from activitypub.synchronisation import HEADER, Synchronisation, write_synchronisation
from fedimmp import logs
from fedimmp.app import App
from fedimmp.config import Delivery as DeliveryConfig
from fedimmp.keys import KeyFileError
from fedimmp.memory import Batch, Recent
from fedimmp.outbound.answers import Dead, judge, judge_error
from fedimmp.workers.pool import Pool
from storage import deliveries
from storage.deliveries import Delivery, Lane, Outcome, Settled
from storage.errors import StorageError
from storage.inbox_hosts import Failure, Tempo

logger = logging.getLogger(__name__)

# A lane is given back after so long, that others have their turn; so is one of a slow host.
_TURN_SECONDS: Final = 2.0
# Who took longer than this for one delivery is slow until it is quick again, or so long.
_SLOW_SECONDS: Final = 2.0
_SLOW_REMEMBERED: Final = 600.0
# So many times the places may be under way while hosts become slow that were quick.
_OVERFLOW: Final = 4
_SETTLED_AT_ONCE: Final = 64
# An author who is writing holds a lane for some milliseconds.
_BUSY_SECONDS: Final = 0.02
_BUSY_ROUNDS: Final = 10


def tempo_of(config: DeliveryConfig) -> Tempo:
    """Return the configured pace of the lanes."""
    return Tempo(
        backoff=config.backoff_seconds,
        probes=config.breaker_seconds,
        breaker_threshold=config.breaker_failures,
        lease_seconds=config.lease_seconds,
        give_up_seconds=config.give_up_days * 86400,
        lanes_per_host=config.in_flight_per_host,
    )


async def run_once(app: App) -> int:
    """Send what is due in as many lanes as may be in flight; returns how many lanes those were."""
    sender = Sender(app)
    lanes = await sender.lease(sender.capacity)
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(sender.send(lane, lambda: False))
    return len(lanes)


async def run(app: App, stopping: asyncio.Event) -> None:
    """Send until `stopping` is set, then finish what was begun."""
    sender = Sender(app)
    pool = Pool(
        "deliveries",
        capacity=sender.capacity,
        hint=app.db.subscribe("deliveries"),
        lease=sender.lease,
        work=functools.partial(sender.send, is_stopping=stopping.is_set),
    )
    async with asyncio.TaskGroup() as group:
        heartbeat = group.create_task(sender.keep_leases())
        await pool.run(stopping)
        heartbeat.cancel()


@dataclass(slots=True)
class _Turn:
    """A leased lane and what came of its deliveries, which is stored when the lane goes back."""

    lane: Lane
    began: float
    delivered: list[int] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)
    failure: Failure | None = None
    is_lost: bool = False
    attempt_began: float = 0.0

    def outcome(self) -> Outcome:
        return Outcome(tuple(self.delivered), tuple(self.dead), self.failure)


class Sender:
    """Sends leased lanes: one per process, which knows the slow hosts among those that it sends to.

    Lanes of slow hosts, and the probes of failing ones, have places of their own. A host that
    becomes slow leaves the places of the others at once, so however many there are, the others wait
    for them no longer than it takes to notice.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._tempo = tempo_of(app.config.delivery)
        self._places = app.config.delivery.in_flight
        self._turns: dict[int, _Turn] = {}
        self._slow: Recent[str, bool] = Recent(seconds=_SLOW_REMEMBERED, capacity=10_000)
        self._settling: Batch[tuple[Lane, Outcome], Settled] = Batch(most=_SETTLED_AT_ONCE)

    @property
    def capacity(self) -> int:
        """How many lanes are under way at most, those of hosts that became slow included."""
        return _OVERFLOW * self._places

    async def lease(self, room: int) -> list[Lane]:
        """Lease lanes that may be sent now, at most `room` of either kind."""
        slow = self._slow_hosts()
        slow_turns = sum(1 for turn in self._turns.values() if turn.lane.host in slow)
        quick_turns = len(self._turns) - slow_turns
        quick = max(min(room, self._places - quick_turns), 0)
        reserved = max(min(room - quick, max(self._places // 2, 1) - slow_turns), 0)
        if not quick and not reserved:
            return []
        now = self._app.now()
        return await self._app.db.transact(
            lambda tx: deliveries.lease(tx, quick, self._tempo, now, slow=slow, slow_limit=reserved)
        )

    def _slow_hosts(self) -> set[str]:
        """Return the hosts that are slow, those included that an attempt waits for too long now."""
        now = time.monotonic()
        for turn in self._turns.values():
            if turn.attempt_began and now - turn.attempt_began > _SLOW_SECONDS:
                self._slow.put(turn.lane.host, True)
        return set(self._slow.keys())

    async def send(self, lane: Lane, is_stopping: Callable[[], bool]) -> None:
        """Send the deliveries of a leased lane in order, up to the first that has to wait.

        Never raises but for cancellation: without a database the lease runs out and the work
        repeats.
        """
        turn = self._turns[lane.id] = _Turn(lane, time.monotonic())
        try:
            await self._send_all(turn, is_stopping)
            await self._settle(lane, turn.outcome())
        except StorageError as error:
            logger.warning("what came of a lane to %s was not stored: %s", lane.host, error)
        finally:
            del self._turns[lane.id]

    async def _send_all(self, turn: _Turn, is_stopping: Callable[[], bool]) -> None:
        for delivery in turn.lane.deliveries:
            if is_stopping() or turn.is_lost or time.monotonic() - turn.began > _TURN_SECONDS:
                return
            with logs.bind(activity=delivery.uri):
                verdict = await self._timed(turn, delivery)
                match verdict:
                    case None:
                        turn.delivered.append(delivery.id)
                    case Dead():
                        logger.warning("dead for %s: %s", turn.lane.host, verdict.reason)
                        turn.dead.append((delivery.id, verdict.reason))
                    case Failure():
                        _log_failure(turn.lane.host, verdict)
                        turn.failure = verdict
                        return

    async def _timed(self, turn: _Turn, delivery: Delivery) -> Failure | Dead | None:
        turn.attempt_began = time.monotonic()
        try:
            return await self._attempt(turn.lane, delivery)
        finally:
            if time.monotonic() - turn.attempt_began > _SLOW_SECONDS:
                self._slow.put(turn.lane.host, True)
            else:
                self._slow.forget(turn.lane.host)
            turn.attempt_began = 0.0

    async def _attempt(self, lane: Lane, delivery: Delivery) -> Failure | Dead | None:
        app = self._app
        try:
            key = app.keys.known_key(lane.account_id) or await self._key(lane.account_id)
            answer = await app.client.deliver(
                delivery.inbox_url, delivery.body, key, more=self._headers(lane, delivery)
            )
        except ProtocolError as error:
            return judge_error(delivery.id, error, app.now())
        except (StorageError, KeyFileError) as error:
            return Failure(delivery.id, f"The activity could not be signed: {error}")
        except Exception:
            # A bug must stop neither this worker nor the lanes of others; the lane backs off.
            logger.exception("delivering %s to %s failed", delivery.uri, lane.host)
            return Failure(delivery.id, "An internal error, see the log.")
        return judge(delivery.id, answer, app.now())

    def _headers(self, lane: Lane, delivery: Delivery) -> Mapping[str, str]:
        """Return what a post for followers says of them (FEP-8fcf)."""
        if lane.followers_digest is None or not delivery.for_followers:
            return NO_HEADERS
        uris = self._app.uris
        said = Synchronisation(
            uris.followers(lane.account_id),
            uris.followers_synchronization(lane.account_id),
            lane.followers_digest,
        )
        return {HEADER: write_synchronisation(said)}

    async def _key(self, account_id: int) -> SigningKey:
        async with self._app.db.reader() as conn:
            return await self._app.keys.signing_key(conn, account_id)

    async def _settle(self, lane: Lane, outcome: Outcome) -> None:
        """Store what came of a lane, in one transaction with the lanes that end at this moment."""
        for attempt in range(_BUSY_ROUNDS + 1):
            if attempt < _BUSY_ROUNDS:
                settled = await self._settling.submit((lane, outcome), self._store)
            else:
                (settled,) = await self._store([(lane, outcome)], wait=True)
            if settled == "lost":
                logger.warning("a lane to %s was taken over by another worker", lane.host)
            if settled != "busy":
                return
            await asyncio.sleep(_BUSY_SECONDS)

    async def _store(
        self, results: Sequence[tuple[Lane, Outcome]], *, wait: bool = False
    ) -> list[Settled]:
        now = self._app.now()
        return await self._app.db.transact(
            lambda tx: deliveries.settle(tx, results, self._tempo, now, wait=wait)
        )

    async def keep_leases(self) -> None:
        """Keep the leases of lanes that are worked on, however slow their hosts are."""
        while True:
            await asyncio.sleep(self._tempo.lease_seconds / 3)
            try:
                await self._renew(list(self._turns.values()))
            except StorageError as error:
                logger.warning("the leases of deliveries were not renewed: %s", error)

    async def _renew(self, turns: Sequence[_Turn]) -> None:
        if not turns:
            return
        lanes, now = [turn.lane for turn in turns], self._app.now()
        held = await self._app.db.transact(lambda tx: deliveries.renew(tx, lanes, self._tempo, now))
        for turn in turns:
            turn.is_lost = turn.lane.id not in held


def _log_failure(host: str, failure: Failure) -> None:
    if failure.refused:
        logger.warning("%s refuses us, is this office on its list? %s", host, failure.error)
    else:
        logger.info("waits for %s: %s", host, failure.error)
