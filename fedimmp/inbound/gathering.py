"""The jobs that inbound activities leave: what must be fetched before they can be applied."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activitypub.errors import Gone, ProtocolError, Unreachable
from fedimmp.app import App
from fedimmp.effects.statuses import replies_adopted
from fedimmp.inbound.reading import Ignored, Refused, Understood, understand
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.threads import seek_own_replies
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import fetch_note
from storage import accounts, inbox, statuses
from storage.database import Transaction
from storage.inbox import Receipt

logger = logging.getLogger(__name__)


async def gather_activity(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch what an activity needs and apply it; a refusal parks it with its reason.

    Raises Unreachable, so that the job is tried again later.
    """
    async with app.db.reader() as conn:
        receipt = await inbox.find(conn, int(payload["receipt_id"]))
        # What is done has no body any more: somebody died between that and the end of the job.
        if receipt is None or not receipt.body:
            return
        people = await accounts.get_many_by_uri(conn, [receipt.actor_uri])
    match understand([receipt], people)[0]:
        case Refused(_, reason):
            await _park(app, receipt, reason)
        case Ignored():
            return
        case Understood() as item:
            if app.people.errands.spend(receipt.host):
                await _gather(app, item)
            else:
                await _park(app, receipt, f"{receipt.host} sends us to fetch too much.")


async def abandon_activity(
    tx: Transaction, payload: Mapping[str, Any], reason: str, now: datetime
) -> None:
    """Park an activity for which nothing could be fetched in the end."""
    await inbox.finish(tx, [], {int(payload["receipt_id"]): reason}, now)


async def fetch_parent(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch the post that a stored one answers, and let its own parent be fetched in turn.

    Raises Unreachable, so that the job is tried again later.
    """
    uri, ancestors = str(payload["uri"]), int(payload["ancestors"])
    async with app.db.reader() as conn:
        known = await statuses.find_by_uri(conn, uri)
        gone = await statuses.tombstoned(conn, [uri])
    if known is not None:
        # It came meanwhile, perhaps at the very moment of its reply.
        while await app.db.transact(lambda tx: replies_adopted(tx, [uri])):
            pass
        return
    if gone:
        return
    try:
        fetched = await fetch_note(app, uri, Budget(3))
    except Unreachable:
        raise
    except ProtocolError as error:
        # The thread stays without its beginning, as it would be on any server.
        logger.info("the parent %s is not to be had: %s", uri, error)
        return
    now = app.now()

    async def work(tx: Transaction) -> None:
        stored = await store_fetched(tx, app, [fetched], now, backfill=True, ancestors=ancestors)
        for status in stored:
            # Somebody here was told of a reply in a thread that never came: there will be others.
            if status.in_reply_to_uri is None:
                await seek_own_replies(tx, status)

    await app.db.transact(work)


async def _gather(app: App, item: Understood) -> None:
    if item.handler.gather is None:
        return
    now = app.now()
    try:
        value = await item.handler.gather(app, item.received, item.value)

        async def work(tx: Transaction) -> None:
            await item.handler.apply(tx, app, item.received, value, now)
            await inbox.finish(tx, [item.receipt.id], {}, now)

        await app.db.transact(work)
    except Unreachable:
        raise
    except Gone:
        # What does not exist any more needs no boost and no update.
        await app.db.transact(lambda tx: inbox.finish(tx, [item.receipt.id], {}, now))
    except ProtocolError as error:
        await _park(app, item.receipt, str(error))


async def _park(app: App, receipt: Receipt, reason: str) -> None:
    now = app.now()
    await app.db.transact(lambda tx: inbox.finish(tx, [], {receipt.id: reason}, now))
