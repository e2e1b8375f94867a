"""Pictures: uploads of our members, and pictures of peers fetched the first time somebody looks."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from activitypub import errors as protocol
from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound, TooLarge
from fedimmp.media import pictures
from fedimmp.media.decoder import Job
from fedimmp.media.pictures import Picture
from fedimmp.media.store import new_key
from storage import jobs, media, uploads
from storage.database import Transaction
from storage.ids import new_id
from storage.media import Media, NewUpload

Focus = tuple[float, float]
_JOBS: dict[media.Purpose, Job] = {
    "attachment": pictures.ATTACHMENT,
    "avatar": pictures.AVATAR,
    "header": pictures.HEADER,
    "emoji": pictures.EMOJI,
}
# Somebody may still be writing the post that a picture was uploaded for.
_PATIENCE: Final = timedelta(days=1)


def preview_key(key: str) -> str:
    """Return the key under which the preview of a file lies in the store."""
    return hashlib.sha256(f"preview {key}".encode()).hexdigest()[:32]


def check_description(app: App, description: str | None) -> None:
    """Raise Invalid for words about a picture that are too long."""
    longest = app.config.media.max_description_characters
    if description is not None and len(description) > longest:
        raise Invalid(f"Validation failed: description is too long (maximum is {longest})")


def focus_of(row: Media) -> Focus | None:
    """Return the focal point of a picture, None where it has none."""
    if row.focus_x is None or row.focus_y is None:
        return None
    return row.focus_x, row.focus_y


async def upload(
    app: App,
    account_id: int,
    data: bytes,
    *,
    purpose: media.Purpose = "attachment",
    description: str | None = None,
    focus: Focus | None = None,
) -> int:
    """Store a member's picture and return its id; raises Invalid and TooLarge with a sentence."""
    if len(data) > app.config.media.max_image_bytes:
        raise TooLarge(
            f"A picture may have {app.config.media.max_image_bytes // 1024**2} MiB at most"
        )
    check_description(app, description)
    picture = await _make(app, data, purpose)
    key = new_key()
    await _store(app, key, picture)
    made = picture.made
    now = app.now()
    row = NewUpload(
        id=new_id(now),
        account_id=account_id,
        purpose=purpose,
        kind="image",
        file_key=key,
        content_type=made.content_type,
        size=made.length,
        width=made.width,
        height=made.height,
        preview_width=made.preview_width,
        preview_height=made.preview_height,
        focus_x=focus[0] if focus else None,
        focus_y=focus[1] if focus else None,
        blurhash=made.blurhash,
        description=description,
    )
    async with app.db.writer() as tx:
        await media.insert_upload(tx, row, now)
    return row.id


async def describe(
    app: App, account_id: int, media_id: int, *, description: str | None, focus: Focus | None
) -> None:
    """Change what a picture says before it is posted; None leaves a value as it is."""
    check_description(app, description)
    async with app.db.writer() as tx:
        found = await media.find_unattached(tx, account_id, media_id)
        if found is None:
            raise NotFound
        await media.set_description(
            tx,
            media_id,
            description=found.description if description is None else description,
            focus=focus or focus_of(found),
        )


async def discard(app: App, account_id: int, media_id: int) -> None:
    """Delete an upload that no post carries; raises NotFound, and Invalid for one in use."""
    async with app.db.writer() as tx:
        found = await media.find(tx, media_id)
        if found is None or found.account_id != account_id or found.purpose != "attachment":
            raise NotFound
        if found.status_id is not None:
            raise Invalid("This picture belongs to a post; delete or edit the post")
        await _release_files(tx, await media.delete(tx, [media_id]))


async def discard_detached(app: App, payload: Mapping[str, Sequence[int]]) -> None:
    """Job: let go of files of deleted posts and replaced pictures, unless a post took them over."""
    async with app.db.writer() as tx:
        waiting = await media.list_detached(tx, payload["media_ids"])
        await _release_files(tx, await media.delete(tx, [each.id for each in waiting]))


async def discard_abandoned(tx: Transaction, now: datetime) -> int:
    """Let go of uploads that were never posted or worn; returns how many there were."""
    keys = await uploads.delete_abandoned(tx, now - _PATIENCE)
    await _release_files(tx, keys)
    return len(keys)


async def remove_files(app: App, payload: Mapping[str, Sequence[str]]) -> None:
    """Job: remove the bytes of deleted rows, previews included."""
    for key in payload["keys"]:
        await app.media.delete(key)
        await app.media.delete(preview_key(key))


async def ensure_stored(app: App, row: Media) -> Media | None:
    """Fetch a peer's picture through the gate unless it is here.

    Returns the row as it is then; None when the picture can't be had, or could not a moment ago.
    """
    if row.stored or row.remote_url is None:
        return row if row.stored else None
    await app.pictures.fetching.acquire(row.file_key)
    try:
        if app.pictures.failed.get(row.file_key):
            return None
        return await _fetch_once(app, row.id, row.remote_url)
    finally:
        app.pictures.fetching.release(row.file_key)


async def _fetch_once(app: App, media_id: int, url: str) -> Media | None:
    async with app.db.reader() as conn:
        row = await media.find(conn, media_id)
    if row is None or row.stored:
        return row
    picture = await _fetch(app, row, url)
    if picture is None:
        return None
    await _store(app, row.file_key, picture)
    made = picture.made
    async with app.db.writer() as tx:
        await media.mark_stored(
            tx,
            row.id,
            content_type=made.content_type,
            size=made.length,
            width=made.width,
            height=made.height,
        )
        kept = await media.find(tx, row.id)
    if kept is None:
        # Its post was deleted meanwhile, and nothing else knows of these bytes.
        await remove_files(app, {"keys": [row.file_key]})
    return kept


async def _fetch(app: App, row: Media, url: str) -> Picture | None:
    limit = app.config.media.max_remote_bytes
    try:
        data, _ = await app.client.get_media(url, max_bytes=limit)
        return await _make(app, data, row.purpose)
    except protocol.NotTrusted:
        # Nobody was asked, and the allowlist may change at any moment.
        return None
    except (protocol.ProtocolError, Invalid):
        app.pictures.failed.put(row.file_key, True)
        return None


async def _release_files(tx: Transaction, keys: Sequence[str]) -> None:
    """Have the bytes of rows that this transaction deletes removed once it has committed."""
    if keys:
        await jobs.enqueue(tx, "remove_files", {"keys": list(keys)})


async def _make(app: App, data: bytes, purpose: media.Purpose) -> Picture:
    return await pictures.make_picture(
        data, _JOBS[purpose], max_pixels=app.config.media.max_image_pixels
    )


async def _store(app: App, key: str, picture: Picture) -> None:
    # The preview first: whoever finds the file finds its preview, too.
    if picture.preview:
        await app.media.put(preview_key(key), picture.preview)
    await app.media.put(key, picture.file)
