"""Files that members upload for a post: pictures made anew, films and sounds kept."""

import asyncio
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound, TooLarge
from fedimmp.media.containers import blank_metadata
from fedimmp.media.pictures import Picture
from fedimmp.media.recordings import HEAD_BYTES, MAX_FRAME_PIXELS, Recording, recognise
from fedimmp.media.store import Incoming, new_key
from fedimmp.services import converting
from fedimmp.services import media as files
from fedimmp.services.media import Focus, check_description
from storage import media, uploads
from storage.ids import new_id
from storage.media import NewUpload

_MIB: Final = 1024**2
# Browsers play a film with less work, and it is smaller.
_MOVING: Final = Recording("video", "image/gif")


@dataclass(frozen=True, slots=True)
class File:
    """What somebody uploads: the bytes or where they lie, and what the app calls them.

    An app that awaits the file is answered once that is ready.
    """

    content: Path | bytes
    said: str = ""
    is_awaited: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What comes with a file: its description, its focal point, and bytes of a preview."""

    description: str | None = None
    focus: Focus | None = None
    thumbnail: bytes | None = None


async def upload(app: App, account_id: int, file: File, words: Words) -> int:
    """Store a member's file for a post and return its id.

    Raises Invalid and TooLarge with a sentence, Unavailable where the disk takes no more.
    """
    check_description(app, words.description)
    head, size = await asyncio.to_thread(_look, file.content)
    found = recognise(head, is_sound=file.said.startswith("audio/"))
    preview = await make_preview(app, words.thumbnail)
    if found is not None:
        return await _upload_recording(app, account_id, file, found, words, preview)
    if size > app.config.media.max_image_bytes:
        raise TooLarge(f"A picture may have {app.config.media.max_image_bytes // _MIB} MiB at most")
    data = await asyncio.to_thread(_read, file.content)
    if data.startswith(b"GIF8") and converting.converts(app):
        picture = await files.make_picture(app, data, "attachment")
        if picture.made.is_animated:
            drawn = dataclasses.replace(file, content=picture.file)
            return await _upload_recording(app, account_id, drawn, _MOVING, words, preview)
    return await files.upload(
        app,
        account_id,
        data,
        description=words.description,
        focus=words.focus,
        preview=preview,
    )


async def make_preview(app: App, thumbnail: bytes | None) -> Picture | None:
    """Make a picture that an app sends to stand for a file; raises Invalid and TooLarge."""
    if not thumbnail:
        return None
    if len(thumbnail) > app.config.media.max_image_bytes:
        raise TooLarge(f"A picture may have {app.config.media.max_image_bytes // _MIB} MiB at most")
    return await files.make_picture(app, thumbnail, "preview")


async def replace_preview(app: App, account_id: int, media_id: int, thumbnail: bytes) -> None:
    """Show another picture for a file that is not posted yet.

    Raises NotFound, Invalid for a file that is not ready and for what is no picture.
    """
    async with app.db.reader() as conn:
        found = await media.find_unattached(conn, account_id, media_id)
    if found is None:
        raise NotFound
    if found.state != "ready":
        raise Invalid("This file is not ready yet; try again in a moment")
    preview = await make_preview(app, thumbnail)
    if preview is None:
        return
    await app.media.put_preview(found.file_key, preview.file)
    async with app.db.writer() as tx:
        await uploads.set_preview(
            tx,
            media_id,
            content_type=preview.made.content_type,
            width=preview.made.width,
            height=preview.made.height,
            blurhash=found.blurhash if found.kind == "image" else preview.made.blurhash,
        )


async def _upload_recording(
    app: App, account_id: int, file: File, found: Recording, words: Words, preview: Picture | None
) -> int:
    most = app.config.media.max_recording_bytes
    async with app.media.incoming() as incoming:
        await _receive(incoming, file.content)
        if incoming.size > most:
            raise TooLarge(f"A film or sound may have {most // _MIB} MiB at most")
        row = _row(app, account_id, found, incoming.size, words, preview)
        if not converting.converts(app):
            row = await _kept(app, row, incoming, preview)
        elif file.is_awaited:
            made = await converting.convert_at_once(app, incoming, found.content_type, preview)
            row = dataclasses.replace(row, **dataclasses.asdict(made))
        else:
            row = dataclasses.replace(row, state="waiting")
            await app.media.adopt(row.file_key, incoming, preview=preview.file if preview else b"")
    async with app.db.writer() as tx:
        await media.insert_upload(tx, row, app.now())
        if row.state == "waiting":
            await converting.ask_for_conversion(tx)
    return row.id


async def _kept(app: App, row: NewUpload, incoming: Incoming, preview: Picture | None) -> NewUpload:
    """Keep a recording as it is, but for what it tells of maker, place and time."""
    measures = await asyncio.to_thread(
        blank_metadata, incoming.file, incoming.size, row.content_type
    )
    if (measures.width or 0) * (measures.height or 0) > MAX_FRAME_PIXELS:
        raise Invalid(f"This film has more than {MAX_FRAME_PIXELS:,} pixels.")
    await app.media.adopt(row.file_key, incoming, preview=preview.file if preview else b"")
    return dataclasses.replace(
        row,
        width=measures.width if row.kind == "video" else None,
        height=measures.height if row.kind == "video" else None,
        duration=measures.duration,
    )


def _row(
    app: App,
    account_id: int,
    found: Recording,
    size: int,
    words: Words,
    preview: Picture | None,
) -> NewUpload:
    return NewUpload(
        id=new_id(app.now()),
        account_id=account_id,
        purpose="attachment",
        kind="gifv" if found.content_type == "image/gif" else found.kind,
        file_key=new_key(),
        content_type=found.content_type,
        size=size + (preview.made.length if preview else 0),
        width=None,
        height=None,
        preview_width=preview.made.width if preview else None,
        preview_height=preview.made.height if preview else None,
        focus_x=words.focus[0] if words.focus else None,
        focus_y=words.focus[1] if words.focus else None,
        blurhash=preview.made.blurhash if preview else None,
        description=words.description,
        preview_content_type=preview.made.content_type if preview else None,
    )


async def _receive(incoming: Incoming, content: Path | bytes) -> None:
    if isinstance(content, Path):
        await incoming.copy(content)
    else:
        await incoming.write(content)


def _look(content: Path | bytes) -> tuple[bytes, int]:
    if isinstance(content, bytes):
        return content[:HEAD_BYTES], len(content)
    with content.open("rb") as file:
        return file.read(HEAD_BYTES), content.stat().st_size


def _read(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
