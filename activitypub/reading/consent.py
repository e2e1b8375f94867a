"""What people allow others to do with their posts: quotes, policies, and proofs of consent.

FEP-044f, and the interaction controls of GoToSocial, whose names they share.
"""

from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Authorization, QuotePolicy, Quoting
from activitypub.properties import audience_of, first, link_of, type_of, uri_of
from activitypub.reading.parts import MAX_TAGS, required_id, tags
from activitypub.uris import shown
from activitypub.vocabulary import AUTHORIZATION_TYPES

# Fedibird, Misskey and others: a quote without a way to say whether its author agrees.
_LEGACY_NAMES = ("quoteUrl", "quoteUri", "_misskey_quote")
_QUOTE_RELATION = "https://misskey-hub.net/ns#_misskey_quote"
_MAX_ENTRIES = 50


def read_quoting(document: dict[str, Any]) -> Quoting | None:
    """Return what a post quotes, under any of the names for it; None where it quotes nothing."""
    uri = uri_of(document.get("quote"))
    if uri is not None:
        return Quoting(uri, authorization=uri_of(document.get("quoteAuthorization")))
    for name in _LEGACY_NAMES:
        if (uri := uri_of(document.get(name))) is not None:
            return Quoting(uri, legacy=True)
    return _read_link(document)


def _read_link(document: dict[str, Any]) -> Quoting | None:
    # FEP-e232: a Link among the tags.
    for item in tags(document, "Link")[:MAX_TAGS]:
        if item.get("rel") == _QUOTE_RELATION and (link := link_of(item.get("href"))) is not None:
            return Quoting(link[0], legacy=True)
    return None


def read_quote_policy(document: dict[str, Any]) -> QuotePolicy | None:
    """Return who may quote a post; None where its author says nothing about it."""
    policy = first(document.get("interactionPolicy"))
    rule = first(policy.get("canQuote")) if isinstance(policy, dict) else None
    if not isinstance(rule, dict):
        return None
    # GoToSocial's older names stand beside those of the FEP.
    return QuotePolicy(
        automatic=_entries(rule, "automaticApproval", "always"),
        manual=_entries(rule, "manualApproval", "approvalRequired"),
    )


def _entries(rule: dict[str, Any], name: str, older: str) -> tuple[str, ...]:
    value = rule.get(name)
    return audience_of(rule.get(older) if value is None else value)[:_MAX_ENTRIES]


def read_authorization(document: dict[str, Any]) -> Authorization:
    """Read a proof of consent; raises Malformed unless it names its author and both objects."""
    found = required_id(document, "authorization")
    kind = type_of(document, AUTHORIZATION_TYPES)
    author = uri_of(document.get("attributedTo"))
    interacting = uri_of(document.get("interactingObject"))
    target = uri_of(document.get("interactionTarget"))
    if kind not in AUTHORIZATION_TYPES:
        raise Malformed(f"{shown(found)} is no authorization.")
    if author is None or interacting is None or target is None:
        raise Malformed(f"{shown(found)} does not say who allows what.")
    return Authorization(found, kind, author, interacting, target)
