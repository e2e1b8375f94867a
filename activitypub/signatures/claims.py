"""What a signature says about itself before anything of it is proved, in either scheme."""

import base64
import binascii
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from activitypub.errors import Malformed, NotAuthentic
from activitypub.uris import check_http_uri, host_of

Scheme = Literal["cavage", "rfc9421"]

MAX_COVERED = 32
MAX_HEADER = 8192
# RSA of 8192 bits has 1024 bytes.
MAX_SIGNATURE = 1400
SAFE_METHODS = frozenset({"GET", "HEAD"})
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature as its headers describe it.

    key_host is the host of key_id as host_of() spells it: ask whether it is trusted before
    anything is fetched. covered are the names of what is signed, in the order of the signed
    string. parameters is the last line of an RFC 9421 signature base, empty for draft-cavage.
    """

    scheme: Scheme
    key_id: str
    key_host: str
    algorithm: str | None
    covered: tuple[str, ...]
    signature: bytes
    created: int | None
    expires: int | None
    parameters: str = ""


def read_key_id(text: str) -> tuple[str, str]:
    """Return the URI of a key and its host; raises NotAuthentic unless it is an https URI."""
    try:
        uri = check_http_uri(text)
        return uri, host_of(uri)
    except Malformed as error:
        raise NotAuthentic("The key id of the signature is not an https URI.") from error


def read_signature(text: str) -> bytes:
    """Return the bytes of a signature in base64; raises NotAuthentic."""
    try:
        if len(text) > MAX_SIGNATURE:
            raise ValueError
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("The signature is not base64.") from error


def check_host(values: list[str], origin: str) -> None:
    """Check that the one Host line names us exactly; raises NotAuthentic.

    What a proxy says in other headers is not looked at: a peer signed the host that it meant.
    """
    if values != [_own_host(origin)]:
        raise NotAuthentic("The Host header does not name this instance.")


@functools.lru_cache(maxsize=16)
def _own_host(origin: str) -> str:
    return host_of(origin)
