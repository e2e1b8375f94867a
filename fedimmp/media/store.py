"""The folder where files lie, by random key. Names that people gave to files never reach it."""

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_KEY: Final = re.compile(r"[0-9a-f]{32}")


def new_key() -> str:
    """Return 128 random bits as 32 hex digits: who knows them may read the file."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class MediaStore:
    """A folder of files.

    `guard` is called with a phrase before anything is written or removed, and raises inside a
    database transaction, since a disk may take its time.
    """

    root: Path
    guard: Callable[[str], None]

    def path(self, key: str) -> Path:
        """Return where the file of this key lies, whether or not it exists.

        Raises ValueError for anything but 32 lower-case hex digits, so that no key leads
        out of the folder.
        """
        if not _KEY.fullmatch(key):
            raise ValueError("A media key is 32 hex digits.")
        return self.root / key[:2] / key[2:4] / key

    def scratch(self) -> Path:
        """Return a fresh path on the store's own file system, to be filled and then removed."""
        return self.root / "incoming" / secrets.token_hex(16)

    async def put(self, key: str, data: bytes) -> None:
        """Store the bytes: when this returns they survive a power cut; before, nothing is seen."""
        self.guard("A file was written")
        await asyncio.to_thread(_write, self.path(key), data)

    async def get(self, key: str) -> bytes | None:
        """Return the bytes, None when there are none."""
        try:
            return await asyncio.to_thread(self.path(key).read_bytes)
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Remove the file if it is there."""
        self.guard("A file was removed")
        await asyncio.to_thread(self.path(key).unlink, missing_ok=True)


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
