"""Completes threads: asks other offices for posts that they list and that never came here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from activitypub.uris import same_origin
from fedimmp.app import App
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.threads import THREAD_PAUSE, may_be_sought, seek_thread
from fedimmp.remote.budget import Budget
from fedimmp.remote.threads import Search
from storage import async_refreshes, statuses, threads
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.statuses import Status

_FETCHES: Final = 40
_FETCHES_PER_HOST: Final = 25
_SECONDS: Final = 90.0
_SEEDS: Final = 12
# What one of them answers is mostly found on the way.
_ANCESTORS: Final = 5


async def request_thread(app: App, viewer_id: int, status: Status) -> int | None:
    """Have the rest of a thread fetched, unless that happened in the last minutes.

    For a member's look at a thread. Returns the id under which to ask whether it has come, None
    when nothing is being fetched; then it costs two queries.
    """
    conversation_id = status.conversation_id
    if not may_be_sought(status) or conversation_id is None:
        return None
    now = app.now()
    async with app.db.reader() as conn:
        due = await threads.is_fetch_due(conn, conversation_id, now - THREAD_PAUSE)
        if not due and not await async_refreshes.is_running(conn, conversation_id):
            return None

    async def work(tx: Transaction) -> int:
        if due:
            await seek_thread(tx, status, now)
        return await async_refreshes.upsert(tx, new_id(now), viewer_id, conversation_id, now)

    return await app.db.transact(work)


async def fetch_thread(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch posts around one that offices list and that we do not know.

    Without `everywhere` only those at the office of the post. Nobody is notified of them. Hosts
    that do not answer are left out.
    """
    async with app.db.reader() as conn:
        status = await statuses.find(conn, int(payload["status_id"]))
        if status is None or not may_be_sought(status):
            return
        seeds = await _seeds(conn, status)
        context = await _context(app, conn, status)
    within = None if payload["everywhere"] else status.uri
    if within is not None:
        seeds = [uri for uri in seeds if same_origin(uri, within)]
        context = context if context and same_origin(context, within) else None
    search = Search(
        app,
        Budget(_FETCHES, per_host=_FETCHES_PER_HOST),
        lambda uris: _unknown(app, uris, within),
    )
    await search.run(seeds, context, seconds=_SECONDS)
    if not search.found:
        return
    now = app.now()

    async def work(tx: Transaction) -> None:
        await store_fetched(tx, app, search.found, now, backfill=True, ancestors=_ANCESTORS)

    await app.db.transact(work)


async def _unknown(app: App, uris: Sequence[str], within: str | None) -> list[str]:
    """Return those of the ids that might be fetched; `within` names the one origin allowed."""
    async with app.db.reader() as conn:
        known = await statuses.find_by_uris(conn, uris)
        gone = await statuses.tombstoned(conn, uris)
    return [
        uri
        for uri in uris
        if uri not in known
        and uri not in gone
        and not app.uris.is_local(uri)
        and (within is None or same_origin(uri, within))
    ]


async def _seeds(conn: Connection, status: Status) -> list[str]:
    """Return the posts to begin with: the thread's first, the one looked at, its first replies."""
    thread = await threads.load(conn, None, status.id)
    ids = [*thread.ancestors[:1], status.id, *thread.descendants][:_SEEDS]
    found = await statuses.get_many(conn, ids)
    return [found[each].uri for each in ids if each in found and not found[each].local]


async def _context(app: App, conn: Connection, status: Status) -> str | None:
    if status.conversation_id is None:
        return None
    uri = await threads.uri_of_conversation(conn, status.conversation_id)
    # Others are names that lead nowhere, such as tag: URIs.
    is_elsewhere = uri is not None and not app.uris.is_local(uri)
    return uri if uri and is_elsewhere and uri.startswith(("https:", "http:")) else None
