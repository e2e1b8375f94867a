"""What administrators and manifests may say about other offices: hosts, networks and notes."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Final

from activitypub.errors import Malformed
from activitypub.network import is_private
from activitypub.uris import check_host, host_of, is_loopback_name
from fedimmp.app import App
from fedimmp.errors import Invalid
from storage.trust_entries import WILDCARD, Terms

_MAX_NOTE: Final = 1000
# What one entry may list: each is compared with, or connected to.
_MOST_LISTED: Final = 100


def check_pattern(app: App, text: str) -> str:
    """Return a host, or `*.` and a host, as it is stored; raises Invalid."""
    stripped = text.strip()
    if not stripped.startswith(WILDCARD):
        return check_peer_host(app, stripped)
    name = check_peer_host(app, stripped.removeprefix(WILDCARD), own=True)
    labels = name.split(".")
    if ":" in name or name.startswith("[") or len(labels) < 2 or labels[-1].isdigit():
        raise Invalid(f"{stripped!r} is not a host name with all below it, as *.corp.example is.")
    return WILDCARD + name


def check_peer_host(app: App, host: str, *, own: bool = False) -> str:
    """Return a host as it is stored: lower-case A-labels, default port stripped; raises Invalid.

    Our own is refused unless `own`.
    """
    text = host.strip().lower()
    try:
        name = check_host(text)
        if not app.uris.is_secure and is_loopback_name(name):
            # Towards loopback peers this instance speaks http, whose default port is another.
            name = host_of(f"http://{text}/")
    except Malformed as error:
        raise Invalid(f"{host.strip()!r} is not a host name such as porto.example.") from error
    if name in app.uris.own_hosts and not own:
        raise Invalid(f"{name} is this instance itself.")
    return name


def check_terms(app: App, name: str, terms: Terms) -> Terms:
    """Return terms as they are stored; raises Invalid."""
    if terms.signing_hosts and name.startswith(WILDCARD):
        raise Invalid("Signing hosts belong to one host, not to all below one.")
    for listed in (terms.networks, terms.media_hosts, terms.signing_hosts):
        if listed is not None and len(listed) > _MOST_LISTED:
            raise Invalid(f"An entry lists at most {_MOST_LISTED} hosts or networks.")
    return replace(
        terms,
        networks=None if terms.networks is None else [_check_network(t) for t in terms.networks],
        media_hosts=_check_hosts(app, terms.media_hosts),
        signing_hosts=_check_hosts(app, terms.signing_hosts),
        note=None if terms.note is None else _check_note(terms.note),
    )


def _check_hosts(app: App, hosts: Sequence[str] | None) -> list[str] | None:
    return None if hosts is None else [check_peer_host(app, text) for text in hosts]


def _check_network(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is not a network such as 10.20.0.0/16.") from error
    if "%" in text:
        raise Invalid(f"{text!r} names an interface, which a network does not.")
    if not is_private(network):
        raise Invalid(f"{network} is no part of a private range such as 10.0.0.0/8.")
    return str(network)


def _check_note(note: str) -> str:
    if len(note) > _MAX_NOTE or not all(char.isprintable() or char == "\n" for char in note):
        raise Invalid(f"A note has at most {_MAX_NOTE} printable characters.")
    return note
