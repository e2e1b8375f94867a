"""The folder where files lie, by random key. Names that people gave to files never reach it.

A file `KEY` may have a preview `KEY.preview` beside it. What is being received lies in `incoming`.
"""

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, TypeVar, TypeVarTuple

from fedimmp.errors import Unavailable

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_OURS: Final = re.compile(r"([0-9a-f]{32})(?:\.preview)?")
_UNFINISHED: Final = re.compile(r"[0-9a-f]{32}(?:\.preview)?\.[0-9a-f]{8}\.part")


Given = TypeVarTuple("Given")
Result = TypeVar("Result")


def new_key() -> str:
    """Return 128 random bits as 32 hex digits: who knows them may read the file."""
    return secrets.token_hex(16)


@dataclass(slots=True)
class Incoming:
    """A file that is being received; `size` is how many bytes have come."""

    path: Path
    file: BinaryIO
    size: int = 0

    async def write(self, part: bytes) -> None:
        """Append a part; raises Unavailable where the disk takes no more."""
        await _on_disk(self.file.write, part)
        self.size += len(part)

    async def copy(self, source: Path) -> None:
        """Append a whole file; raises Unavailable where the disk takes no more."""
        self.size += await _on_disk(_copy, source, self.file)

    def rewind(self) -> None:
        """Write out what has come, and go to the beginning, for another process to read it."""
        self.file.flush()
        self.file.seek(0)

    def measure(self) -> None:
        """Take note of what another process wrote."""
        self.size = os.fstat(self.file.fileno()).st_size

    async def read(self, length: int = -1) -> bytes:
        """Return what has come so far, or its beginning."""
        return await asyncio.to_thread(self._read, length)

    def _read(self, length: int) -> bytes:
        self.file.seek(0)
        return self.file.read(length)


@dataclass(frozen=True, slots=True)
class MediaStore:
    """A folder of files.

    `guard` is called with a phrase before anything is written or removed, and raises inside a
    database transaction, since a disk may take its time.
    """

    root: Path
    guard: Callable[[str], None]

    def path(self, key: str, *, preview: bool = False) -> Path:
        """Return where the file of this key, or its preview, lies, whether or not it exists.

        Raises ValueError for anything but 32 lower-case hex digits, so that no key leads
        out of the folder.
        """
        if not _KEY.fullmatch(key):
            raise ValueError("A media key is 32 hex digits.")
        return self.root / key[:2] / key[2:4] / (f"{key}.preview" if preview else key)

    async def find(self, key: str, *, preview: bool = False) -> Path | None:
        """Return where the file lies; None if it is not there, or not itself but a link."""
        return await asyncio.to_thread(_find, self.root, self.path(key, preview=preview))

    def scratch(self) -> Path:
        """Return a fresh path on the store's own file system, to be filled and then removed."""
        return self.root / "incoming" / secrets.token_hex(16)

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[Incoming]:
        """Receive a file; it is gone afterwards, unless it was adopted."""
        self.guard("A file was written")
        path = self.scratch()
        file = await _on_disk(_create, path)
        try:
            yield Incoming(path, file)
        finally:
            await asyncio.to_thread(_finish, path, file)

    @asynccontextmanager
    async def kept(self, key: str) -> AsyncIterator[Incoming]:
        """Open a file that is kept, to be read; raises FileNotFoundError."""
        path = self.path(key)
        file = await asyncio.to_thread(path.open, "rb")
        try:
            yield Incoming(path, file)
        finally:
            await asyncio.to_thread(file.close)

    async def adopt(self, key: str, incoming: Incoming, *, preview: bytes = b"") -> None:
        """Keep what was received under this key, and its preview, if any, as `put` does."""
        self.guard("A file was written")
        if preview:
            await self.put_preview(key, preview)
        await _on_disk(_adopt, self.path(key), incoming)

    async def put_preview(self, key: str, preview: bytes) -> None:
        """Store a preview, in place of the one that there may be, as durably as `put` does."""
        self.guard("A file was written")
        await _on_disk(_write, self.path(key, preview=True), preview)

    async def put(self, key: str, data: bytes, *, preview: bytes = b"") -> None:
        """Store a file and its preview, if any; raises Unavailable where the disk takes no more.

        When this returns they survive a power cut; before, nothing is seen.
        """
        self.guard("A file was written")
        # The preview first: whoever finds the file finds its preview, too.
        if preview:
            await self.put_preview(key, preview)
        await _on_disk(_write, self.path(key), data)

    async def get(self, key: str, *, preview: bool = False) -> bytes | None:
        """Return the bytes of a file or its preview, None when there are none."""
        try:
            return await asyncio.to_thread(self.path(key, preview=preview).read_bytes)
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Remove the file and its preview if they are there."""
        self.guard("A file was removed")
        for preview in (False, True):
            await asyncio.to_thread(self.path(key, preview=preview).unlink, missing_ok=True)

    async def list_old(self, prefix: str, before: datetime) -> list[str]:
        """Return the keys of files that begin so (two hex digits) and were written before then."""
        return await asyncio.to_thread(_list_old, self.root / prefix, before.timestamp())

    async def remove_unfinished(self, prefix: str, before: datetime) -> None:
        """Remove what was begun before then, below a prefix or in `incoming`, and never ended."""
        self.guard("A file was removed")
        folders = (self.root / prefix, self.root / "incoming")
        await asyncio.to_thread(_remove_unfinished, folders, before.timestamp())


async def _on_disk(work: Callable[[*Given], Result], *args: *Given) -> Result:
    """Do what writes, in a thread; raises Unavailable where the disk takes no more."""
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as error:
        raise Unavailable("There is no room for files here at the moment") from error


def _find(root: Path, path: Path) -> Path | None:
    try:
        real = path.resolve(strict=True)
        expected = root.resolve(strict=True) / path.relative_to(root)
    except OSError:
        return None
    return real if real == expected and real.is_file() else None


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = path.open("x+b")
    os.fchmod(file.fileno(), 0o600)
    return file


def _finish(path: Path, file: BinaryIO) -> None:
    file.close()
    path.unlink(missing_ok=True)


def _copy(source: Path, target: BinaryIO) -> int:
    with source.open("rb") as file:
        shutil.copyfileobj(file, target, 1024 * 1024)
        return file.tell()


def _adopt(path: Path, incoming: Incoming) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming.file.flush()
    os.fsync(incoming.file.fileno())
    incoming.path.replace(path)
    _sync_folder(path.parent)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # The rename itself is durable only once the folder is.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_old(path: Path, before: float) -> bool:
    # It may go while we look.
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime < before
    return False


def _list_old(folder: Path, before: float) -> list[str]:
    found = set()
    for path in folder.glob("??/*"):
        name = _OURS.fullmatch(path.name)
        if name is not None and _is_old(path, before):
            found.add(name[1])
    return sorted(found)


def _remove_unfinished(folders: tuple[Path, Path], before: float) -> None:
    kept, incoming = folders
    begun = [path for path in kept.glob("??/*.part") if _UNFINISHED.fullmatch(path.name)]
    begun += [path for path in incoming.glob("*") if _KEY.fullmatch(path.name)]
    for path in begun:
        if _is_old(path, before):
            path.unlink(missing_ok=True)
