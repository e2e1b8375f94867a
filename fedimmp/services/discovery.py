"""Finds people and posts of other offices: from what is stored, else from their own office.

Only allowed hosts are asked. What cannot be had is None, whatever the reason: a search must not
tell a stranger's absence from a refusal.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from activitypub.errors import Gone, Malformed, ProtocolError
from activitypub.objects import Actor
from activitypub.uris import check_host, check_http_uri, host_of
from fedimmp.app import App
from fedimmp.effects.accounts import account_deleted
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.ingest.fetched import store_fetched
from fedimmp.remote.actors import fetch_actor, find_actor
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import fetch_note
from fedimmp.uris import LocalActor, LocalNote
from storage import accounts, statuses, trust
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Transaction

logger = logging.getLogger(__name__)

# How old a remote account may be before it is fetched again when somebody looks for it.
_STALE = timedelta(days=1)
_FETCHES = 5


async def account_by_handle(app: App, username: str, host: str | None) -> int | None:
    """Return the account behind @username@host, or @username with None or our own host."""
    domain = _domain(app, host)
    if domain is None and host is not None and host.lower() != app.uris.host:
        return None
    async with app.db.reader() as conn:
        known = await accounts.find_by_handle(conn, username, domain)
        allowed = domain is None or await trust.is_allowed(conn, domain, app.now())
    if not allowed:
        return None
    if domain is None or _is_fresh(app, known):
        return _shown(known)
    try:
        actor = await find_actor(app, username, domain, Budget(_FETCHES))
    except ProtocolError as error:
        logger.info("@%s@%s is not to be had: %s", username, domain, error)
        return _shown(known)
    return await _store(app, actor)


async def account_by_uri(app: App, uri: str) -> int | None:
    """Return the account with this ActivityPub id or profile page."""
    try:
        checked = check_http_uri(uri)
        host = host_of(checked)
    except Malformed:
        return None
    local = app.uris.parse(checked)
    async with app.db.reader() as conn:
        if isinstance(local, LocalActor):
            return _shown(await accounts.find(conn, local.account_id))
        known = await accounts.find_by_uri(conn, checked)
        allowed = host != app.uris.host and await trust.is_allowed(conn, host, app.now())
    if host == app.uris.host:
        return await _by_profile(app, checked)
    if not allowed:
        return None
    if _is_fresh(app, known):
        return _shown(known)
    try:
        actor = await fetch_actor(app, checked, Budget(_FETCHES))
    except ProtocolError as error:
        logger.info("the actor %s is not to be had: %s", checked, error)
        return _shown(known)
    return await _store(app, actor)


async def status_by_uri(app: App, uri: str) -> int | None:
    """Return the status with this ActivityPub id or page, whoever may see it."""
    try:
        checked = check_http_uri(uri)
        host = host_of(checked)
    except Malformed:
        return None
    local = app.uris.parse(checked)
    async with app.db.reader() as conn:
        if isinstance(local, LocalNote):
            found = await statuses.find(conn, local.status_id)
            return None if found is None else found.id
        known = await statuses.find_by_url(conn, checked)
        allowed = host != app.uris.host and await trust.is_allowed(conn, host, app.now())
    if not allowed:
        return None
    if known is not None:
        return known.id
    try:
        fetched = await fetch_note(app, checked, Budget(_FETCHES))
    except ProtocolError as error:
        logger.info("the post %s is not to be had: %s", checked, error)
        return None
    now = app.now()

    async def work(tx: Transaction) -> int | None:
        # A page leads to a post whose id is another address.
        await store_fetched(tx, app, [fetched], now, backfill=True)
        stored = await statuses.find_by_uri(tx, fetched.note.id)
        return None if stored is None else stored.id

    return await app.db.transact(work)


async def refresh(app: App, payload: Mapping[str, Any]) -> None:
    """Job: fetch a remote account anew, with `anyway` also one that is fresh."""
    await refresh_account(app, int(payload["account_id"]), anyway=bool(payload.get("anyway")))


async def refresh_account(app: App, account_id: int, *, anyway: bool = False) -> None:
    """Fetch a remote account anew if it is older than a day, or `anyway`.

    What its office has deleted for good (410) is deleted here; other failures leave it as it is.
    """
    async with app.db.reader() as conn:
        known = await accounts.find_reachable(conn, account_id)
    if known is None or known.domain is None or (_is_fresh(app, known) and not anyway):
        return
    try:
        actor = await fetch_actor(app, known.uri, Budget(_FETCHES))
    except Gone as error:
        if error.status == HTTPStatus.GONE:
            await _delete(app, known)
        return
    except ProtocolError as error:
        logger.info("the actor %s is not to be had: %s", known.uri, error)
        return
    await _store(app, actor)


async def _store(app: App, actor: Actor) -> int | None:
    now = app.now()

    async def work(tx: Transaction) -> Account:
        return await accounts.get(tx, await upsert_actor(tx, app, actor, now))

    return _shown(await app.db.transact(work))


async def _delete(app: App, account: Account) -> None:
    now = app.now()

    async def work(tx: Transaction) -> None:
        if await accounts.set_deleted(tx, account.id, now):
            await account_deleted(tx, app, [account], now)

    await app.db.transact(work)


async def _by_profile(app: App, uri: str) -> int | None:
    """Return one of our people by the address of their page."""
    page = uri.removeprefix(f"{app.uris.origin}/@")
    if page == uri or "/" in page:
        return None
    async with app.db.reader() as conn:
        return _shown(await accounts.find_by_handle(conn, page, None))


def _domain(app: App, host: str | None) -> str | None:
    """Return the stored form of a handle's host; None for ours, and for what is no host."""
    if host is None:
        return None
    try:
        name = check_host(host.lower())
    except Malformed:
        return None
    return None if name == app.uris.host else name


def _is_fresh(app: App, known: Account | None) -> bool:
    if known is None or known.fetched_at is None:
        return False
    return app.now() - known.fetched_at < _STALE


def _shown(account: Account | None) -> int | None:
    """Return the id of an account that may be found at all."""
    if account is None or account.id == INSTANCE_ACCOUNT_ID or account.deleted_at is not None:
        return None
    return account.id
