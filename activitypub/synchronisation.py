"""What one office says of its followers at another: followers synchronisation (FEP-8fcf).

A delivery carries a digest of the author's followers at the receiver, and where to read who they
are. Whoever counts otherwise reads the list, and corrects what is stored.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from activitypub.errors import Malformed
from activitypub.uris import check_http_uri

HEADER = "Collection-Synchronization"

# Three URIs, a digest and the names.
_LONGEST = 8192
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)[ \t]*=[ \t]*"([^"\\]*)"[ \t]*(,|$)')
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Synchronisation:
    """The header's value: whose followers, where those of the receiver are listed, their digest.

    digest is 64 hexadecimal digits in lower case.
    """

    collection: str
    url: str
    digest: str


def digest_of(uris: Iterable[str]) -> str:
    """Return the digest of a set of ids: the XOR of their SHA-256 hashes, zero for none."""
    total = 0
    for uri in frozenset(uris):
        total ^= int.from_bytes(hashlib.sha256(uri.encode("utf-8")).digest())
    return f"{total:064x}"


def write_synchronisation(value: Synchronisation) -> str:
    """Return the header's text; the two URIs are ours and need no escapes."""
    return f'collectionId="{value.collection}", url="{value.url}", digest="{value.digest}"'


def read_synchronisation(text: str) -> Synchronisation:
    """Read the header; raises Malformed. What is named beside the three is left aside."""
    if len(text) > _LONGEST:
        raise Malformed(f"The {HEADER} header is too long.")
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1] in found:
            raise Malformed(f"The {HEADER} header is malformed.")
        found[match[1]] = match[2]
        position = match.end()
    digest = found.get("digest", "")
    if not _DIGEST.fullmatch(digest):
        raise Malformed(f"The {HEADER} header has no SHA-256 digest.")
    return Synchronisation(
        check_http_uri(found.get("collectionId")),
        check_http_uri(found.get("url")),
        digest.lower(),
    )
