"""The gate between this instance and the network: the one place that opens connections.

Before each request, and again at each hop of a redirect, the policy is asked whether the host is
trusted; only then is its name looked up. Bytes are counted after decompression, and each request
has one deadline for the whole of it.
"""

import asyncio
import contextlib
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from activitypub.connections import Connections
from activitypub.errors import Gone, Malformed, NotTrusted, ProtocolError, TooLarge, Unreachable
from activitypub.network import ForbiddenAddress
from activitypub.policy import Policy
from activitypub.proxy import read_proxy
from activitypub.signatures.claims import NO_HEADERS, Scheme
from activitypub.signatures.keys import SigningKey
from activitypub.signatures.knocking import Choice, Knocking, is_doubt
from activitypub.signatures.requests import sign
from activitypub.signatures.times import parse_http_date
from activitypub.uris import check_http_uri, host_of, is_loopback_name, join, shown, wire_url

# Takes the parts of a body as they come.
Sink = Callable[[bytes], Awaitable[None]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The status is what counts: so long is waited for the text behind it.
_TEXT_SECONDS = 2.0
# Inboxes and documents whose URLs were read lately.
_TARGETS = 4096
_MAX_RETRY_AFTER = 86_400.0
# How much longer than its content compressed data may be.
_GZIP_MARGIN = 64 * 1024


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
    """The body of a 200, its content type as sent, and the URL (wire form) it came from.

    The body is empty where a sink took it.
    """

    body: bytes
    content_type: str
    final_url: str


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """How an inbox answered; retry_after in seconds; error is empty for 2xx, else one line."""

    status: int
    retry_after: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What is posted, where to, and in whose name; `more` are headers that are signed as well.

    Without a key it is not signed, and nobody's name is under it.
    """

    url: str
    body: bytes
    key: SigningKey | None
    more: Mapping[str, str]


class Gate:
    """Sends requests to trusted hosts; opens its sockets when first used."""

    def __init__(
        self,
        *,
        origin: str,
        user_agent: str,
        policy: Policy,
        nameservers: Sequence[str],
        proxy: str | None,
        ca_bundle: Path | None,
        guard: Callable[[str], None],
        limits: Limits,
    ) -> None:
        self._host = host_of(origin)
        self._plain = origin.startswith("http://") and is_loopback_name(self._host)
        self._user_agent = user_agent
        self._policy = policy
        self._nameservers = tuple(nameservers)
        self._proxy = None if proxy is None else read_proxy(proxy)
        self._tls = _authorities(ca_bundle)
        self._guard = guard
        self.limits = limits
        self._read_target = lru_cache(_TARGETS)(_read_target)
        self._knocking = Knocking()
        self._connections: Connections | None = None

    async def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    def base_of(self, host: str) -> str:
        """Return the origin under which a host is asked: https, or http among loopback names."""
        return f"{'http' if self._plain and is_loopback_name(host) else 'https'}://{host}"

    async def check_trust(self, url: str) -> None:
        """Check that a URL may be requested at all; raises Malformed and NotTrusted."""
        await self._checked(url)

    async def _checked(self, url: str) -> "_Checked":
        target = self._read_target(url)
        if not target.is_tls and not self._plain:
            raise NotTrusted(f"{shown(url)} is http, but only https is spoken here.")
        if target.host == self._host:
            raise NotTrusted("An instance does not fetch from itself.")
        trust = await self._policy.trust(target.host)
        if trust is None:
            raise NotTrusted(f"{target.host} is not on the allowlist.")
        way = self._open().way_to(target.name, target.port, trust.networks)
        return _Checked(target.host, target.wire, trust.signatures, way)

    async def get(self, url: str, *, accept: str, key: SigningKey | None, max_bytes: int) -> Answer:
        """Fetch a URL, signed where a key is given; each hop is checked and signed anew."""
        return await self._get_within(self.limits.total, url, _Wanted(accept, key, max_bytes))

    async def stream(self, url: str, sink: Sink, *, max_bytes: int, seconds: float) -> Answer:
        """Fetch a file, unsigned, into a sink; the deadline covers what the sink does, too."""
        return await self._get_within(seconds, url, _Wanted("*/*", None, max_bytes, sink))

    async def _get_within(self, seconds: float, url: str, wanted: "_Wanted") -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url, wanted)
        except ProtocolError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _failure(url, error) from error

    async def post(self, letter: Letter) -> DeliveryAnswer:
        """Post a body, signed where it has a key; redirects are answers, not followed.

        A connection that the peer reset, as many do with idle ones, is tried again at once.
        """
        try:
            async with asyncio.timeout(self.limits.deliver):
                self._guard(f"HTTP request to {shown(letter.url)}")
                target = await self._checked(letter.url)
                schemes = self._knocking.schemes(target.host, target.signatures)
                first, *others = schemes if letter.key is not None else schemes[:1]
                answer = await self._post_surely(first, target, letter)
                for scheme in others:
                    if is_doubt(answer.status):
                        again = await self._post_surely(scheme, target, letter)
                        self._knocking.learn(target.host, scheme, again.status)
                        # The reason why the usual signature is refused says more.
                        answer = answer if is_doubt(again.status) else again
                return answer
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _failure(letter.url, error) from error

    async def _follow(self, url: str, wanted: "_Wanted") -> Answer:
        for _hop in range(self.limits.redirects + 1):
            self._guard(f"HTTP request to {shown(url)}")
            target = await self._checked(url)
            answer = await self._ask(target, url, wanted)
            if isinstance(answer, Answer):
                return answer
            url = join(str(target.wire), answer)
        raise Unreachable(f"{shown(url)} redirects too often.")

    async def _ask(self, target: "_Checked", url: str, wanted: "_Wanted") -> Answer | str:
        """Return the answer to one GET, or the location to which it leads."""
        headers = {"Accept": wanted.accept, "Accept-Encoding": "gzip"}
        key = wanted.key
        if key is None:
            async with self._get(target, headers) as response:
                return await _read_answer(url, target.wire, response, wanted)
        *others, last = self._knocking.schemes(target.host, target.signatures)
        for scheme in others:
            signed = await self._sign(scheme, "GET", url, None, key)
            async with self._get(target, headers | signed) as response:
                if not is_doubt(response.status):
                    return await _read_answer(url, target.wire, response, wanted)
        signed = await self._sign(last, "GET", url, None, key)
        async with self._get(target, headers | signed) as response:
            if others:
                self._knocking.learn(target.host, last, response.status)
            return await _read_answer(url, target.wire, response, wanted)

    def _get(
        self, target: "_Checked", headers: dict[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._open().kept.get(
            target.wire, headers=headers, allow_redirects=False, **target.way
        )

    async def _post_surely(
        self, scheme: Scheme, target: "_Checked", letter: Letter
    ) -> DeliveryAnswer:
        """Post once, and once more where the connection was a kept one that had ended."""
        try:
            return await self._post_once(self._open().kept, scheme, target, letter)
        except (
            aiohttp.ServerDisconnectedError,
            ConnectionError,
            aiohttp.ClientOSError,
        ) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            # The other kept connections may have ended just as well.
            return await self._post_once(self._open().fresh, scheme, target, letter)

    async def _post_once(
        self, session: aiohttp.ClientSession, scheme: Scheme, target: "_Checked", letter: Letter
    ) -> DeliveryAnswer:
        headers = dict(letter.more)
        if letter.key is not None:
            headers = await self._sign(
                scheme, "POST", letter.url, letter.body, letter.key, more=letter.more
            )
        headers["Accept-Encoding"] = "identity"
        async with session.post(
            target.wire, data=letter.body, headers=headers, allow_redirects=False, **target.way
        ) as response:
            text = await self._read_text(response)
            good = 200 <= response.status < 300
            return DeliveryAnswer(
                response.status, _retry_after(response), "" if good else _one_line(response, text)
            )

    async def _sign(
        self,
        scheme: Scheme,
        method: str,
        url: str,
        body: bytes | None,
        key: SigningKey,
        *,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> dict[str, str]:
        """Return the headers of a signed request; RSA does not hold up what else is going on."""
        work = partial(sign, scheme, method, url, body, key, datetime.now(UTC), more=more)
        return await self._open().signers.sign(work)

    async def _read_text(self, response: aiohttp.ClientResponse) -> bytes:
        """Return what stands behind a status, as far as it comes soon and is short."""
        if response.content.at_eof():
            return b""
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ProtocolError):
            async with asyncio.timeout(min(_TEXT_SECONDS, self.limits.read / 2)):
                return await _read_body(response, self.limits.answer)
        return b""

    def _open(self) -> Connections:
        if self._connections is None:
            self._connections = Connections.make(
                nameservers=self._nameservers,
                proxy=self._proxy,
                tls=self._tls,
                user_agent=self._user_agent,
                per_host=self.limits.per_host,
                connect_seconds=self.limits.connect,
                read_seconds=self.limits.read,
            )
        return self._connections


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL that was read: host as the allowlist spells it, name and port to connect to."""

    host: str
    is_tls: bool
    wire: URL
    name: str
    port: int


@dataclass(frozen=True, slots=True)
class _Checked:
    """A URL that may be requested, how its host wants to be signed for, and how it is reached."""

    host: str
    wire: URL
    signatures: Choice
    way: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, in whose name, how many bytes of it, and who takes them."""

    accept: str
    key: SigningKey | None
    max_bytes: int
    sink: Sink | None = None


@lru_cache(maxsize=8)
def _authorities(ca_bundle: Path | None) -> ssl.SSLContext:
    """Trust the system's authorities and those of a file.

    Reading the system's takes a tenth of a second, so all gates of a process share them.
    """
    context = ssl.create_default_context()
    if ca_bundle is not None:
        context.load_verify_locations(ca_bundle)
    return context


def _read_target(url: str) -> _Target:
    host = host_of(check_http_uri(url))
    wire = URL(wire_url(url), encoded=True)
    return _Target(host, wire.scheme == "https", wire, wire.raw_host or "", wire.port or 0)


async def _read_answer(
    url: str, wire: URL, response: aiohttp.ClientResponse, wanted: _Wanted
) -> Answer | str:
    if response.status in _REDIRECTS:
        return response.headers.get("Location", "")
    _check_status(url, response)
    body = await _read_body(response, wanted.max_bytes, wanted.sink)
    return Answer(body, response.headers.get("Content-Type", ""), str(wire))


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


async def _read_body(
    response: aiohttp.ClientResponse, max_bytes: int, sink: Sink | None = None
) -> bytes:
    encoding = ", ".join(response.headers.getall("Content-Encoding", [])).strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise Malformed("The peer sends a content encoding that was not asked for.")
    if encoding != "gzip" and (response.content_length or 0) > max_bytes:
        raise TooLarge(f"The answer is larger than {max_bytes} bytes.")
    gunzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body, length, received = bytearray(), 0, 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        # One byte beyond the limit is enough to know.
        room = max_bytes - length + 1
        part = chunk[:room] if gunzip is None else _decompressed(gunzip, chunk, room)
        length += len(part)
        # Blocks of nothing decompress to nothing, for ever.
        if length > max_bytes or received > max_bytes + _GZIP_MARGIN:
            raise TooLarge(f"The answer is larger than {max_bytes} bytes.")
        if sink is None:
            body += part
        else:
            await sink(part)
    if gunzip is not None and not gunzip.eof:
        raise Malformed("The answer is not complete gzip data.")
    return bytes(body)


def _decompressed(gunzip: "zlib._Decompress", chunk: bytes, room: int) -> bytes:
    try:
        plain = gunzip.decompress(chunk, room)
    except zlib.error as error:
        raise Malformed("The answer is not gzip data.") from error
    if gunzip.unused_data:
        raise Malformed("Something follows the gzip data of the answer.")
    return plain


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
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
    if isinstance(cause or error, ForbiddenAddress):
        return NotTrusted(
            f"{host} lies in a private network that its allowlist entry does not declare."
        )
    match error:
        case aiohttp.ClientProxyConnectionError():
            reason = "the proxy cannot be connected to"
        case aiohttp.ClientHttpProxyError():
            reason = f"the proxy answers with status {error.status}"
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
