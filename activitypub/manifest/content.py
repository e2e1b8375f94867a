"""What an organisation says of itself: its offices, on which terms, and until when.

This is the one document that the signatures of the organisation stand for. How it is signed and
verified lives beside; rows and decisions of an office live elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, Final, Literal, cast, get_args
from zoneinfo import ZoneInfo

import rfc8785

from activitypub.documents import parse_document
from activitypub.errors import Malformed
from activitypub.network import is_private
from activitypub.uris import check_host, shown

MemberState = Literal["active", "draining", "removed"]

MAX_BYTES: Final = 1024 * 1024
MAX_MEMBERS: Final = 5000
MAX_NAME: Final = 200
_MAX_SCOPE: Final = 50
_MAX_NETWORKS: Final = 20
_MAX_KEYS: Final = 8
_FINGERPRINT: Final = re.compile(r"sha256:[0-9a-f]{64}")
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?")
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Member:
    """An office of the organisation.

    keys      fingerprints of the keys by which its instance actor may sign
    scope     the groups to which it is limited; none is all
    networks  private CIDR ranges in which it may lie
    """

    host: str
    keys: tuple[str, ...]
    state: MemberState = "active"
    scope: tuple[str, ...] = ()
    office: str = ""
    time_zone: str = ""
    contact: str = ""
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """An organisation at one moment; members by host, one each.

    confirmed_removals are hosts that the signers remove knowingly, however many they are.
    """

    organisation_id: str
    name: str
    version: int
    issued_at: datetime
    expires_at: datetime
    members: tuple[Member, ...]
    confirmed_removals: frozenset[str] = frozenset()

    def member(self, host: str) -> Member | None:
        """Return the office of a host, None for a stranger."""
        return next((each for each in self.members if each.host == host), None)


def write_manifest(manifest: Manifest) -> bytes:
    """Return the canonical bytes of a manifest (RFC 8785)."""
    return rfc8785.dumps(
        {
            "organisation": {"id": manifest.organisation_id, "name": manifest.name},
            "version": manifest.version,
            "issued": manifest.issued_at.astimezone(UTC).strftime(_STAMP),
            "expires": manifest.expires_at.astimezone(UTC).strftime(_STAMP),
            "members": [write_member(each) for each in manifest.members],
            "confirmed_removals": sorted(manifest.confirmed_removals),
        }
    )


def write_member(member: Member) -> dict[str, Any]:
    """Return an office as the document spells it; JSON values only."""
    return {
        "domain": member.host,
        "keys": list(member.keys),
        "state": member.state,
        "scope": list(member.scope) or "all",
        "office": member.office,
        "time_zone": member.time_zone,
        "contact": member.contact,
        "networks": list(member.networks),
    }


def read_manifest(raw: bytes) -> Manifest:
    """Return the manifest of these bytes; raises Malformed and TooLarge."""
    document = parse_document(raw, max_bytes=MAX_BYTES)
    organisation = document.get("organisation")
    if not isinstance(organisation, dict):
        raise Malformed("The manifest does not say whose it is.")
    members = [read_member(each) for each in _list(document, "members", MAX_MEMBERS)]
    if len({member.host for member in members}) != len(members):
        raise Malformed("The manifest names an office twice.")
    issued, expires = _moment(document, "issued"), _moment(document, "expires")
    if expires <= issued:
        raise Malformed("The manifest ends before it begins.")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise Malformed("The version of a manifest is a whole number from 1 on.")
    return Manifest(
        organisation_id=check_organisation_id(organisation.get("id")),
        name=check_text(organisation.get("name"), "name of the organisation"),
        version=version,
        issued_at=issued,
        expires_at=expires,
        members=tuple(sorted(members, key=lambda member: member.host)),
        confirmed_removals=frozenset(_hosts(_list(document, "confirmed_removals", MAX_MEMBERS))),
    )


def read_member(document: object) -> Member:
    """Return an office as a document spells it; raises Malformed."""
    if not isinstance(document, dict):
        raise Malformed("An office of a manifest is a JSON object.")
    host = document.get("domain")
    if not isinstance(host, str) or check_host(host) != host:
        raise Malformed(f"{_shown(host)} is no host name of an office.")
    keys = _list(document, "keys", _MAX_KEYS)
    if not keys:
        raise Malformed(f"{host}: a fingerprint of its key is missing.")
    return Member(
        host=host,
        keys=tuple(check_fingerprint(key) for key in keys),
        state=check_state(document.get("state")),
        scope=_scope(document, host),
        office=check_text(document.get("office"), "name of an office"),
        time_zone=check_time_zone(document.get("time_zone")),
        contact=check_text(document.get("contact"), "contact of an office"),
        networks=tuple(check_network(each) for each in _list(document, "networks", _MAX_NETWORKS)),
    )


def check_organisation_id(text: object) -> str:
    """Return the id of an organisation: a-z, 0-9, dots and hyphens; raises Malformed."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise Malformed(f"{_shown(text)} is no id of an organisation such as corp.example.")
    return text


