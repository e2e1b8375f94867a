"""What the other offices run: asked of each now and then."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from activitypub.errors import ProtocolError
from activitypub.nodeinfo import Software
from fedimmp.app import App
from fedimmp.remote.trust import instance_key
from storage import jobs, peers, trust
from storage.database import Transaction

logger = logging.getLogger(__name__)

# How often a peer is asked what it runs, and how soon again where it did not say.
_NODEINFO_EVERY: Final = timedelta(days=7)
_NODEINFO_PAUSE: Final = timedelta(days=1)


async def read_nodeinfo(app: App, payload: Mapping[str, str]) -> None:
    """Job: ask a peer what software it runs, and have it asked again, as long as it is a peer."""
    host = payload["host"]
    software = await _ask_software(app, host)
    now = app.now()

    async def work(tx: Transaction) -> None:
        if not await trust.is_allowed(tx, host, now):
            return
        if software is not None:
            await peers.set_software(tx, host, software.name, software.version, now)
        due_at = now + (_NODEINFO_PAUSE if software is None else _NODEINFO_EVERY)
        await jobs.enqueue(tx, "read_nodeinfo", {"host": host}, key=host, due_at=due_at, host=host)

    await app.db.transact(work)


async def _ask_software(app: App, host: str) -> Software | None:
    async with app.db.reader() as conn:
        if not await trust.is_allowed(conn, host, app.now()):
            return None
    try:
        return await app.client.nodeinfo(host, await instance_key(app))
    except ProtocolError as error:
        logger.info("%s does not say what it runs: %s", host, error)
        return None
