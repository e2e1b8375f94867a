"""What the other offices run, and whether they let us in: asked of each now and then."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activitypub.errors import ProtocolError, Unreachable
from activitypub.nodeinfo import Software
from fedimmp.app import App
from fedimmp.remote.trust import instance_key
from storage import jobs, peers, trust
from storage.database import Transaction

logger = logging.getLogger(__name__)

# How often a peer is asked what it runs, and how soon again where it did not say, or refused us.
_NODEINFO_EVERY: Final = timedelta(days=7)
_NODEINFO_PAUSE: Final = timedelta(days=1)
_REFUSALS: Final = frozenset({401, 403})
_REFUSED_PAUSE: Final = timedelta(hours=1)


async def read_nodeinfo(app: App, payload: Mapping[str, str]) -> None:
    """Job: ask a peer what software it runs, and have it asked again, as long as it is a peer.

    Its own actor is asked for as well, with our signature: who refuses that does not know us.
    """
    host = payload["host"]
    async with app.db.reader() as conn:
        if not await trust.is_allowed(conn, host, app.now()):
            return
    software = await _ask_software(app, host)
    answer = await _knock_at(app, host)
    now = app.now()

    async def work(tx: Transaction) -> None:
        if not await trust.is_allowed(tx, host, now):
            return
        if software is not None:
            await peers.set_software(tx, host, software.name, software.version, now)
        if answer is not None:
            await peers.set_refused(tx, host, answer.refusal, now)
        pause = _NODEINFO_PAUSE if software is None else _NODEINFO_EVERY
        due_at = now + (_REFUSED_PAUSE if answer and answer.refusal else pause)
        await jobs.enqueue(tx, "read_nodeinfo", {"host": host}, key=host, due_at=due_at, host=host)

    await app.db.transact(work)


@dataclass(frozen=True, slots=True)
class _Answer:
    """How a peer took our signature; `refusal` is its sentence, None where it let us in."""

    refusal: str | None = None


async def _knock_at(app: App, host: str) -> _Answer | None:
    """Ask a peer for its own actor; None where its answer says nothing about us."""
    try:
        await app.client.get_instance_actor(host, await instance_key(app))
    except Unreachable as error:
        return _Answer(str(error)) if error.status in _REFUSALS else None
    except ProtocolError:
        return None
    return _Answer()


async def _ask_software(app: App, host: str) -> Software | None:
    try:
        return await app.client.nodeinfo(host, await instance_key(app))
    except ProtocolError as error:
        logger.info("%s does not say what it runs: %s", host, error)
        return None
