"""Followers synchronisation (FEP-8fcf): whether those who follow here do so at the other office.

A digest that came with an activity is compared at once; where it differs, a job reads the list and
corrects our side, after what is on its way has arrived. Nothing is changed by a list that does not
have that very digest.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from activitypub.errors import Malformed, ProtocolError
from activitypub.ownership import check_synchronisation
from activitypub.signatures.claims import Claim
from activitypub.signatures.message import Message
from activitypub.synchronisation import (
    HEADER,
    Synchronisation,
    digest_of,
    read_synchronisation,
)
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.inbound.authenticate import Signer
from fedimmp.remote.budget import Budget
from fedimmp.remote.followers import fetch_followers
from storage import accounts, follows, jobs, synchronisation
from storage.database import Transaction
from storage.follows import Follow
from storage.ids import new_id
from storage.synchronisation import LocalFollow

logger = logging.getLogger(__name__)

# A Follow, its answer or its end that was sent before should have arrived by then.
_PATIENCE: Final = timedelta(seconds=30)
_PAGES: Final = 10
_FETCH_SECONDS: Final = 20.0
_AT_ONCE: Final = 500
# Follows of ours that are known there only; the rest is for another time.
_MOST_UNDONE: Final = 100

Change = Callable[[Sequence[int], Transaction], Awaitable[None]]


async def compare_followers(app: App, message: Message, claim: Claim, signer: Signer) -> None:
    """Have the signer's followers here corrected if the signature covers another digest of them.

    Bounded for each signer: 20 comparisons in ten minutes, one correction in an hour.
    """
    said = _read(message, claim)
    # A farewell that no key verified says nothing else.
    if said is None or signer.key is None or signer.suspended:
        return
    if app.followers.asked.get(signer.account_id):
        return
    if not app.followers.compared.spend(signer.account_id):
        return
    async with app.db.reader() as conn:
        known = await synchronisation.find_followed(conn, signer.account_id)
    if known is None or known.digest == said.digest:
        return
    try:
        check_synchronisation(said, known.uri, known.followers_url)
    except ProtocolError as error:
        logger.info("the followers of %s are not compared: %s", known.uri, error)
        return
    if not app.followers.hosts.spend(signer.host):
        return
    app.followers.asked.put(signer.account_id, True)
    payload = {"account_id": signer.account_id, "url": said.url, "digest": said.digest}
    due_at = app.now() + _PATIENCE
    await app.db.transact(
        lambda tx: jobs.enqueue(
            tx,
            "synchronise_followers",
            payload,
            key=str(signer.account_id),
            due_at=due_at,
            host=signer.host,
        )
    )


def _read(message: Message, claim: Claim) -> Synchronisation | None:
    """Return what the one header says that the signature covers, None for anything else."""
    lines = message.values(HEADER)
    if len(lines) != 1 or HEADER.lower() not in claim.covered:
        return None
    try:
        return read_synchronisation(lines[0])
    except Malformed as error:
        logger.debug("a header of %s is ignored: %s", claim.key_host, error)
        return None


async def synchronise_followers(app: App, payload: Mapping[str, Any]) -> None:
    """Read who follows somebody according to their office, and correct what we believe.

    Nothing is changed unless the list has the digest that was announced. A list that is not to be
    had is not asked for again: the next digest that differs leads to it.
    """
    account_id, digest = int(payload["account_id"]), str(payload["digest"])
    async with app.db.reader() as conn:
        account = await accounts.find_reachable(conn, account_id)
        # As it was before the list is made: what begins meanwhile is not ended by it.
        ours = await synchronisation.list_local_follows(conn, account_id)
    accepted = (each.uri for each in ours if each.state == "accepted")
    if account is None or digest_of(accepted) == digest:
        return
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            listed = await fetch_followers(app, str(payload["url"]), Budget(_PAGES))
        if digest_of(listed) != digest:
            raise Malformed("The list does not have the digest that was announced.")
    except (ProtocolError, TimeoutError) as error:
        logger.info("the followers of %s were not compared: %s", account.uri, error)
        return
    logger.info("who follows %s here is corrected by its office", account.uri)
    await _correct(app, account_id, ours, listed)


async def _correct(
    app: App, account_id: int, ours: Sequence[LocalFollow], listed: frozenset[str]
) -> None:
    """End follows that are not listed, accept requests that are, and take back all else."""
    now = app.now()

    async def end(ids: Sequence[int], tx: Transaction) -> None:
        await effects.follow_rejected(tx, app, await follows.delete_follows(tx, ids), now)

    async def accept(ids: Sequence[int], tx: Transaction) -> None:
        await effects.followed(tx, app, await follows.accept_follows(tx, ids), now)

    ended = [each.id for each in ours if each.state == "accepted" and each.uri not in listed]
    granted = [each.id for each in ours if each.state == "pending" and each.uri in listed]
    await _in_parts(app, ended, end)
    await _in_parts(app, granted, accept)
    unknown = listed.difference(each.uri for each in ours)
    if unknown:
        await app.db.transact(lambda tx: _take_back(tx, app, account_id, unknown, now))


async def _in_parts(app: App, ids: Sequence[int], change: Change) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        await app.db.transact(functools.partial(change, ids[start : start + _AT_ONCE]))


async def _take_back(
    tx: Transaction, app: App, account_id: int, uris: Collection[str], now: datetime
) -> None:
    """Undo, at the other office, follows that are not known here."""
    people = await synchronisation.list_not_following(tx, account_id, sorted(uris), _MOST_UNDONE)
    unknown = [_never_stored(app, each, account_id, now) for each in people]
    await effects.unfollowed(tx, app, unknown, now)


def _never_stored(app: App, follower_id: int, target_id: int, now: datetime) -> Follow:
    """Make the follow that is to be undone; its id there is not known here."""
    follow_id = new_id(now)
    return Follow(
        id=follow_id,
        account_id=follower_id,
        target_id=target_id,
        uri=app.uris.activity(follower_id, follow_id),
        state="accepted",
        reblogs=True,
        notify=False,
        languages=None,
        created_at=now,
    )
