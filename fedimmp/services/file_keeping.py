"""How long files lie here: those of peers for a while, and those that no row names not at all.

A kill may come between a file and its row, so what lies in the folder without one is swept out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.services.media import release_files
from storage import jobs, remote_files
from storage.database import Transaction

_GIGABYTE: Final = 1_000_000_000
# An upload's row comes soon after its file.
_PATIENCE: Final = timedelta(days=1)
# One of 256 parts of the folder each time, so that all are swept in two days.
SWEEP_EVERY: Final = timedelta(minutes=10)
_KEYS_AT_ONCE: Final = 1_000


async def drop_unread(tx: Transaction, app: App, now: datetime) -> int:
    """Let go of files of peers that nobody looked at for long; returns how many."""
    before = (now - timedelta(days=app.config.media.remote_days)).date()
    keys = await remote_files.drop_unread(tx, before)
    await release_files(tx, keys)
    return len(keys)


async def drop_surplus(tx: Transaction, app: App, _now: datetime) -> int:
    """Let go of files of peers beyond the room that there is for them; returns how many."""
    most = int(app.config.media.remote_gigabytes * _GIGABYTE)
    keys = await remote_files.drop_surplus(tx, most)
    await release_files(tx, keys)
    return len(keys)


async def plan_sweep(tx: Transaction, _app: App, now: datetime) -> int:
    """Have the part of the folder swept whose turn it is; returns 0, since no row goes."""
    prefix = f"{int(now.timestamp() / SWEEP_EVERY.total_seconds()) % 256:02x}"
    await jobs.enqueue(tx, "sweep_files", {"prefix": prefix}, key=prefix)
    return 0


async def sweep(app: App, payload: Mapping[str, str]) -> None:
    """Job: remove from one part of the folder what no row names, and what was never finished."""
    prefix, before = payload["prefix"], app.now() - _PATIENCE
    keys = await app.media.list_old(prefix, before)
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        page = keys[start : start + _KEYS_AT_ONCE]
        async with app.db.reader() as conn:
            known = await remote_files.list_stored(conn, page)
        for key in page:
            if key not in known:
                await app.media.delete(key)
    await app.media.remove_unfinished(prefix, before)
