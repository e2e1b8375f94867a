"""Our own small JSON-LD contexts: which IRI each term of the field's vocabularies stands for.

CORE holds what ActivityStreams and the security vocabularies define, TERMS also the extensions.
Nothing here is fetched, and nothing is fetched instead.
"""

import re
from typing import Any, Final

from activitypub.contexts.activitystreams import ACTIVITYSTREAMS
from activitypub.contexts.extensions import EXTENSIONS, PREFIXES
from activitypub.contexts.security import SECURITY
from activitypub.vocabulary import (
    AS2,
    DATA_INTEGRITY_V1,
    MULTIKEY_V1,
    SECURITY_V1,
    WEBFINGER_TERMS,
)

Term = str | dict[str, Any]

CORE: Final[dict[str, Term]] = ACTIVITYSTREAMS | SECURITY
TERMS: Final[dict[str, Term]] = PREFIXES | EXTENSIONS | CORE

# A document must name one of these, or define the namespace of ActivityStreams itself.
ROOTS: Final = frozenset(
    {
        AS2,
        SECURITY_V1,
        DATA_INTEGRITY_V1,
        MULTIKEY_V1,
        "https://w3id.org/identity/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://www.w3.org/ns/cid/v1",
        "https://www.w3.org/ns/did/v1",
    }
)
_MAX_PREFIXES = 8
# Contexts that only add terms which we know or never read.
_EXTENDING: Final = frozenset(
    {
        WEBFINGER_TERMS,
        "http://joinmastodon.org/ns",
        "https://funkwhale.audio/ns",
        "https://gotosocial.org/ns",
        "https://join-lemmy.org/context.json",
        "https://joinmastodon.org/ns",
        "https://purl.archive.org/miscellany",
        "https://purl.org/wytchspace/ns/ap/1.0",
        "https://schema.org",
        "https://schema.org/",
        "https://w3id.org/fep/5711",
        "https://w3id.org/fep/7aa9",
        "https://w3id.org/fep/ef61",
    }
)
# Pleroma and Akkoma each serve the context of litepub from their own host.
_LITEPUB: Final = re.compile(r"https?://[^/?#\s]{1,253}/schemas/litepub-[0-9.]{1,10}\.jsonld")


def is_known(url: str) -> bool:
    """Say whether we know what a context defines; one that is not known counts as empty."""
    return url in ROOTS or url in _EXTENDING or _LITEPUB.fullmatch(url) is not None


def iri_of(term: Term) -> str | None:
    """Return the IRI, or the keyword, that a definition names; None where it names none."""
    return term.get("@id") if isinstance(term, dict) else term


def expand_iri(text: str, local: dict[str, Any]) -> str:
    """Return an IRI without prefixes, of ours or of the local context; one may hide another."""
    for _ in range(_MAX_PREFIXES):
        prefix, colon, rest = text.partition(":")
        if not colon or rest.startswith("//"):
            return text
        known = local.get(prefix, PREFIXES.get(prefix))
        if isinstance(known, dict):
            known = known.get("@id")
        if not isinstance(known, str):
            return text
        text = known + rest
    return text
