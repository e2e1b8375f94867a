"""URIs of the fediverse, read strictly: one spelling per host, nothing odd is repaired.

A URI that two parsers could read differently is refused (RFC 3986; SSRF by URL confusion).
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote, urljoin

import idna

from activitypub.errors import Malformed

MAX_URI = 2048
_DEFAULT_PORTS = {"https": 443, "http": 80}
_SHAPE = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HIGH_PORT = (
    r"(?:[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]|[1-9][0-9]{3})"
)
# What nearly every URI is: lower case, plain ASCII, a name that ends in letters, or an IPv4 address
# as it should be written, without a low port. One match decides. Groups: origin, scheme, authority,
# host, port, path, query, fragment.
_USUAL = re.compile(
    r"((https?)://(?=[^:/?#]{1,253}(?:[:/?#]|$))(?![^:/?#]*--)"
    rf"(((?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)*[a-z]{{2,63}}|(?:{_OCTET}\.){{3}}{_OCTET})"
    rf"(?::({_HIGH_PORT}))?))"
    r"((?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?)(\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?"
    r"(#[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?"
)
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_CHARACTER = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")


class _Parts(NamedTuple):
    scheme: str
    authority: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str


def host_of(uri: str) -> str:
    """Return the host of an http(s) URI: lower-case A-labels, with a port unless it is default.

    Raises Malformed for user info, controls, spaces, backslashes, every unusual way to write an
    address, and names that are not valid under IDNA 2008.
    """
    usual = _usual(uri)
    return usual[3] if usual is not None else _host(_split(uri))


def origin_of(uri: str) -> str:
    """Return scheme://host[:port] of an http(s) URI; raises Malformed (FEP-fe34)."""
    usual = _usual(uri)
    if usual is not None:
        return usual[1]
    parts = _split(uri)
    return f"{parts.scheme}://{_host(parts)}"


def same_origin(first: str, second: str) -> bool:
    """Say whether two URIs have scheme, host and port in common; False if one is malformed."""
    try:
        return origin_of(first) == origin_of(second)
    except Malformed:
        return False


def check_http_uri(uri: object) -> str:
    """Return the URI with its host in lower case; raises Malformed.

    https is accepted for any host, http only for a loopback name or address: whether http is
    spoken at all is for the caller to decide. At most 2048 characters.
    """
    if not isinstance(uri, str):
        raise Malformed("A URI must be a text.")
    usual = _usual(uri)
    if usual is not None and (usual[2] == "https" or is_loopback_name(usual[4])):
        return uri
    parts = _split(uri)
    if parts.scheme == "http" and not is_loopback_name(parts.host):
        raise Malformed(f"{shown(uri)} is not an https URI.")
    if parts.authority == parts.authority.lower():
        return uri
    return f"{parts.scheme}://{parts.authority.lower()}{parts.path}{parts.query}{parts.fragment}"


def check_host(host: str) -> str:
    """Return a bare host (with an optional port) as host_of() spells it; raises Malformed."""
    if not host or any(char in host for char in "/?#"):
        raise Malformed(f"{shown(host)} is not a host name.")
    return host_of(f"https://{host}/")


def is_loopback_name(host: str) -> bool:
    """Say whether a host, with or without a port, is localhost or a loopback address."""
    name = host if host.startswith("[") else host.partition(":")[0]
    name = name.partition("]")[0].removeprefix("[")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def without_fragment(uri: str) -> str:
    """Return the URI up to its fragment."""
    return uri.partition("#")[0]


def wire_url(uri: str) -> str:
    """Return what a request for the URI puts on the wire: ASCII, A-labels, no fragment."""
    parts = _split(uri)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~[]")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?[]")
    return f"{parts.scheme}://{_host(parts)}{path}{query}"


def target_of(wire: str) -> str:
    """Return path and query of a wire URL, as they stand in the request line."""
    return wire[wire.index("/", wire.index("://") + 3) :]


def join(base: str, location: str) -> str:
    """Resolve a Location header against the URL it came from; raises Malformed."""
    if len(location) > MAX_URI or _BAD_CHARACTER.search(location):
        raise Malformed("The peer redirects to a malformed URI.")
    try:
        return check_http_uri(urljoin(base, location))
    except ValueError as error:
        raise Malformed("The peer redirects to a malformed URI.") from error


