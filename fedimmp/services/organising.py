"""An office and its organisation: the manifest is fetched, judged, and becomes whom we talk to.

How the list is made and signed is in `publishing_manifest`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from activitypub.errors import Malformed, ProtocolError, TooLarge, Unreachable
from activitypub.manifest import verifying
from activitypub.manifest.content import Manifest, check_fingerprint
from activitypub.manifest.verifying import Anchor, Refused, Verified
from fedimmp.app import App
from fedimmp.effects import organisation as effects
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.remote.trust import instance_key
from fedimmp.services import manifest_members
from fedimmp.services.peer_terms import check_peer_host
from storage import audit, organisation, organisation_draft
from storage.database import Connection, Transaction
from storage.organisation import ManifestVersion, Organisation

logger = logging.getLogger(__name__)

_Fetch = Callable[[str], Awaitable[bytes | None]]

PULL_EVERY: Final = timedelta(hours=1)
RETRY_PAUSE: Final = timedelta(minutes=5)
# Per cent of a manifest's life; beyond all of it nothing is added any more.
_WARNINGS: Final = (100, 90, 75, 50)
# Roots, three roles and the manifest itself.
_MOST_FILES: Final = 80
_MOST_RACES: Final = 3
_PATIENCE: Final = 120.0
NEVER: Final = "This office belongs to no organisation: run `fedimmp org subscribe`."


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a manifest: the version that holds, or the removals that wait for a person."""

    version: int
    is_new: bool
    held_removals: tuple[str, ...] = ()


async def subscribe(
    app: App,
    host: str | None,
    fingerprint: str,
    *,
    networks: Sequence[str] | None = None,
    actor: str,
) -> Organisation:
    """Trust the organisation whose root has this fingerprint, and ask this host for its manifest.

    The host is allowed, with these private networks; without one, files are carried by hand. Raises
    Invalid, and Conflict for an office that belongs to another organisation.
    """
    _check(fingerprint)
    now = app.now()
    source = None if host is None else check_peer_host(app, host)

    async def work(tx: Transaction) -> Organisation:
        known = await organisation.lock(tx)
        if known is not None and known.fingerprint != fingerprint:
            raise Conflict("This office belongs to an organisation: run `fedimmp org leave` first.")
        if known is None:
            await organisation.subscribe(tx, is_publisher=False, fingerprint=fingerprint)
        await organisation.set_source(tx, source)
        if source is not None:
            await manifest_members.allow_source(tx, app, source, networks, actor=actor)
            await effects.request_pull(tx, source, now)
        await audit.append(
            tx,
            actor=actor,
            action="organisation.subscribe",
            target=source or fingerprint,
            detail={"fingerprint": fingerprint},
            now=now,
        )
        return await _get(tx)

    return await app.db.transact(work)


def _check(fingerprint: str) -> None:
    try:
        check_fingerprint(fingerprint)
    except Malformed as error:
        raise Invalid(str(error)) from error


async def leave(app: App, *, end: bool = False, actor: str) -> None:
    """Belong to no organisation any more: what its manifest allowed is allowed no more.

    The office that publishes only goes to `end` that: nobody publishes then. Raises NotFound and
    Conflict.
    """
    now = app.now()

    async def work(tx: Transaction) -> None:
        known = await organisation.lock(tx)
        if known is None:
            raise NotFound(NEVER)
        if await organisation_draft.delete(tx) and not end:
            raise Conflict("This office publishes the list: say --end if nobody is to do so.")
        await manifest_members.replace(tx, app, ())
        await organisation.leave(tx)
        target = known.organisation_id or known.fingerprint
        await audit.append(tx, actor=actor, action="organisation.leave", target=target, now=now)

    await app.db.transact(work)


async def pull_due(app: App, _payload: Mapping[str, Any]) -> None:
    """Job: ask the source for its latest word, and ask again in an hour."""
    now = app.now()

    async def begin(tx: Transaction) -> Organisation | None:
        known = await organisation.lock(tx)
        if known is None or known.source is None:
            return None
        await organisation.set_asked(tx, now)
        await effects.request_pull(tx, known.source, now + PULL_EVERY)
        return known

    known = await app.db.transact(begin)
    if known is None or known.source is None:
        return
    try:
        await pull(app)
    except ProtocolError:
        # Noted already; who does not answer is asked again sooner.
        async with app.db.writer() as tx:
            await effects.request_pull(tx, known.source, now + RETRY_PAUSE)


