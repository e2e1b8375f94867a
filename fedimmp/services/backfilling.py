"""Brings in what somebody at another office wrote before anybody here listened."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from activitypub.errors import ProtocolError, Unreachable
from activitypub.objects import Note
from fedimmp.app import App
from fedimmp.ingest.fetched import store_fetched
from fedimmp.remote.budget import Budget
from fedimmp.remote.collections import fetch_featured, fetch_outbox
from fedimmp.remote.notes import FetchedNote
from storage import accounts, interactions, jobs, statuses
from storage.accounts import Account
from storage.database import Transaction
from storage.ids import new_id

logger = logging.getLogger(__name__)

_PAUSE = timedelta(hours=12)
_FETCHES = 25


async def request_backfill(app: App, account_id: int) -> None:
    """Have a remote account's latest posts fetched, unless that happened in the last hours.

    For the first look at a profile.
    """
    async with app.db.reader() as conn:
        account = await accounts.find_reachable(conn, account_id)
    if account is None or not _is_due(app, account):
        return
    payload = {"account_id": account_id}
    await app.db.transact(lambda tx: jobs.enqueue(tx, "backfill", payload, key=str(account_id)))


async def backfill(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch the first page of an outbox and the pinned posts; nobody is notified of them.

    Raises Unreachable, so that the job is tried again later.
    """
    async with app.db.reader() as conn:
        account = await accounts.find_reachable(conn, int(payload["account_id"]))
    if account is None or not _is_due(app, account):
        return
    budget = Budget(_FETCHES)
    posts = await _fetch(app, account, budget)
    pinned = await _fetch_pinned(app, account, budget)
    now = app.now()

    async def work(tx: Transaction) -> None:
        notes = {note.id: FetchedNote(note, None) for note in [*posts, *pinned]}
        # Parents of old posts are left alone: a first look must not fetch whole threads.
        await store_fetched(tx, app, list(notes.values()), now, backfill=True, ancestors=0)
        known = await statuses.find_by_uris(tx, [note.id for note in pinned])
        # The collection names the latest pin first; the rows are wanted oldest first.
        pins = [
            (new_id(now), status.id)
            for note in reversed(pinned)
            if (status := known.get(note.id)) is not None
        ]
        await interactions.replace_pins(tx, account.id, sorted(_increasing(pins)), now)
        await accounts.set_backfilled(tx, account.id, now)

    await app.db.transact(work)


def _increasing(pins: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give rows made in one millisecond the order in which they stand."""
    ids = sorted(row_id for row_id, _ in pins)
    return [(row_id, status_id) for row_id, (_, status_id) in zip(ids, pins, strict=True)]


def _is_due(app: App, account: Account) -> bool:
    if account.domain is None:
        return False
    return account.backfilled_at is None or app.now() - account.backfilled_at > _PAUSE


async def _fetch(app: App, account: Account, budget: Budget) -> list[Note]:
    if account.outbox_url is None:
        return []
    try:
        return await fetch_outbox(app, account.outbox_url, account.uri, budget)
    except Unreachable:
        raise
    except ProtocolError as error:
        logger.info("the outbox of %s is not to be had: %s", account.uri, error)
        return []


async def _fetch_pinned(app: App, account: Account, budget: Budget) -> list[Note]:
    if account.featured_url is None:
        return []
    try:
        return await fetch_featured(app, account.featured_url, account.uri, budget)
    except ProtocolError as error:
        logger.info("the pinned posts of %s are not to be had: %s", account.uri, error)
        return []