def shown(uri: str) -> str:
    """Return a URI as it may stand in a sentence or a log line: short, one line, printable."""
    cut = uri if len(uri) <= 120 else uri[:117] + "..."
    return repr(cut) if not cut or not cut.isprintable() or not cut.isascii() else cut


def _host(parts: _Parts) -> str:
    return parts.host if parts.port is None else f"{parts.host}:{parts.port}"


def _usual(uri: str) -> re.Match[str] | None:
    return _USUAL.fullmatch(uri) if len(uri) <= MAX_URI else None


def _split(uri: str) -> _Parts:
    if len(uri) > MAX_URI:
        raise Malformed(f"A URI is longer than {MAX_URI} characters.")
    usual = _USUAL.fullmatch(uri)
    if usual is not None:
        _, scheme, authority, host, digits, path, query, fragment = usual.groups("")
        port = int(digits) if digits else None
        return _Parts(scheme, authority, host, port, path, query, fragment)
    match = _SHAPE.fullmatch(uri)
    if match is None:
        raise Malformed(f"{shown(uri)} is not an http or https URI.")
    scheme, authority, path, query, fragment = (part or "" for part in match.groups())
    host, port = _read_authority(uri, scheme, authority)
    _check_characters(uri, authority, path + query + fragment)
    if "[" in path or "]" in path:
        raise Malformed(f"{shown(uri)} has brackets in its path.")
    return _Parts(scheme, authority, host, port, path, query, fragment)


def _check_characters(uri: str, authority: str, rest: str) -> None:
    text = authority + rest
    # Not printable: controls, formats (zero width, direction marks), surrogates, separators,
    # private use, unassigned.
    if _BAD_CHARACTER.search(text) or not text.isprintable():
        raise Malformed(f"{shown(uri)} contains a character that no URI may contain.")
    if "%" in rest and _BAD_ESCAPE.search(rest):
        raise Malformed(f"{shown(uri)} contains a broken percent escape.")


def _read_authority(uri: str, scheme: str, authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise Malformed(f"{shown(uri)} contains user information.")
    if authority.startswith("["):
        literal, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Malformed(f"{shown(uri)} has a malformed address.")
        return _read_ipv6(uri, literal), _read_port(uri, scheme, rest)
    name, colon, port = authority.partition(":")
    return _read_name(uri, name), _read_port(uri, scheme, colon + port)


def _read_port(uri: str, scheme: str, text: str) -> int | None:
    if not text:
        return None
    if not _PORT.fullmatch(text[1:]) or int(text[1:]) > 65535:
        raise Malformed(f"{shown(uri)} has a malformed port.")
    port = int(text[1:])
    return None if port == _DEFAULT_PORTS[scheme] else port


def _read_ipv6(uri: str, literal: str) -> str:
    try:
        # A zone ("%eth0") passes ipaddress but names an interface of ours.
        if "%" in literal:
            raise ValueError
        address = ipaddress.IPv6Address(literal)
        if address.ipv4_mapped is None:
            return f"[{address.compressed}]"
        # Python 3.13 began to write these with dots; a host must have one spelling on all.
        number = int(address.ipv4_mapped)
        return f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]"
    except ValueError as error:
        raise Malformed(f"{shown(uri)} has a malformed address.") from error


def _read_name(uri: str, name: str) -> str:
    if not name or len(name) > 253:
        raise Malformed(f"{shown(uri)} has no valid host.")
    lowered = name.lower()
    if not lowered.isascii() or "xn--" in lowered:
        lowered = _encode_idna(uri, lowered)
    labels = lowered.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise Malformed(f"{shown(uri)} has no valid host.")
    # What ends in a number is read as an IPv4 address somewhere ("127.1", "0x7f.1", 2130706433):
    # only the plain dotted form, written in ASCII, is taken.
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError as error:
            raise Malformed(f"{shown(uri)} has a malformed address.") from error
    return lowered


def _encode_idna(uri: str, name: str) -> str:
    # No UTS 46 mapping: what would be mapped away (zero width, full width, circled digits) is
    # refused instead, so that no two spellings collapse into one host.
    try:
        return idna.encode(name, strict=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise Malformed(f"{shown(uri)} has no valid international host name.") from error
