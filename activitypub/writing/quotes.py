"""Quotes by consent as documents (FEP-044f): what quotes, who may, the request, and the stamp."""

from dataclasses import dataclass

from activitypub.objects import QuotePolicy
from activitypub.vocabulary import AS2, GTS_TERMS, LD_JSON, PUBLIC
from activitypub.writing.context import CONTEXT, Json, embedded

_RELATION = "https://misskey-hub.net/ns#_misskey_quote"


@dataclass(frozen=True, slots=True)
class OutgoingQuote:
    """What a post quotes: its id, its page, and the stamp of its author once there is one."""

    uri: str
    url: str
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """The consent of `author` to what `interacting` does to `target`; all are ids.

    By default the one post quotes the other; other types are those of GoToSocial.
    """

    uri: str
    author: str
    interacting: str
    target: str
    type: str = "QuoteAuthorization"


def quote_properties(quote: OutgoingQuote) -> Json:
    """Return the properties of a post that quotes, under the names of the FEP and older ones."""
    properties: Json = {
        "quote": quote.uri,
        "quoteUri": quote.uri,
        "_misskey_quote": quote.uri,
    }
    if quote.authorization is not None:
        properties["quoteAuthorization"] = quote.authorization
    return properties


def quote_link(quote: OutgoingQuote) -> Json:
    """Return the tag by which readers of FEP-e232 know a quote."""
    return {
        "type": "Link",
        "mediaType": f'{LD_JSON}; profile="{AS2}"',
        "rel": _RELATION,
        "href": quote.uri,
        "name": f"RE: {quote.url}",
    }


def interaction_policy(policy: QuotePolicy) -> Json:
    """Return who may quote a post; it is advice, consent is what the stamp says."""
    return {
        "canQuote": {
            "automaticApproval": list(policy.automatic),
            "manualApproval": list(policy.manual),
        }
    }


def stamp(consent: Stamp) -> Json:
    """Return the proof of consent, in which nothing is embedded."""
    is_quote = consent.type == "QuoteAuthorization"
    return {
        "@context": CONTEXT if is_quote else [*CONTEXT, GTS_TERMS],
        "id": consent.uri,
        "type": consent.type,
        "attributedTo": consent.author,
        "interactingObject": consent.interacting,
        "interactionTarget": consent.target,
    }


def quote_request(
    activity_id: str, actor_uri: str, quoted: str, author: str, instrument: Json | str
) -> Json:
    """Return the request to the author of a post that a post of the actor may quote it."""
    return {
        "@context": CONTEXT,
        "id": activity_id,
        "type": "QuoteRequest",
        "actor": actor_uri,
        "to": [author],
        "object": quoted,
        "instrument": instrument if isinstance(instrument, str) else embedded(instrument),
    }


def revoke(activity_id: str, consent: Stamp, quoting_author: str, *, public: bool) -> Json:
    """Return the Delete of a stamp: the quote is not agreed to any more.

    `public` says that everybody may know of the post that quotes.
    """
    return {
        "@context": CONTEXT,
        "id": activity_id,
        "type": "Delete",
        "actor": consent.author,
        "to": [quoting_author],
        "cc": [PUBLIC] if public else [],
        "object": embedded(stamp(consent)),
    }
