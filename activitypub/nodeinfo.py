"""NodeInfo 2.0 and 2.1 (FEP-f1d5): building ours, reading those of peers."""

import re
from dataclasses import dataclass
from typing import Any

from activitypub.errors import Malformed
from activitypub.properties import listed, text_of
from activitypub.uris import check_http_uri, same_origin

PATH = "/.well-known/nodeinfo"
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"
_VERSIONS = ("2.1", "2.0")
_APPLICATION = "https://www.w3.org/ns/activitystreams#Application"
_NAME = re.compile(r"[a-z0-9-]{1,100}")
_VERSION = 100


@dataclass(frozen=True, slots=True)
class Software:
    """What a peer says that it runs: a name of small letters, digits and hyphens, a version."""

    name: str
    version: str


def media_type(version: str) -> str:
    """Return the content type of a NodeInfo document."""
    return f'application/json; profile="{_SCHEMA}{version}#"'


def build_index(origin: str) -> dict[str, Any]:
    """Return the document at /.well-known/nodeinfo, with the instance actor (FEP-2677)."""
    links = [
        {"rel": f"{_SCHEMA}{version}", "href": f"{origin}/nodeinfo/{version}"}
        for version in _VERSIONS
    ]
    return {"links": [*links, {"rel": _APPLICATION, "href": f"{origin}/actor"}]}


def build_nodeinfo(
    version: str, *, software: str, software_version: str, name: str
) -> dict[str, Any]:
    """Return a NodeInfo document of a closed instance: no sign-up, all counts zero.

    version is "2.0" or "2.1"; raises Malformed for another.
    """
    if version not in _VERSIONS:
        raise Malformed("NodeInfo is offered in versions 2.0 and 2.1.")
    return {
        "version": version,
        "software": {"name": software, "version": software_version},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {
            "users": {"total": 0, "activeMonth": 0, "activeHalfyear": 0},
            "localPosts": 0,
        },
        "metadata": {"nodeName": name},
    }


def find_link(index: dict[str, Any], origin: str) -> str:
    """Return the URL of the newest NodeInfo on the peer's own origin; raises Malformed."""
    links = [link for link in listed(index.get("links"))[:20] if isinstance(link, dict)]
    for version in _VERSIONS:
        for link in links:
            if link.get("rel") == f"{_SCHEMA}{version}":
                href = check_http_uri(link.get("href"))
                if same_origin(href, origin):
                    return href
    raise Malformed("The peer offers no NodeInfo on its own host.")


def read_software(document: dict[str, Any]) -> Software:
    """Read what a NodeInfo document says about the software; raises Malformed."""
    software = document.get("software")
    if not isinstance(software, dict):
        raise Malformed("The NodeInfo document names no software.")
    name = text_of(software, "name", _VERSION).lower()
    if not _NAME.fullmatch(name):
        raise Malformed("The NodeInfo document names no software.")
    version = "".join(each for each in text_of(software, "version", _VERSION) if each.isprintable())
    return Software(name, version)
