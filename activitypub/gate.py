"""The gate between this instance and the network: the one place that opens connections.

Before each request, and again at each hop of a redirect, the policy is asked whether the host is
trusted; only then is its name looked up. Bytes are counted after decompression, and each request
has one deadline for the whole of it.
"""

import asyncio
import contextlib
import ssl
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from yarl import URL

from activitypub.errors import Gone, Malformed, NotTrusted, ProtocolError, TooLarge, Unreachable
from activitypub.network import ForbiddenAddress, GuardedResolver
from activitypub.policy import Policy
from activitypub.signatures.cavage import parse_http_date, sign
from activitypub.signatures.keys import SigningKey
from activitypub.uris import check_http_uri, host_of, is_loopback_name, join, shown, wire_url

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECTIONS = 512
_KEEPALIVE = 30.0
_MAX_RETRY_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request: seconds, bytes after decompression, hops, connections."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 30.0
    deliver: float = 15.0
    document: int = 1024 * 1024
    answer: int = 64 * 1024
    redirects: int = 3
    per_host: int = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a 200, its content type as sent, and the URL (wire form) it came from."""

    body: bytes
    content_type: str
    final_url: str


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """How an inbox answered; retry_after in seconds; error is empty for 2xx, else one line."""

    status: int
    retry_after: float | None
    error: str


class Gate:
    """Sends requests to trusted hosts; opens its sockets when first used."""

    def __init__(
        self,
        *,
        origin: str,
        user_agent: str,
        policy: Policy,
        nameservers: Sequence[str],
        ca_bundle: Path | None,
        guard: Callable[[str], None],
        limits: Limits,
    ) -> None:
        self._host = host_of(origin)
        self._plain = origin.startswith("http://") and is_loopback_name(self._host)
        self._user_agent = user_agent
        self._policy = policy
        self._nameservers = tuple(nameservers)
        self._tls = ssl.create_default_context()
        if ca_bundle is not None:
            self._tls.load_verify_locations(ca_bundle)
        self._guard = guard
        self.limits = limits
        self._session: aiohttp.ClientSession | None = None
        self._resolver: GuardedResolver | None = None

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        session, resolver = self._session, self._resolver
        self._session = self._resolver = None
        if session is not None:
            await session.close()
        if resolver is not None:
            await resolver.close()

    def base_of(self, host: str) -> str:
        """Return the origin under which a host is asked: https, or http among loopback names."""
        return f"{'http' if self._plain and is_loopback_name(host) else 'https'}://{host}"

    async def check_trust(self, url: str) -> None:
        """Check that a URL may be requested at all; raises Malformed and NotTrusted."""
        host = host_of(check_http_uri(url))
        if url.startswith("http://") and not self._plain:
            raise NotTrusted(f"{shown(url)} is http, but only https is spoken here.")
        if host == self._host:
            raise NotTrusted("An instance does not fetch from itself.")
        trust = await self._policy.trust(host)
        if trust is None:
            raise NotTrusted(f"{host} is not on the allowlist.")
        session, resolver = self._open()
        wire = URL(wire_url(url), encoded=True)
        name, port = wire.raw_host or "", wire.port or 0
        if resolver.allow(name, port, trust.networks):
            connector = session.connector
            if isinstance(connector, aiohttp.TCPConnector):
                connector.clear_dns_cache(name, port)

    async def get(self, url: str, *, accept: str, key: SigningKey | None, max_bytes: int) -> Answer:
        """Fetch a URL, signed where a key is given; each hop is checked and signed anew."""
        try:
            async with asyncio.timeout(self.limits.total):
                return await self._follow(url, accept, key, max_bytes)
        except ProtocolError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, zlib.error) as error:
            raise _failure(url, error) from error

    async def post(self, url: str, body: bytes, key: SigningKey) -> DeliveryAnswer:
        """Post a signed body; redirects are answers, not followed.

        A connection that the peer reset, as many do with idle ones, is tried again at once.
        """
        try:
            async with asyncio.timeout(self.limits.deliver):
                self._guard(f"HTTP request to {shown(url)}")
                await self.check_trust(url)
                try:
                    return await self._post_once(url, body, key)
                except (
                    aiohttp.ServerDisconnectedError,
                    ConnectionError,
                    aiohttp.ClientOSError,
                ) as error:
                    if isinstance(error, aiohttp.ClientConnectorError):
                        raise
                    return await self._post_once(url, body, key)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _failure(url, error) from error

    async def _follow(
        self, url: str, accept: str, key: SigningKey | None, max_bytes: int
    ) -> Answer:
        for _hop in range(self.limits.redirects + 1):
            self._guard(f"HTTP request to {shown(url)}")
            await self.check_trust(url)
            headers = {"Accept": accept, "Accept-Encoding": "gzip"}
            if key is not None:
                headers |= sign("GET", url, None, key, datetime.now(UTC))
            session, _ = self._open()
            wire = wire_url(url)
            async with session.get(
                URL(wire, encoded=True), headers=headers, allow_redirects=False
            ) as response:
                if response.status in _REDIRECTS:
                    url = join(wire, response.headers.get("Location", ""))
                    continue
                _check_status(url, response)
                body = await _read_body(response, max_bytes)
                return Answer(body, response.headers.get("Content-Type", ""), wire)
        raise Unreachable(f"{shown(url)} redirects too often.")

    async def _post_once(self, url: str, body: bytes, key: SigningKey) -> DeliveryAnswer:
        headers = sign("POST", url, body, key, datetime.now(UTC))
        headers["Accept-Encoding"] = "identity"
        session, _ = self._open()
        async with session.post(
            URL(wire_url(url), encoded=True), data=body, headers=headers, allow_redirects=False
        ) as response:
            text = b""
            # The status is the answer, whatever becomes of the text behind it.
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ProtocolError):
                async with asyncio.timeout(self.limits.read / 2):
                    text = await _read_body(response, self.limits.answer)
            good = 200 <= response.status < 300
            return DeliveryAnswer(
                response.status, _retry_after(response), "" if good else _one_line(response, text)
            )

    def _open(self) -> tuple[aiohttp.ClientSession, GuardedResolver]:
        if self._session is None or self._resolver is None:
            self._resolver = GuardedResolver(self._nameservers)
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                ssl=self._tls,
                limit=_CONNECTIONS,
                limit_per_host=self.limits.per_host,
                keepalive_timeout=_KEEPALIVE,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent},
                timeout=aiohttp.ClientTimeout(
                    sock_connect=self.limits.connect, sock_read=self.limits.read
                ),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session, self._resolver


def _check_status(url: str, response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status in (404, 410):
        raise Gone(f"{shown(url)} does not exist ({status}).", status=status)
    if status != 200:
        raise Unreachable(
            f"{shown(url)} answers with status {status}.",
            status=status,
            retry_after=_retry_after(response),
        )


async def _read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    encoding = ", ".join(response.headers.getall("Content-Encoding", [])).strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise Malformed("The peer sends a content encoding that was not asked for.")
    if encoding != "gzip" and (response.content_length or 0) > max_bytes:
        raise TooLarge(f"The answer is larger than {max_bytes} bytes.")
    gunzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.content.iter_any():
        # One byte beyond the limit is enough to know.
        room = max_bytes - len(body) + 1
        body += gunzip.decompress(chunk, room) if gunzip is not None else chunk[:room]
        if len(body) > max_bytes:
            raise TooLarge(f"The answer is larger than {max_bytes} bytes.")
    if gunzip is not None and not gunzip.eof:
        raise Malformed("The answer is not complete gzip data.")
    return bytes(body)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), _MAX_RETRY_AFTER)
    try:
        wait = (parse_http_date(text) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None
    return min(max(wait, 0.0), _MAX_RETRY_AFTER)


def _one_line(response: aiohttp.ClientResponse, body: bytes) -> str:
    """Return a refusal's text as it may stand in a log and in the console."""
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    printable = "".join(char for char in text if char.isprintable())
    return f"Status {response.status}: {printable[:200]}".rstrip(": ")


def _failure(url: str, error: Exception) -> ProtocolError:
    """Return the sentence for a failed connection."""
    host = host_of(url)
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
    if isinstance(cause, ForbiddenAddress):
        return NotTrusted(
            f"{host} lies in a private network that its allowlist entry does not declare."
        )
    match error:
        case aiohttp.ClientConnectorDNSError():
            reason = "its name cannot be resolved"
        case aiohttp.ClientSSLError():
            reason = "its TLS certificate is not accepted here"
        case TimeoutError():
            reason = "it does not answer in time"
        case aiohttp.ClientConnectorError():
            reason = "it refuses the connection"
        case aiohttp.ServerDisconnectedError() | ConnectionError() | aiohttp.ClientOSError():
            reason = "it closes the connection"
        case _:
            reason = "it does not speak proper HTTP"
    return Unreachable(f"{host} cannot be reached: {reason}.")
