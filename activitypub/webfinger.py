"""WebFinger (RFC 7033) and host-meta (RFC 6415): building answers, reading those of peers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from activitypub.errors import Malformed
from activitypub.properties import listed
from activitypub.uris import check_host, check_http_uri, shown
from activitypub.vocabulary import ACTIVITY_JSON, AS2, LD_JSON

JRD_JSON = "application/jrd+json"
XRD_XML = "application/xrd+xml"
PATH = "/.well-known/webfinger"
PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
SERVICE = "https://www.w3.org/ns/activitystreams#Service"
_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE | re.ASCII)
_ACTOR_LINK_TYPES = frozenset({ACTIVITY_JSON, f'{LD_JSON};profile="{AS2}"'})
_MAX_LINKS = 50


@dataclass(frozen=True, slots=True)
class Jrd:
    """An answer: the handle that the peer calls canonical, and the id of its actor."""

    username: str
    host: str
    actor_uri: str


def build_jrd(
    subject: str, actor_uri: str, *, page_url: str | None = None, aliases: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the answer for an actor: subject is user@host; a page only where it may be known."""
    links = [{"rel": "self", "type": ACTIVITY_JSON, "href": actor_uri}]
    if page_url is not None:
        links.insert(0, {"rel": PROFILE_PAGE, "type": "text/html", "href": page_url})
    document: dict[str, Any] = {"subject": f"acct:{subject}", "links": links}
    return document | ({"aliases": list(aliases)} if aliases else {})


def build_service_jrd(origin: str, actor_uri: str) -> dict[str, Any]:
    """Return the answer for the origin itself: the actor of the whole server (FEP-d556)."""
    link = {"type": ACTIVITY_JSON, "href": actor_uri}
    return {"subject": f"{origin}/", "links": [{"rel": SERVICE} | link, {"rel": "self"} | link]}


def build_host_meta(origin: str) -> str:
    """Return the XRD that names our WebFinger template."""
    template = quoteattr(f"{origin}{PATH}?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="{JRD_JSON}" template={template}/></XRD>\n'
    )


def parse_resource(resource: str) -> tuple[str, str]:
    """Return (user name, host) of acct:user@host, with or without acct: and a leading @.

    The host is spelled as host_of() does, the name as it was written; raises Malformed.
    """
    name, at, host = resource.removeprefix("acct:").removeprefix("@").rpartition("@")
    if not at or len(name) > 255 or not _USERNAME.fullmatch(name):
        raise Malformed(f"{shown(resource)} is not the address of a person.")
    return name, check_host(host)


def query(username: str, host: str) -> str:
    """Return path and query that ask a host about one of its people."""
    return f"{PATH}?{urlencode({'resource': f'acct:{username}@{host}'})}"


def parse_jrd(document: dict[str, Any]) -> Jrd:
    """Read an answer; raises Malformed where the subject or the link to the actor is missing."""
    subject = document.get("subject")
    if not isinstance(subject, str) or not subject.startswith("acct:"):
        raise Malformed("The WebFinger answer has no acct: subject.")
    username, host = parse_resource(subject)
    for link in listed(document.get("links"))[:_MAX_LINKS]:
        if not isinstance(link, dict) or link.get("rel") != "self":
            continue
        kind = link.get("type")
        if isinstance(kind, str) and kind.replace("; ", ";") in _ACTOR_LINK_TYPES:
            return Jrd(username, host, check_http_uri(link.get("href")))
    raise Malformed("The WebFinger answer has no link to an actor.")
