"""Files as they are served: ours, and those of peers, fetched through the gate when somebody looks.

A peer's file lies here for a while only (see file_keeping), and is fetched again when it is wanted
again, also where it was lost.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from activitypub import errors as protocol
from activitypub.uris import host_of
from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound, TooLarge
from fedimmp.media.recordings import HEAD_BYTES, recognise
from fedimmp.media.store import Incoming
from fedimmp.services.media import make_picture
from storage import media, remote_files
from storage.media import Media
from storage.remote_files import StoredFile

_NOT_HAD: Final = "This file could not be fetched from the office that has it"


@dataclass(frozen=True, slots=True)
class ServedFile:
    """Where a file lies, and what its bytes are."""

    path: Path
    content_type: str


async def access_file(app: App, key: str, *, preview: bool) -> ServedFile:
    """Return a file or its preview; the key is the permission.

    Raises NotFound, with a sentence where a peer has the file and it can't be had.
    """
    async with app.db.reader() as conn:
        row = await media.find_by_key(conn, key)
    if row is None:
        raise NotFound
    path = await app.media.find(key) if row.stored else None
    if path is None and row.remote_url is not None:
        row = await _fetched(app, row, row.remote_url)
        path = await app.media.find(key)
    if path is None:
        raise NotFound
    await _note_reading(app, row)
    small = await app.media.find(key, preview=True) if preview else None
    if small is None:
        return ServedFile(path, row.content_type)
    return ServedFile(small, row.preview_content_type or row.content_type)


async def _note_reading(app: App, row: Media) -> None:
    """Note on which day a peer's file was last looked at: one write a day and process."""
    today = app.now().date()
    if row.remote_url is None or app.pictures.read.get(row.id) == today:
        return
    app.pictures.read.put(row.id, today)
    async with app.db.writer() as tx:
        await remote_files.mark_read(tx, row.id, today)


async def _fetched(app: App, row: Media, url: str) -> Media:
    """Fetch a file once for all who look at the same time; return its row as it is then."""
    try:
        host = host_of(url)
    except protocol.Malformed as error:
        raise NotFound(_NOT_HAD) from error
    async with AsyncExitStack() as turn:
        _check_pauses(app, row.file_key, host)
        await _take_turn(app, turn, row.file_key, host)
        async with app.db.reader() as conn:
            current = await media.find(conn, row.id)
        if current is None:
            raise NotFound
        if current.stored and await app.media.find(row.file_key):
            return current
        _check_pauses(app, row.file_key, host)
        return await _fetch(app, current, url, host)


def _check_pauses(app: App, key: str, host: str) -> None:
    if app.pictures.files.holds(key) or app.pictures.hosts.holds(host):
        raise NotFound(_NOT_HAD)


async def _take_turn(app: App, turn: AsyncExitStack, key: str, host: str) -> None:
    """Wait, not for ever, until nobody else fetches this file, and few others any."""
    memory = app.pictures
    try:
        async with asyncio.timeout(app.config.media.fetch_seconds):
            await memory.fetching.acquire(key)
            turn.callback(memory.fetching.release, key)
            await turn.enter_async_context(memory.places.taken(host))
    except TimeoutError as error:
        raise NotFound(_NOT_HAD) from error


async def _fetch(app: App, row: Media, url: str, host: str) -> Media:
    memory = app.pictures
    try:
        async with app.media.incoming() as incoming:
            await app.client.get_file(
                url,
                incoming.write,
                max_bytes=_limit(app, row),
                seconds=app.config.media.fetch_seconds,
            )
            file = await _keep(app, row, incoming)
    except protocol.NotTrusted as error:
        # Nobody was asked, and the allowlist may change at any moment.
        raise NotFound(_NOT_HAD) from error
    except (protocol.ProtocolError, Invalid, TooLarge) as error:
        memory.files.failed(row.file_key)
        if isinstance(error, protocol.Unreachable) and error.status is None:
            memory.hosts.failed(host)
        else:
            memory.hosts.worked(host)
        raise NotFound(_NOT_HAD) from error
    memory.files.worked(row.file_key)
    memory.hosts.worked(host)
    return await _note_stored(app, row, file)


def _limit(app: App, row: Media) -> int:
    limits = app.config.media
    if row.kind == "image":
        return limits.max_remote_bytes
    return max(limits.max_remote_bytes, limits.max_remote_recording_bytes)


async def _keep(app: App, row: Media, incoming: Incoming) -> StoredFile:
    """Keep what came: a recording as it is, a picture made anew; raises Invalid and TooLarge."""
    size = incoming.size
    if row.purpose == "attachment":
        found = recognise(await incoming.read(HEAD_BYTES), is_sound=row.kind == "audio")
        if found is not None:
            await app.media.adopt(row.file_key, incoming)
            return StoredFile(found.kind, found.content_type, size, row.width, row.height)
    if size > app.config.media.max_remote_bytes:
        raise TooLarge
    picture = await make_picture(app, await incoming.read(), row.purpose)
    await app.media.put(row.file_key, picture.file, preview=picture.preview)
    made = picture.made
    length = made.length + made.preview_length
    return StoredFile("image", made.content_type, length, made.width, made.height)


async def _note_stored(app: App, row: Media, file: StoredFile) -> Media:
    today = app.now().date()
    async with app.db.writer() as tx:
        await remote_files.mark_stored(tx, row.id, file, today)
        kept = await media.find(tx, row.id)
    app.pictures.read.put(row.id, today)
    if kept is None:
        # Its post was deleted meanwhile, and nothing else knows of these bytes.
        await app.media.delete(row.file_key)
        raise NotFound
    return kept