def check_state(text: object) -> MemberState:
    """Return the state of an office; raises Malformed."""
    for state in get_args(MemberState):
        if text == state:
            return cast("MemberState", state)
    raise Malformed("The state of an office is active, draining or removed.")


def check_fingerprint(text: object) -> str:
    """Return a fingerprint, `sha256:` and 64 hexadecimal digits; raises Malformed."""
    if not isinstance(text, str) or not _FINGERPRINT.fullmatch(text):
        raise Malformed(f"{_shown(text)} is no fingerprint: sha256: and 64 hexadecimal digits.")
    return text


def check_text(text: object, what: str) -> str:
    """Return a line of at most 200 printable characters; raises Malformed."""
    if not isinstance(text, str) or len(text) > MAX_NAME or not text.isprintable():
        raise Malformed(f"The {what} has at most {MAX_NAME} printable characters.")
    return text


def check_time_zone(text: object) -> str:
    """Return the name of a time zone, or nothing; raises Malformed."""
    if text == "":
        return ""
    try:
        if not isinstance(text, str):
            raise ValueError
        ZoneInfo(text)
    except (ValueError, OSError, LookupError) as error:
        raise Malformed(f"{_shown(text)} is no time zone such as Europe/Lisbon.") from error
    return text


def check_network(text: object) -> str:
    """Return a private CIDR range in its usual spelling; raises Malformed."""
    try:
        network = ip_network(text if isinstance(text, str) else "")
    except ValueError as error:
        raise Malformed(f"{_shown(text)} is no network such as 10.20.0.0/16.") from error
    if "%" in str(text) or not is_private(network):
        raise Malformed(f"{_shown(text)} is no part of a private range such as 10.0.0.0/8.")
    return str(network)


def _scope(document: Mapping[str, Any], host: str) -> tuple[str, ...]:
    if document.get("scope") == "all":
        return ()
    groups = _list(document, "scope", _MAX_SCOPE)
    if not groups:
        raise Malformed(f'{host}: the scope is "all" or names groups.')
    return tuple(check_text(group, "name of a group") for group in groups)


def _hosts(values: Sequence[object]) -> list[str]:
    hosts = [value for value in values if isinstance(value, str) and check_host(value) == value]
    if len(hosts) != len(values):
        raise Malformed("A removal that is confirmed names a host.")
    return hosts


def _list(document: Mapping[str, Any], name: str, most: int) -> list[Any]:
    values = document.get(name)
    if not isinstance(values, list):
        raise Malformed(f"The {name} of a manifest must be a list.")
    if len(values) > most:
        raise Malformed(f"The {name} of a manifest are more than {most}.")
    return values


def _moment(document: Mapping[str, Any], name: str) -> datetime:
    text = document.get(name)
    try:
        if not isinstance(text, str):
            raise ValueError
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed(f"The manifest does not say when it was {name}.") from error


def _shown(value: object) -> str:
    return shown(value) if isinstance(value, str) else "This"