async def pull(app: App) -> Taken:
    """Ask the source for its latest word and take it.

    Raises Refused for what is not the organisation's latest word, which is recorded, and
    Unreachable while the source does not answer; in both cases all stays as it was.
    """
    async with app.db.reader() as conn:
        known = await _get(conn)
    if known.source is None:
        raise Conflict("This office takes its manifest from files: run `fedimmp org import`.")
    source = _Source(app, known.source)
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _take(app, source.fetch)
    except TimeoutError as error:
        sentence = f"{known.source} hands its manifest out too slowly."
        await _note_trouble(app, "unreachable", sentence)
        raise Unreachable(sentence) from error


async def import_files(app: App, files: Mapping[str, bytes]) -> Taken:
    """Take a manifest that came by hand; raises Refused."""

    async def fetch(name: str) -> bytes | None:
        return files.get(name)

    return await _take(app, fetch)


async def take_own(
    app: App,
    files: Mapping[str, bytes],
    give_out: Callable[[Transaction], Awaitable[None]],
    *,
    actor: str,
) -> Taken:
    """Take what this office itself publishes, and give it out in the same transaction."""

    async def fetch(name: str) -> bytes | None:
        return files.get(name)

    return await _take(app, fetch, confirmed_by=actor, give_out=give_out)


async def confirm(app: App, version: int | None, *, actor: str) -> Taken:
    """Take the version that is held back because of whom it removes; raises NotFound, Refused."""
    async with app.db.reader() as conn:
        known = await _get(conn)
        held = await organisation.read_files(conn, held=True)
    if known.held_version is None or version not in (None, known.held_version):
        raise NotFound("No version waits for a confirmation.")

    async def fetch(name: str) -> bytes | None:
        return held.get(name)

    return await _take(app, fetch, confirmed_by=actor)


async def watch(tx: Transaction, _app: App, now: datetime) -> int:
    """Call out how much of the manifest's life is over, and have the source asked every hour."""
    known = await organisation.lock(tx)
    if known is None:
        return 0
    if known.source is not None and (known.asked_at is None or known.asked_at < now - PULL_EVERY):
        await effects.request_pull(tx, known.source, now)
    percent = life_over(known, now)
    step = next((each for each in _WARNINGS if percent >= each), 0)
    if step > known.warned and known.expires_at is not None:
        await organisation.set_warned(tx, step)
        await effects.manifest_ages(tx, known.organisation_id, step, known.expires_at, now)
    return 0


def life_over(known: Organisation, now: datetime) -> int:
    """Return how much of the manifest's life is over, in per cent; 0 before the first."""
    if known.issued_at is None or known.expires_at is None:
        return 0
    return max(0, int(100 * (now - known.issued_at) / (known.expires_at - known.issued_at)))


class _Source:
    """Fetches from the office that publishes, each file once."""

    def __init__(self, app: App, host: str) -> None:
        self._app = app
        self._host = host

    async def fetch(self, name: str) -> bytes | None:
        key = await instance_key(self._app)
        return await self._app.client.get_manifest_file(
            self._host, name, key, max_bytes=verifying.MAX_BYTES
        )


async def _take(
    app: App,
    fetch: _Fetch,
    *,
    confirmed_by: str | None = None,
    give_out: Callable[[Transaction], Awaitable[None]] | None = None,
) -> Taken:
    """Judge what a source hands out, file by file, and let the result hold."""
    for _ in range(_MOST_RACES):
        async with app.db.reader() as conn:
            known = await _get(conn)
            trusted = await organisation.read_files(conn)
        try:
            verified = await _verified(app, known, trusted, fetch)
        except Refused as refusal:
            await _note_refusal(app, refusal)
            raise
        except ProtocolError as error:
            await _note_trouble(app, "unreachable", str(error))
            raise
        taken = await _apply(app, known, verified, confirmed_by, give_out)
        if taken is not None:
            return taken
    raise Conflict("The manifest changes all the time: try again.")


