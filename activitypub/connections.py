"""The open end of the gate: sessions, their resolver, and the threads that sign.

No connection is used, be it new or kept, whose address the peer's entry does not permit now.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import aiohttp
from aiohttp.connector import Connection

from activitypub.network import ForbiddenAddress, GuardedResolver, check_literal
from activitypub.proxy import Proxy
from activitypub.signers import Signers

_CONNECTIONS = 512
_KEEPALIVE = 30.0
_DIRECTLY: Mapping[str, Any] = MappingProxyType({})


class GuardedConnector(aiohttp.TCPConnector):
    """Keeps connections, and ends those that lead where the peer may no longer be."""

    def __init__(self, guarded: GuardedResolver, **options: Any) -> None:
        super().__init__(resolver=guarded, **options)
        self._guarded = guarded

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        """Return a connection whose address is permitted; raises ForbiddenAddress."""
        name, port = req.url.raw_host or "", req.url.port or 0
        for _ in range(self.limit_per_host + 1):
            connection = await super().connect(req, traces, timeout)
            transport = connection.transport
            peer = None if transport is None else transport.get_extra_info("peername")
            if req.proxy is not None or peer is None or self._guarded.permits(name, port, peer[0]):
                return connection
            connection.close()
        raise ForbiddenAddress(name)


@dataclass(frozen=True, slots=True)
class Connections:
    """What is open while the gate is: `kept` reuses connections, `fresh` makes new ones.

    proxied is what a request that goes through the proxy needs, None where there is no proxy.
    """

    kept: aiohttp.ClientSession
    fresh: aiohttp.ClientSession
    resolver: GuardedResolver
    signers: Signers
    proxied: Mapping[str, Any] | None

    @classmethod
    def make(
        cls,
        *,
        nameservers: Sequence[str],
        proxy: Proxy | None,
        tls: ssl.SSLContext,
        user_agent: str,
        per_host: int,
        connect_seconds: float,
        read_seconds: float,
    ) -> Self:
        """Return new ones; nothing is connected to yet."""
        resolver = GuardedResolver(nameservers, proxy=proxy.place if proxy else None)

        def session(**options: Any) -> aiohttp.ClientSession:
            return aiohttp.ClientSession(
                connector=GuardedConnector(
                    resolver, ssl=tls, limit=_CONNECTIONS, limit_per_host=per_host, **options
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": user_agent},
                timeout=aiohttp.ClientTimeout(sock_connect=connect_seconds, sock_read=read_seconds),
                auto_decompress=False,
                trust_env=False,
            )

        return cls(
            kept=session(keepalive_timeout=_KEEPALIVE),
            fresh=session(force_close=True),
            resolver=resolver,
            signers=Signers(),
            proxied={"proxy": proxy.url, "proxy_headers": proxy.headers} if proxy else None,
        )

    def way_to(self, name: str, port: int, networks: tuple[Any, ...]) -> Mapping[str, Any]:
        """Return what a request to a name needs: whose networks are declared is reached directly.

        Everybody else is reached through the proxy, if there is one. Raises NotTrusted for an
        address literal that may not be connected to.
        """
        if self.proxied is not None and not networks:
            check_literal(name, networks)
            return self.proxied
        self._allow(name, port, networks)
        return _DIRECTLY

    def _allow(self, name: str, port: int, networks: tuple[Any, ...]) -> None:
        if self.resolver.allow(name, port, networks):
            for session in (self.kept, self.fresh):
                if isinstance(session.connector, aiohttp.TCPConnector):
                    session.connector.clear_dns_cache(name, port)

    async def close(self) -> None:
        """End all connections."""
        await self.kept.close()
        await self.fresh.close()
        await self.resolver.close()
        self.signers.close()
