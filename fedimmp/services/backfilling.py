"""Brings in what somebody at another office wrote before anybody here listened."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from activitypub.errors import ProtocolError, Unreachable
from activitypub.objects import Note
from fedimmp.app import App
from fedimmp.ingest.fetched import store_fetched
from fedimmp.remote.budget import Budget
from fedimmp.remote.collections import fetch_featured, fetch_featured_tags, fetch_outbox
from fedimmp.remote.notes import FetchedNote
from fedimmp.services.discovery import refresh_account
from storage import accounts, featured_tags, interactions, jobs, statuses
from storage.accounts import Account
from storage.database import Transaction
from storage.ids import new_id

logger = logging.getLogger(__name__)

_PAUSE = timedelta(hours=12)
_FETCHES = 25
_MAX_HASHTAGS = 20


async def request_backfill(app: App, account: Account) -> None:
    """Have a remote account's latest posts fetched, unless that happened in the last hours.

    For a look at a profile; costs nothing while it is not due.
    """
    if not _is_due(app, account):
        return
    payload, key, host = {"account_id": account.id}, str(account.id), account.domain or ""
    await app.db.transact(lambda tx: jobs.enqueue(tx, "backfill", payload, key=key, host=host))


async def backfill(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch somebody anew, the first page of their outbox and what they pinned.

    Nobody is notified. Raises Unreachable, so that the job is tried again later.
    """
    account_id = int(payload["account_id"])
    await refresh_account(app, account_id)
    async with app.db.reader() as conn:
        account = await accounts.find_reachable(conn, account_id)
    if account is None or not _is_due(app, account):
        return
    budget = Budget(_FETCHES)
    posts = await _fetch(app, account, budget)
    pinned = await _fetch_pinned(app, account, budget)
    hashtags = await _fetch_hashtags(app, account, budget)
    now = app.now()

    async def work(tx: Transaction) -> None:
        notes = {note.id: FetchedNote(note, None) for note in [*posts, *(pinned or [])]}
        # Parents of old posts are left alone: a first look must not fetch whole threads.
        await store_fetched(tx, app, list(notes.values()), now, backfill=True, ancestors=0)
        if pinned is not None:
            await _pin(tx, account, pinned, now)
        if hashtags is not None:
            await _feature(tx, account, hashtags, now)
        await accounts.set_backfilled(tx, account.id, now)

    await app.db.transact(work)


async def _pin(tx: Transaction, account: Account, pinned: Sequence[Note], now: datetime) -> None:
    known = await statuses.find_by_uris(tx, [note.id for note in pinned])
    # The collection names the latest pin first; the rows are wanted oldest first.
    ids = [status.id for note in reversed(pinned) if (status := known.get(note.id)) is not None]
    first = new_id(now)
    await interactions.replace_pins(
        tx, account.id, [(first + place, status_id) for place, status_id in enumerate(ids)], now
    )


async def _feature(tx: Transaction, account: Account, names: Sequence[str], now: datetime) -> None:
    once = {name.casefold(): name for name in names[:_MAX_HASHTAGS]}.values()
    first = new_id(now)
    # A millisecond apart, since two ids of the same one can be equal.
    shown = [(first + (place << 16), name) for place, name in enumerate(once)]
    await featured_tags.replace(tx, account.id, shown, now)


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


async def _fetch_pinned(app: App, account: Account, budget: Budget) -> list[Note] | None:
    """Return what is pinned, None where that cannot be told: then the pins stay as they are."""
    if account.featured_url is None:
        return []
    try:
        return await fetch_featured(app, account.featured_url, account.uri, budget)
    except ProtocolError as error:
        logger.info("the pinned posts of %s are not to be had: %s", account.uri, error)
        return None


async def _fetch_hashtags(app: App, account: Account, budget: Budget) -> list[str] | None:
    """Return the hashtags of the profile, None where they cannot be told: then they stay."""
    if account.featured_tags_url is None:
        return []
    try:
        return await fetch_featured_tags(app, account.featured_tags_url, budget)
    except ProtocolError as error:
        logger.info("the hashtags of %s are not to be had: %s", account.uri, error)
        return None
