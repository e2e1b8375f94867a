"""The HTTP proxy through which peers are reached, where an organisation has one.

It looks up names itself, so that the addresses of peers are its business: what is checked here is
that a host is trusted, and that it is no address of a private network.
"""

from dataclasses import dataclass, field

from aiohttp import encode_basic_auth
from yarl import URL


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where the proxy is, and what it wants to be told with each request."""

    url: URL
    headers: dict[str, str] = field(repr=False)

    @property
    def place(self) -> tuple[str, int]:
        """Name and port that are connected to."""
        return self.url.raw_host or "", self.url.port or 0


def read_proxy(text: str) -> Proxy:
    """Read http://host:port or https://host:port, with user:password@ where it asks for that."""
    url = URL(text)
    if url.user is None:
        return Proxy(url, {})
    credentials = encode_basic_auth(url.user, url.password or "", "utf-8")
    return Proxy(url.with_user(None), {"Proxy-Authorization": credentials})
