"""JSON-LD as far as the field needs it: the same document with the terms that we read.

A document whose contexts give each term its usual meaning is read as plain JSON. Another one is
expanded and compacted with our own contexts, within tight bounds. Contexts are never fetched: one
that is not known counts as empty. Documents are never canonicalised (that can take hours).
"""

from typing import Any

from pyld import jsonld

from activitypub.contexts import CORE, ROOTS, TERMS, expand_iri, iri_of, is_known
from activitypub.errors import Malformed
from activitypub.properties import listed
from activitypub.vocabulary import AS2

# What may cost pyld about 50 ms.
MAX_VALUES = 300
MAX_DEPTH = 24
MAX_CONTEXTS = 16
MAX_DEFINITIONS = 300

# They rearrange a document, or the meaning of its terms, behind the back of a plain reader.
_REFUSED = frozenset({"@graph", "@included", "@reverse", "@nest", "@import", "@propagate"})
_PLAIN_KEYWORDS = frozenset({"@context", "@value", "@language", "@list", "@direction"})
_HARMLESS_DEFINITIONS = frozenset({"@language", "@version", "@direction", "@protected"})
_AS_NAMESPACE = AS2 + "#"
_CORE_IRIS = frozenset(iri for value in CORE.values() if (iri := iri_of(value)) is not None)
# PeerTube up to 6 gives pictures a second name beside the usual one. Nothing is decided by these.
_HARMLESS_IRIS = frozenset({f"{_AS_NAMESPACE}icon"})

_USUAL_KEYS = frozenset(term for term in TERMS if ":" not in term and not term.startswith("@"))

JsonObject = dict[str, Any]


def normalise(document: JsonObject) -> JsonObject:
    """Return a document in which each term has its usual name and meaning; raises Malformed.

    Refused: a missing @context, one without ActivityStreams or a vocabulary of keys, and the
    keywords that restructure a graph. The input has passed documents.parse_document.
    """
    contexts = listed(document.get("@context"))
    if not contexts:
        raise Malformed("The document has no @context.")
    rooted = any(isinstance(context, str) and context in ROOTS for context in contexts)
    if rooted and _is_plain(document):
        return document
    if not rooted and not _defines_activitystreams(document, contexts):
        raise Malformed("The @context of the document is not that of ActivityStreams.")
    return _compact(document)


def _is_plain(document: JsonObject) -> bool:
    """Say whether the document means what it says when it is read as plain JSON."""
    stack: list[Any] = [document]
    plain = True
    while stack:
        value = stack.pop()
        if type(value) is list:
            stack.extend(value)
        elif type(value) is dict:
            # The terms of the field are spelled without a colon, and are no keywords.
            if not value.keys() <= _USUAL_KEYS and not _has_plain_keys(value):
                plain = False
            for key, inner in value.items():
                kind = type(inner)
                if (kind is dict or kind is list) and key != "@context":
                    stack.append(inner)
    return plain


def _has_plain_keys(value: JsonObject) -> bool:
    plain = True
    for key, inner in value.items():
        if key == "@context":
            plain = _is_usual(inner) and plain
        elif key in _REFUSED:
            raise Malformed(f"The document uses {key}, which is not accepted.")
        elif ":" in key or (key.startswith("@") and not _is_plain_keyword(key, value)):
            plain = False
    return plain


def _is_plain_keyword(key: str, around: JsonObject) -> bool:
    # The type of a typed value changes nothing; that of an object has a plain name.
    return key in _PLAIN_KEYWORDS or (key == "@type" and "@value" in around)


def _is_usual(contexts: object) -> bool:
    """Say whether contexts leave the core terms alone and give them no second name."""
    usual = True
    # A prefix may be defined in one part of the context and used in another.
    defined: JsonObject = {}
    for context in listed(contexts):
        if isinstance(context, str):
            continue
        if not isinstance(context, dict) or len(defined) + len(context) > MAX_DEFINITIONS:
            raise Malformed("The @context of the document is malformed.")
        defined |= context
        for term, value in context.items():
            if term in _REFUSED or _holds_refused(value):
                raise Malformed("The @context uses a keyword that is not accepted.")
            usual = _is_usual_term(term, value, defined) and usual
    return usual


def _is_usual_term(term: str, value: object, context: JsonObject) -> bool:
    if term.startswith("@"):
        return term in _HARMLESS_DEFINITIONS or (term == "@vocab" and value == _AS_NAMESPACE)
    if isinstance(value, dict):
        if "@context" in value:
            return False
        value = value.get("@id", term)
    if not isinstance(value, str):
        return term not in CORE
    iri = expand_iri(value, context)
    if term in CORE:
        return iri == iri_of(CORE[term])
    return iri not in _CORE_IRIS or iri in _HARMLESS_IRIS


def _holds_refused(value: object) -> bool:
    return isinstance(value, dict) and any(key in _REFUSED for key in value)


def _defines_activitystreams(document: JsonObject, contexts: list[Any]) -> bool:
    for context in contexts:
        if isinstance(context, dict) and any(
            isinstance(value, str) and value.startswith(_AS_NAMESPACE)
            for value in (iri_of(term) for term in context.values() if isinstance(term, str | dict))
        ):
            return True
    return any(key.startswith(_AS_NAMESPACE) for key in document)


def _compact(document: JsonObject) -> JsonObject:
    _is_plain(document)
    _check_bounds(document)
    options = {"documentLoader": _load_context, "processingMode": "json-ld-1.1"}
    try:
        compacted = jsonld.compact(document, {"@context": TERMS}, options)
    except (jsonld.JsonLdError, RecursionError, ValueError, TypeError, KeyError) as error:
        raise Malformed("The document is not valid JSON-LD.") from error
    if not isinstance(compacted, dict) or "@graph" in compacted or "type" not in compacted:
        raise Malformed("The document is not a single object of ActivityStreams.")
    return compacted | {"@context": AS2}


def _check_bounds(document: JsonObject) -> None:
    level: list[Any] = [document]
    seen = contexts = 0
    for _depth in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
                contexts += len(listed(value.get("@context")))
            elif isinstance(value, list):
                below.extend(value)
        seen += len(below)
        if seen > MAX_VALUES:
            raise Malformed("The document is too large for an unusual @context.")
        # Reading one of them anew costs pyld two milliseconds.
        if contexts > MAX_CONTEXTS:
            raise Malformed("The document has too many contexts.")
        if not below:
            return
        level = below
    raise Malformed("The document is nested too deeply for an unusual @context.")


def _load_context(url: str, _options: object) -> JsonObject:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": {"@context": TERMS if is_known(url) else {}},
    }
