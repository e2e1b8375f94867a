"""Reads request bodies within their limits: bytes, forms, JSON, and files that are uploaded.

Nothing here trusts a Content-Length: bytes are counted as they come, after decompression.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from fedimmp.errors import BadRequest, Refusal, TooLarge
from fedimmp.media.store import MediaStore
from fedimmp.web.params import MAX_PAIRS

_FIELD_BYTES: Final = 256 * 1024
_SPOOL_BYTES: Final = 256 * 1024
# Uploads may take longer than forms: one more deadline for each of these.
_BYTES_PER_DEADLINE: Final = 4 * 1024 * 1024
_CHUNK: Final = 64 * 1024
# What a malformed multipart form may raise while it is read.
_BROKEN_FORM: Final = (
    web.RequestPayloadError,
    HttpProcessingError,
    ValueError,
    AssertionError,
    LookupError,
)


class Timeout(Refusal):
    """The body did not arrive within its deadline."""

    status = 408
    default = "The request's body took too long to arrive"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart form: small ones as bytes, others as a file that dies with the call."""

    name: str
    content_type: str
    data: Path | bytes

    async def read(self) -> bytes:
        """Return the whole content."""
        if isinstance(self.data, bytes):
            return self.data
        return await asyncio.to_thread(self.data.read_bytes)


class BodyReader:
    """Reads one request's body, once, of at most `max_body` bytes."""

    def __init__(
        self, request: web.Request, store: MediaStore, *, max_body: int, seconds: float
    ) -> None:
        self._request = request
        self._store = store
        self._left = self._max_body = max_body
        self._seconds = seconds * max(1, max_body // _BYTES_PER_DEADLINE)
        self._scratch: list[Path] = []

    async def raw(self) -> bytes:
        """Return the body; raises TooLarge, Timeout, BadRequest."""
        content = self._request.content
        if content.is_eof() and content.exception() is None:
            # It came along with the headers, so there is nothing to wait for.
            self._check_length()
            body = content.read_nowait()
            self._spend(len(body))
            return body
        chunks = [chunk async for chunk in self._bounded()]
        return b"".join(chunks)

    async def pairs(self) -> list[tuple[str, Any]] | dict[str, Any]:
        """Return the body's parameters: pairs of a form, or the object of a JSON body."""
        match self._request.content_type:
            case "application/x-www-form-urlencoded":
                return _form(await self.raw())
            case "multipart/form-data":
                return await self._multipart()
            case "application/json":
                return _json(await self.raw())
        if self._request.body_exists and self._request.content_type.endswith("+json"):
            return _json(await self.raw())
        return []

    async def close(self) -> None:
        """Remove the files that uploads left behind."""
        while self._scratch:
            await asyncio.to_thread(self._scratch.pop().unlink, missing_ok=True)

    async def _bounded(self) -> AsyncIterator[bytes]:
        self._check_length()
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in self._request.content.iter_chunked(_CHUNK):
                    self._spend(len(chunk))
                    yield chunk
        except TimeoutError as error:
            raise Timeout(headers={"Connection": "close"}) from error
        except (web.RequestPayloadError, ValueError) as error:
            raise BadRequest("The request's body is broken") from error

    def _check_length(self) -> None:
        length = self._request.content_length
        if length is not None and length > self._max_body:
            raise TooLarge

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooLarge(headers={"Connection": "close"})

    async def _multipart(self) -> list[tuple[str, Any]]:
        self._check_length()
        pairs: list[tuple[str, Any]] = []
        try:
            async with asyncio.timeout(self._seconds):
                async for part in await self._request.multipart():
                    if len(pairs) >= MAX_PAIRS:
                        raise BadRequest("The request has too many parameters")
                    pairs.append(await self._part(part))
        except TimeoutError as error:
            raise Timeout(headers={"Connection": "close"}) from error
        except _BROKEN_FORM as error:
            raise BadRequest("The multipart form is broken") from error
        return pairs

    async def _part(self, part: MultipartReader | BodyPartReader | None) -> tuple[str, Any]:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise BadRequest("The multipart form has a part without a name")
        if part.filename is None:
            return part.name, (await self._field(part)).decode("utf-8")
        content_type = part.headers.get("Content-Type", "application/octet-stream")
        return part.name, UploadedFile(part.filename, content_type, await self._file(part))

    async def _field(self, part: BodyPartReader) -> bytes:
        value = bytearray()
        while chunk := await part.read_chunk(_CHUNK):
            self._spend(len(chunk))
            value += chunk
            if len(value) > _FIELD_BYTES:
                raise TooLarge
        return bytes(value)

    async def _file(self, part: BodyPartReader) -> Path | bytes:
        """Keep a small file in memory, and write a larger one where the store can take it over."""
        pending = bytearray()
        path: Path | None = None
        while chunk := await part.read_chunk(_CHUNK):
            self._spend(len(chunk))
            pending += chunk
            if len(pending) > _SPOOL_BYTES:
                if path is None:
                    path = self._store.scratch()
                    self._scratch.append(path)
                await asyncio.to_thread(_append, path, bytes(pending))
                pending.clear()
        if path is None:
            return bytes(pending)
        await asyncio.to_thread(_append, path, bytes(pending))
        return path


def _append(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def _form(raw: bytes) -> list[tuple[str, Any]]:
    try:
        text = raw.decode("utf-8")
        return list(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS))
    except ValueError as error:
        raise BadRequest("The form is broken, or has too many parameters") from error


def _json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The request's body is not valid JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("The request's body must be a JSON object")
    return value
