"""Films and sounds of our members, made fit for browsers: by a job, or while an app waits.

The job takes one after another, so that films never keep the machine from all other work.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final, cast

from fedimmp.app import App
from fedimmp.errors import Invalid, Unavailable
from fedimmp.media import films
from fedimmp.media.films import Facts
from fedimmp.media.pictures import Picture
from fedimmp.media.store import Incoming, new_key
from fedimmp.services.media import release_files
from storage import jobs, uploads
from storage.database import Transaction
from storage.media import Kind, Media
from storage.uploads import Converted

# Whatever a file does to the worker, it does so only this often.
_MOST_ATTEMPTS: Final = 2
_UNREADABLE: Final = "This recording could not be read within the limits of this server."


def converts(app: App) -> bool:
    """Tell whether recordings are made anew here."""
    return films.IS_INSTALLED and app.config.media.convert_recordings


async def ask_for_conversion(tx: Transaction) -> None:
    """Have all that wait converted once this transaction has committed."""
    await jobs.enqueue(tx, "convert_recordings", {}, key="all")


async def convert_next(app: App, _payload: Mapping[str, Any]) -> None:
    """Job: convert one upload that waits, and ask for the next."""
    async with app.db.writer() as tx:
        taken = await uploads.take_waiting(tx)
    if taken is None:
        return
    waiting, tried = taken
    made = failure = None
    try:
        if tried >= _MOST_ATTEMPTS:
            raise Invalid(_UNREADABLE)
        made = await _convert_kept(app, waiting)
    except Invalid as refusal:
        failure = refusal.sentence
    async with app.db.writer() as tx:
        if made is None:
            await uploads.set_failed(tx, waiting, failure or _UNREADABLE)
        elif not await uploads.set_ready(tx, waiting, made):
            await release_files(tx, [made.file_key])
        await release_files(tx, [waiting.file_key])
        if await uploads.are_waiting(tx):
            await ask_for_conversion(tx)


async def convert_at_once(
    app: App, source: Incoming, content_type: str, preview: Picture | None
) -> Converted:
    """Convert while an app waits; raises Invalid, and Unavailable where others wait too long."""
    try:
        async with asyncio.timeout(films.SECONDS):
            await app.pictures.converting.acquire()
    except TimeoutError:
        raise Unavailable("Too many films are being converted; try again later") from None
    try:
        own = preview.file if preview else b""
        made = await _convert(app, source, content_type, own)
    finally:
        app.pictures.converting.release()
    if preview is None:
        return made
    return replace(
        made,
        preview_content_type=preview.made.content_type,
        preview_width=preview.made.width,
        preview_height=preview.made.height,
        blurhash=preview.made.blurhash,
    )


async def _convert_kept(app: App, waiting: Media) -> Converted:
    own = b""
    if waiting.preview_content_type is not None:
        own = await app.media.get(waiting.file_key, preview=True) or b""
    try:
        async with app.media.kept(waiting.file_key) as source:
            made = await _convert(app, source, waiting.content_type, own)
    except FileNotFoundError:
        raise Invalid("This file was lost; upload it again") from None
    if not own:
        return made
    return replace(
        made,
        preview_content_type=waiting.preview_content_type,
        preview_width=waiting.preview_width,
        preview_height=waiting.preview_height,
        blurhash=waiting.blurhash,
    )


async def _convert(app: App, source: Incoming, content_type: str, own: bytes) -> Converted:
    most = 2 * app.config.media.max_recording_bytes
    async with app.media.incoming() as target:
        film = await films.make_film(source, target, content_type, max_bytes=most)
        key, preview = new_key(), own or film.preview
        await app.media.adopt(key, target, preview=preview)
        return _converted(film.facts, key, target.size, preview)


def _converted(facts: Facts, key: str, size: int, preview: bytes) -> Converted:
    told = ("frame_rate", "audio_codec", "audio_bit_rate", "audio_channels", "colors")
    recording = {name: value for name, value in asdict(facts).items() if name in told and value}
    if facts.duration:
        recording["bit_rate"] = round(size * 8 / facts.duration)
    return Converted(
        kind=cast("Kind", facts.kind),
        file_key=key,
        content_type=facts.content_type,
        size=size + len(preview),
        width=facts.width,
        height=facts.height,
        preview_width=facts.preview_width,
        preview_height=facts.preview_height,
        preview_content_type="image/jpeg" if preview else None,
        blurhash=facts.blurhash,
        duration=facts.duration,
        recording=recording,
    )
