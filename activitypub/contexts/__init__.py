"""Our own small JSON-LD contexts: which IRI each term of the field's vocabularies stands for.

CORE holds what ActivityStreams and the security vocabularies define, TERMS also the extensions.
Nothing here is fetched, and nothing is fetched instead.
"""

from typing import Any, Final

from activitypub.contexts.activitystreams import ACTIVITYSTREAMS
from activitypub.contexts.extensions import EXTENSIONS, PREFIXES
from activitypub.contexts.security import SECURITY
from activitypub.vocabulary import AS2, DATA_INTEGRITY_V1, MULTIKEY_V1, SECURITY_V1

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
        "https://w3id.org/security/data-integrity/v2",
        "https://www.w3.org/ns/did/v1",
        "https://www.w3.org/ns/cid/v1",
    }
)


def iri_of(term: Term) -> str | None:
    """Return the IRI, or the keyword, that a definition names; None where it names none."""
    return term.get("@id") if isinstance(term, dict) else term


def expand_iri(text: str, local: dict[str, Any]) -> str:
    """Return an IRI without a prefix of ours or of the local context."""
    prefix, colon, rest = text.partition(":")
    if not colon or rest.startswith("//"):
        return text
    known = local.get(prefix, PREFIXES.get(prefix))
    return known + rest if isinstance(known, str) and "://" in known else text
