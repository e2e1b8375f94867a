"""The files below /static: read once, sent with a version in their address.

The version is a hash of the content, so browsers may keep a file for a year and still see the
next release's at once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, type and version."""

    name: str
    content: bytes
    content_type: str
    version: str

    @property
    def path(self) -> str:
        """The path to link to."""
        return f"/static/{self.name}?v={self.version}"


def _read() -> Mapping[str, Asset]:
    found = {}
    for file in sorted(_FOLDER.iterdir()):
        if file.suffix in _TYPES:
            content = file.read_bytes()
            version = hashlib.sha256(content).hexdigest()[:12]
            found[file.name] = Asset(file.name, content, _TYPES[file.suffix], version)
    return MappingProxyType(found)


ASSETS: Final = _read()
