"""Pictures and other files that our members upload: stored, described, and let go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound, TooLarge
from fedimmp.media import pictures
from fedimmp.media.decoder import Job, Made
from fedimmp.media.pictures import Picture
from fedimmp.media.store import new_key
from storage import jobs, media, uploads
from storage.database import Transaction
from storage.ids import new_id
from storage.media import Media, NewUpload

Focus = tuple[float, float]
# A preview is a picture that an app sends to stand for another file.
Use = media.Purpose | Literal["preview"]
_JOBS: Final[Mapping[Use, Job]] = {
    "preview": pictures.PREVIEW,
    "attachment": pictures.ATTACHMENT,
    "avatar": pictures.AVATAR,
    "header": pictures.HEADER,
    "emoji": pictures.EMOJI,
}
# Somebody may still be writing the post that a picture was uploaded for.
_PATIENCE: Final = timedelta(days=1)


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
    preview: Picture | None = None,
) -> int:
    """Store a member's picture and return its id; raises Invalid and TooLarge with a sentence.

    `preview` is shown in place of the one that is made of it.
    """
    if len(data) > app.config.media.max_image_bytes:
        raise TooLarge(
            f"A picture may have {app.config.media.max_image_bytes // 1024**2} MiB at most"
        )
    check_description(app, description)
    picture = await make_picture(app, data, purpose)
    key = new_key()
    await app.media.put(key, picture.file, preview=preview.file if preview else picture.preview)
    now = app.now()
    terms = _Terms(account_id, purpose, description, focus)
    row = _row(new_id(now), key, terms, picture.made, preview.made if preview else None)
    async with app.db.writer() as tx:
        await media.insert_upload(tx, row, now)
    return row.id


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a member says of an upload."""

    account_id: int
    purpose: media.Purpose
    description: str | None
    focus: Focus | None


def _row(upload_id: int, key: str, terms: _Terms, made: Made, small: Made | None) -> NewUpload:
    """Return the row of a picture; `small` is of the preview that came with it."""
    return NewUpload(
        id=upload_id,
        account_id=terms.account_id,
        purpose=terms.purpose,
        kind="image",
        file_key=key,
        content_type=made.content_type,
        size=made.length,
        width=made.width,
        height=made.height,
        preview_width=small.width if small else made.preview_width,
        preview_height=small.height if small else made.preview_height,
        focus_x=terms.focus[0] if terms.focus else None,
        focus_y=terms.focus[1] if terms.focus else None,
        blurhash=made.blurhash,
        description=terms.description,
        preview_content_type=small.content_type if small else None,
    )


async def describe(
    app: App, account_id: int, media_id: int, *, description: str | None, focus: Focus | None
) -> None:
    """Change what a file says before it is posted; None leaves a value as it is."""
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
            raise Invalid("This file belongs to a post; delete or edit the post")
        keys = await media.delete(tx, [media_id])
        if not keys:
            raise Invalid("This file belongs to a scheduled post; delete that first")
        await release_files(tx, keys)


async def discard_detached(app: App, payload: Mapping[str, Sequence[int]]) -> None:
    """Job: let go of files of deleted posts and replaced pictures, unless a post took them over."""
    async with app.db.writer() as tx:
        waiting = await media.list_detached(tx, payload["media_ids"])
        await release_files(tx, await media.delete(tx, [each.id for each in waiting]))


async def discard_abandoned(tx: Transaction, now: datetime) -> int:
    """Let go of uploads that were never posted or worn; returns how many there were."""
    keys = await uploads.delete_abandoned(tx, now - _PATIENCE)
    await release_files(tx, keys)
    return len(keys)


async def remove_files(app: App, payload: Mapping[str, Sequence[str]]) -> None:
    """Job: remove the bytes of deleted rows, previews included."""
    for key in payload["keys"]:
        await app.media.delete(key)


async def release_files(tx: Transaction, keys: Sequence[str]) -> None:
    """Have the bytes of files removed once the transaction that lets them go has committed."""
    if keys:
        await jobs.enqueue(tx, "remove_files", {"keys": list(keys)})


async def make_picture(app: App, data: bytes, use: Use) -> Picture:
    """Make a picture anew for what it is to be; raises Invalid."""
    async with app.pictures.decoding:
        return await pictures.make_picture(
            data, _JOBS[use], max_pixels=app.config.media.max_image_pixels
        )
