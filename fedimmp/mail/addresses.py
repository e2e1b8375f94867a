"""E-mail addresses, read strictly: what a server could read in two ways is none (RFC 5321, 5890).

Quoted local parts, comments, address literals and letters beyond ASCII before the @ are refused:
they have led checks of domains astray, and no office hands them out.
"""

import re
from collections.abc import Iterable
from typing import Final

import idna

_LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def read_address(text: str) -> str | None:
    """Return the address with its domain as A-labels in lower case, None for what is none."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return None
    try:
        name = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    address = f"{local}@{name}"
    usable = not name.endswith(".") and not name.rpartition(".")[2].isdigit()
    return address if usable and len(address) <= _LONGEST else None


def is_within(address: str, domains: Iterable[str]) -> bool:
    """Tell whether the domain of an address is one of these; `*.x` stands for all below x."""
    domain = address.rpartition("@")[2]
    return any(
        domain.endswith(wanted[1:]) if wanted.startswith("*.") else domain == wanted
        for wanted in domains
    )
