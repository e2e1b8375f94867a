"""The publishing office's own word: which version of the manifest is the latest, and until when."""

from datetime import datetime, timedelta
from typing import Final

from activitypub.manifest import signing
from activitypub.manifest.keys import OrganisationKey
from fedimmp.app import App
from fedimmp.errors import Conflict, NotFound
from storage import audit, organisation, organisation_draft
from storage.database import Transaction

# As long as this office may be down without others calling its word old.
STAMP_LIFE: Final = timedelta(days=3)
_STAMP_EVERY: Final = timedelta(hours=6)
NO_DRAFT: Final = "This office does not publish for an organisation: run `fedimmp org init`."


async def restamp(tx: Transaction, app: App, now: datetime) -> int:
    """Say anew that what is published is the latest, long before the last word runs out."""
    # In the order in which publishing takes them.
    known = await organisation.lock(tx)
    stored = await organisation_draft.lock(tx)
    if stored is None or known is None or not known.is_publisher or not known.version:
        return 0
    files = await organisation.read_files(tx)
    before = files["timestamp.json"]
    if signing.expires_of(before) > now + STAMP_LIFE - _STAMP_EVERY:
        return 0
    key = office_key_of(app, stored.office_key)
    files["timestamp.json"] = signing.stamp(
        files,
        key,
        version=rising(signing.version_of(before), now),
        expires=now + STAMP_LIFE,
    )
    await organisation.replace_files(tx, files)
    await organisation.set_heard(tx, now)
    return 0


async def export(app: App, *, days: int, actor: str) -> dict[str, bytes]:
    """Return what is published, with a word that it is the latest which holds for so many days.

    Raises Conflict for an office that does not publish, or has not yet.
    """
    now = app.now()

    async def work(tx: Transaction) -> dict[str, bytes]:
        known = await organisation.lock(tx)
        stored = await organisation_draft.lock(tx)
        if stored is None:
            raise NotFound(NO_DRAFT)
        files = await organisation.read_files(tx)
        if known is None or not files:
            raise Conflict("Nothing is published yet.")
        version = rising(signing.version_of(files["timestamp.json"]), now)
        key = office_key_of(app, stored.office_key)
        far = signing.stamp(files, key, version=version, expires=now + timedelta(days=days))
        near = signing.stamp(files, key, version=version + 1, expires=now + STAMP_LIFE)
        # Numbers rise here as well, or what goes over the network would look older than the file.
        await organisation.replace_files(tx, files | {"timestamp.json": near})
        await audit.append(
            tx,
            actor=actor,
            action="organisation.export",
            target=known.organisation_id,
            detail={"version": known.version, "days": days},
            now=now,
        )
        return files | {"timestamp.json": far}

    return await app.db.transact(work)


def rising(version: int, now: datetime) -> int:
    """Return a higher version that also rises over what was given out before a restored backup."""
    return max(version + 1, int(now.timestamp()))


def office_key_of(app: App, sealed: bytes) -> OrganisationKey:
    """Return the key by which this office says what is the latest."""
    return OrganisationKey.from_seed(app.keys.unseal(sealed))