async def _verified(
    app: App, known: Organisation, trusted: Mapping[str, bytes], fetch: _Fetch
) -> Verified:
    offered: dict[str, bytes | None] = {}
    anchor = Anchor(known.fingerprint, known.organisation_id)
    now = app.now()
    for name in verifying.names_needed(trusted):
        offered[name] = await _fetched(fetch, name)
    for _ in range(_MOST_FILES):
        judged = await asyncio.to_thread(verifying.judge, anchor, trusted, offered, now)
        if isinstance(judged, Verified):
            return judged
        offered[judged.name] = await _fetched(fetch, judged.name)
    raise Refused("malformed", "The manifest consists of too many files.")


async def _fetched(fetch: _Fetch, name: str) -> bytes | None:
    try:
        return await fetch(name)
    except TooLarge as error:
        raise Refused("too large", str(error)) from error
    except Malformed as error:
        raise Refused("malformed", str(error)) from error


async def _apply(
    app: App,
    known: Organisation,
    verified: Verified,
    confirmed_by: str | None,
    give_out: Callable[[Transaction], Awaitable[None]] | None,
) -> Taken | None:
    """Let a verified manifest hold, all of it or nothing; None where another one was faster."""
    now, manifest = app.now(), verified.manifest

    async def work(tx: Transaction) -> Taken | None:
        current = await organisation.lock(tx)
        if current is None or current.revision != known.revision:
            return None
        if manifest.version == current.version:
            await _keep_stamp(tx, verified, now)
            return Taken(manifest.version, is_new=False)
        removals = await manifest_members.removals(tx, manifest)
        if removals.need_confirmation and confirmed_by is None:
            return await _hold_back(tx, current, verified, removals.unconfirmed, now)
        await organisation.replace_files(tx, verified.files)
        await organisation.replace_files(tx, {}, held=True)
        await organisation.hold(tx, _version_of(manifest), now)
        await manifest_members.replace(tx, app, manifest.members)
        detail: dict[str, object] = {"removed": list(removals.hosts)}
        if confirmed_by is not None:
            detail["confirmed_by"] = confirmed_by
        await effects.manifest_taken(tx, manifest.organisation_id, manifest.version, detail, now)
        if give_out is not None:
            await give_out(tx)
        return Taken(manifest.version, is_new=True)

    return await app.db.transact(work)


async def _keep_stamp(tx: Transaction, verified: Verified, now: datetime) -> None:
    """Note that the version which holds is still the latest."""
    if await organisation.read_files(tx) == verified.files:
        await organisation.set_heard(tx, now)
        return
    await organisation.replace_files(tx, verified.files)
    await organisation.hold(tx, _version_of(verified.manifest), now)


async def _hold_back(
    tx: Transaction,
    current: Organisation,
    verified: Verified,
    removals: Sequence[str],
    now: datetime,
) -> Taken:
    """Keep aside what removes too many at once; nothing of it holds until somebody confirms it."""
    version = verified.manifest.version
    sentence = (
        f"Version {version} removes {len(removals)} offices at once, more than a fifth:"
        " run `fedimmp org confirm` if that is meant."
    )
    await organisation.replace_files(tx, verified.files, held=True)
    await organisation.hold_back(tx, version, removals)
    if await organisation.set_trouble(tx, "removals", sentence, now):
        await effects.manifest_refused(
            tx, verified.manifest.organisation_id, "removals", sentence, now
        )
    return Taken(current.version, is_new=False, held_removals=tuple(removals))


async def _note_refusal(app: App, refusal: Refused) -> None:
    """Record what was refused, once for each trouble: an attacker must not fill the log."""
    now = app.now()

    async def work(tx: Transaction) -> None:
        known = await organisation.lock(tx)
        if known is None:
            return
        if await organisation.set_trouble(tx, refusal.reason, str(refusal), now):
            target = known.organisation_id or known.fingerprint
            await effects.manifest_refused(tx, target, refusal.reason, str(refusal), now)

    await app.db.transact(work)


async def _note_trouble(app: App, reason: str, sentence: str) -> None:
    logger.warning("the manifest could not be asked for: %s", sentence)
    now = app.now()
    await app.db.transact(lambda tx: organisation.set_trouble(tx, reason, sentence, now))


async def _get(conn: Connection) -> Organisation:
    known = await organisation.find(conn)
    if known is None:
        raise NotFound(NEVER)
    return known


def _version_of(manifest: Manifest) -> ManifestVersion:
    return ManifestVersion(
        manifest.organisation_id,
        manifest.name,
        manifest.version,
        manifest.issued_at,
        manifest.expires_at,
    )
