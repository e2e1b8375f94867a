"""The one question that this package asks its caller: may I talk to this host?"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from activitypub.signatures.knocking import Choice


@dataclass(frozen=True, slots=True)
class Trust:
    """A host that may be talked to, and the private networks in which it may lie.

    signatures is the scheme that its requests are signed with; auto finds out what it takes.
    """

    host: str
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    signatures: Choice = "auto"


class Policy(Protocol):
    """Decides about hosts; asked before DNS and again at each hop of a redirect."""

    async def trust(self, host: str) -> Trust | None:
        """Return the trust in a host (as host_of() spells it), None if it is not allowed.

        Our own host is never trusted here: nothing of our own is fetched over the network.
        """


class Nobody:
    """Trusts no host."""

    async def trust(self, host: str) -> Trust | None:  # noqa: ARG002
        """Return None."""
        return None
