"""Kinds of values that a setting can have, each with strict reading and a sentence for mistakes.

A kind reads what TOML gives. Text from the environment is first turned into what TOML would give.
"""

import ipaddress
from abc import ABC, abstractmethod
from dataclasses import field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import idna
from marshmallow import ValidationError, fields

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Kind(fields.Field[Any], ABC):
    """A marshmallow field that can also read the text of an environment variable."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """Return the value that TOML's value means; raises ValidationError."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.read(value)

    def from_text(self, text: str) -> object:
        """Return what TOML would have given for this text."""
        return text


class TextValue(Kind):
    """Any text."""

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be text in quotation marks")
        if "\0" in value:
            raise ValidationError("contains a NUL character")
        return value


class WordValue(TextValue):
    """One word of a closed set."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        if text not in self.words:
            raise ValidationError(f"must be one of {', '.join(self.words)}")
        return text


class PathValue(TextValue):
    """A path; the loader makes a relative one count from the folder of the configuration file."""

    def read(self, value: Any) -> Path:
        text: str = super().read(value)
        if not text:
            raise ValidationError("must be a path")
        return Path(text).expanduser()


class FlagValue(Kind):
    """true or false."""

    def from_text(self, text: str) -> object:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class NumberValue(Kind):
    """A whole number within bounds."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum

    def from_text(self, text: str) -> object:
        digits = text.strip().removeprefix("-")
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else text

    def read(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("must be a whole number")
        if not self.minimum <= value <= self.maximum:
            raise ValidationError(f"must be between {self.minimum} and {self.maximum}")
        return value


class SecondsValue(Kind):
    """A duration or factor: a number, whole or not, within bounds."""

    def __init__(self, minimum: float, maximum: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum

    def from_text(self, text: str) -> object:
        try:
            return float(text)
        except ValueError:
            return text

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("must be a number")
        # Written so that NaN is refused as well.
        if not self.minimum <= value <= self.maximum:
            raise ValidationError(f"must be between {self.minimum:g} and {self.maximum:g}")
        return float(value)


class ListValue(Kind):
    """A list of one kind; in the environment its entries are separated by commas."""

    def __init__(self, item: Kind, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item

    def from_text(self, text: str) -> object:
        return [self.item.from_text(part.strip()) for part in text.split(",") if part.strip()]

    def read(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValidationError("must be a list in square brackets")
        return tuple(self.item.deserialize(item) for item in value)


class NetworkValue(TextValue):
    """A network as CIDR, or a single address."""

    def read(self, value: Any) -> IpNetwork:
        text: str = super().read(value)
        try:
            return ipaddress.ip_network(text)
        except ValueError as error:
            raise ValidationError(
                f'has "{text}", which is no network such as 10.1.0.0/16'
            ) from error


class AddressValue(TextValue):
    """An IP address."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "53")
        try:
            ipaddress.ip_address(host)
        except ValueError as error:
            raise ValidationError(f'has "{text}", which is no IP address') from error
        if not port.isdigit() or not 0 < int(port[:6]) < 65536:
            raise ValidationError(f'has "{text}", whose port is none')
        return text


class ListenValue(TextValue):
    """Where to listen: address and port."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdigit() or int(port[:6]) > 65535:
            raise ValidationError('must be an address and a port such as "127.0.0.1:8080"')
        return text


class OriginValue(TextValue):
    """An origin: https, or http on a loopback name; returned in lower case without default port."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        try:
            parts = urlsplit(text)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError as error:
            raise ValidationError("is not an origin such as https://hq.example") from error
        bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
        if scheme not in _DEFAULT_PORTS or not host or not bare:
            raise ValidationError("is not an origin such as https://hq.example")
        _check_host(host)
        if scheme == "http" and not is_loopback(host):
            raise ValidationError("must begin with https://, except on a loopback name")
        shown = f"[{host}]" if ":" in host else host
        if port is not None and port != _DEFAULT_PORTS[scheme]:
            shown = f"{shown}:{port}"
        return f"{scheme}://{shown}"


class ProxyValue(TextValue):
    """The address of an HTTP proxy, with or without user and password."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        sentence = "is not the address of a proxy such as http://proxy.example:3128"
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValidationError(sentence) from error
        if parts.scheme not in _DEFAULT_PORTS or not host or port is None:
            raise ValidationError(sentence)
        if parts.path not in ("", "/") or parts.query or parts.fragment or not text.isprintable():
            raise ValidationError(sentence)
        return text


class DomainValue(TextValue):
    """A domain, or all below one as `*.domain`; returned with A-labels in lower case."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        star, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
        try:
            return star + idna.encode(name, uts46=True).decode("ascii").lower()
        except idna.IDNAError as error:
            raise ValidationError(
                f'has "{text}", which is no domain such as corp.example'
            ) from error


class MailAddressValue(TextValue):
    """An e-mail address, or nothing."""

    def read(self, value: Any) -> str:
        text: str = super().read(value)
        local, at, domain = text.rpartition("@")
        plain = text.isascii() and text.isprintable() and not set(text) & set(' <>(),;:"\\')
        if text and not (plain and at and local and domain and "@" not in local):
            raise ValidationError(f'has "{text}", which is no address such as office@corp.example')
        return text


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine by definition."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_host(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return
    try:
        ascii_form = idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValidationError(f'has "{host}", which is no host name') from error
    if ascii_form != host:
        raise ValidationError(f'must be written with the host name "{ascii_form}"')


def setting(kind: Kind, text: str, *, default: Any = ..., secret: bool = False) -> Any:
    """Declare a setting of a section: its kind, its documentation and its default.

    Without a default it is mandatory. The text is Markdown and says what changes with it.
    """
    metadata = {"kind": kind, "text": " ".join(text.split()), "secret": secret}
    if default is ...:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)
