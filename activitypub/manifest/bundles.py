"""A manifest as one file, for where no network leads: all files of the repository in one."""

from collections.abc import Mapping
from typing import Final

import orjson

from activitypub.documents import parse_document
from activitypub.errors import Malformed

_KIND: Final = "fedimmp organisation manifest"
MAX_BYTES: Final = 8 * 1024 * 1024


def write_bundle(files: Mapping[str, bytes]) -> bytes:
    """Return the files of a repository as one."""
    texts = {name: raw.decode() for name, raw in sorted(files.items())}
    return orjson.dumps({"kind": _KIND, "files": texts}, option=orjson.OPT_APPEND_NEWLINE)


def read_bundle(raw: bytes) -> dict[str, bytes]:
    """Return the files of a repository by name; raises Malformed and TooLarge.

    Nothing is said about what they are worth.
    """
    document = parse_document(raw, max_bytes=MAX_BYTES)
    files = document.get("files")
    if document.get("kind") != _KIND or not isinstance(files, dict):
        raise Malformed("This is no file of an organisation's manifest.")
    if not all(isinstance(text, str) for text in files.values()):
        raise Malformed("This is no file of an organisation's manifest.")
    return {name: text.encode() for name, text in files.items()}
