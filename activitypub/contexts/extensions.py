"""The terms that Mastodon, Misskey, GoToSocial, Pleroma and the FEPs add."""

from typing import Any, Final

PREFIXES: Final[dict[str, str | dict[str, Any]]] = {
    "as": "https://www.w3.org/ns/activitystreams#",
    "fedibird": "http://fedibird.com/ns#",
    "gts": "https://gotosocial.org/ns#",
    "ldp": "http://www.w3.org/ns/ldp#",
    "litepub": "http://litepub.social/ns#",
    "misskey": "https://misskey-hub.net/ns#",
    "ostatus": "http://ostatus.org#",
    "schema": "http://schema.org#",
    "sec": "https://w3id.org/security#",
    "toot": "http://joinmastodon.org/ns#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "wf": "https://purl.archive.org/socialweb/webfinger#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_FEP_044F: Final = "https://w3id.org/fep/044f#"
_TOOT: Final = "http://joinmastodon.org/ns#"
_GTS: Final = "https://gotosocial.org/ns#"

EXTENSIONS: Final[dict[str, str | dict[str, Any]]] = {
    "Emoji": _TOOT + "Emoji",
    "attributionDomains": {"@id": _TOOT + "attributionDomains", "@container": "@set"},
    "blurhash": _TOOT + "blurhash",
    "discoverable": _TOOT + "discoverable",
    "featured": {"@id": _TOOT + "featured", "@type": "@id"},
    "featuredTags": {"@id": _TOOT + "featuredTags", "@type": "@id"},
    "focalPoint": {"@id": _TOOT + "focalPoint", "@container": "@list"},
    "indexable": _TOOT + "indexable",
    "memorial": _TOOT + "memorial",
    "suspended": _TOOT + "suspended",
    "votersCount": _TOOT + "votersCount",
    "PropertyValue": "http://schema.org#PropertyValue",
    "value": "http://schema.org#value",
    "atomUri": "http://ostatus.org#atomUri",
    "conversation": "http://ostatus.org#conversation",
    "inReplyToAtomUri": "http://ostatus.org#inReplyToAtomUri",
    "ChatMessage": "http://litepub.social/ns#ChatMessage",
    "EmojiReact": "http://litepub.social/ns#EmojiReact",
    "directMessage": "http://litepub.social/ns#directMessage",
    "_misskey_content": "https://misskey-hub.net/ns#_misskey_content",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
    "_misskey_reaction": "https://misskey-hub.net/ns#_misskey_reaction",
    "_misskey_summary": "https://misskey-hub.net/ns#_misskey_summary",
    "_misskey_votes": "https://misskey-hub.net/ns#_misskey_votes",
    "isCat": "https://misskey-hub.net/ns#isCat",
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "quoteUrl": "https://www.w3.org/ns/activitystreams#quoteUrl",
    "quote": {"@id": _FEP_044F + "quote", "@type": "@id"},
    "quoteAuthorization": {"@id": _FEP_044F + "quoteAuthorization", "@type": "@id"},
    "QuoteAuthorization": _FEP_044F + "QuoteAuthorization",
    "QuoteRequest": _FEP_044F + "QuoteRequest",
    "LikeRequest": _GTS + "LikeRequest",
    "ReplyRequest": _GTS + "ReplyRequest",
    "AnnounceRequest": _GTS + "AnnounceRequest",
    **{
        f"{act}{kind}": f"{_GTS}{act}{kind}"
        for act in ("Like", "Reply", "Announce")
        for kind in ("Authorization", "Approval")
    },
    "replyAuthorization": {"@id": _GTS + "replyAuthorization", "@type": "@id"},
    "always": {"@id": _GTS + "always", "@type": "@id"},
    "approvalRequired": {"@id": _GTS + "approvalRequired", "@type": "@id"},
    "approvedBy": {"@id": _GTS + "approvedBy", "@type": "@id"},
    "automaticApproval": {"@id": _GTS + "automaticApproval", "@type": "@id"},
    "canAnnounce": {"@id": _GTS + "canAnnounce", "@type": "@id"},
    "canLike": {"@id": _GTS + "canLike", "@type": "@id"},
    "canQuote": {"@id": _GTS + "canQuote", "@type": "@id"},
    "canReply": {"@id": _GTS + "canReply", "@type": "@id"},
    "interactingObject": {"@id": _GTS + "interactingObject", "@type": "@id"},
    "interactionPolicy": {"@id": _GTS + "interactionPolicy", "@type": "@id"},
    "interactionTarget": {"@id": _GTS + "interactionTarget", "@type": "@id"},
    "manualApproval": {"@id": _GTS + "manualApproval", "@type": "@id"},
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}
