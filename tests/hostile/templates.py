"""Valid activities of one person, of every kind that is on the wire, as a start for worse ones.

Names in braces stand for what an example knows only when it runs, see `tests.hostile.world`.
"""

from typing import Any, Final

from activitypub.vocabulary import AS2, PUBLIC

Tree = dict[str, Any]

ME: Final = "{me}"
NOTE: Final = "{me}/notes/1"
STAMP: Final = "2026-11-01T10:00:00Z"


def activity(kind: str, thing: object, **more: Any) -> Tree:
    """Return an activity of the person."""
    return {
        "@context": AS2,
        "id": f"{{me}}/{kind.lower()}/{{number}}",
        "type": kind,
        "actor": ME,
        "object": thing,
        "to": [PUBLIC],
        "cc": ["{me}/followers"],
    } | more


def note(uri: str = "{me}/notes/{number}", **more: Any) -> Tree:
    """Return a post of the person."""
    return {
        "id": uri,
        "type": "Note",
        "attributedTo": ME,
        "content": "<p>Bom dia</p>",
        "published": STAMP,
        "to": [PUBLIC],
        "cc": ["{me}/followers", "{ana}"],
    } | more


def follow(follower: str, followed: str, uri: str) -> Tree:
    return {"type": "Follow", "id": uri, "actor": follower, "object": followed}


PERSON: Final[Tree] = {
    "id": ME,
    "type": "Person",
    "preferredUsername": "{name}",
    "name": "Bela",
    "summary": "<p>Potter</p>",
    "inbox": "{me}/inbox",
    "outbox": "{me}/outbox",
    "followers": "{me}/followers",
    "following": "{me}/following",
    "featured": "{me}/featured",
    "endpoints": {"sharedInbox": "{porto}/inbox"},
    "alsoKnownAs": ["{caio}"],
    "icon": {"type": "Image", "mediaType": "image/png", "url": "{porto}/face.png"},
    "attachment": [{"type": "PropertyValue", "name": "Desk", "value": "4"}],
    "tag": [{"type": "Hashtag", "name": "#clay", "href": "{porto}/tags/clay"}],
    "publicKey": {"id": "{me}#main-key", "owner": ME, "publicKeyPem": "{pem}"},
}

RICH: Final = note(
    summary="Careful",
    sensitive=True,
    contentMap={"pt": "<p>Bom dia</p>", "en": "<p>Good morning</p>"},
    inReplyTo="{ana-note}",
    context="{porto}/contexts/1",
    conversation="tag:porto,2026:1",
    url=[{"type": "Link", "href": "{me}/pages/1", "mediaType": "text/html"}],
    attachment=[
        {
            "type": "Document",
            "mediaType": "image/png",
            "url": "{porto}/1.png",
            "name": "A bowl",
            "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
            "focalPoint": [0.5, -0.5],
            "width": 64,
            "height": 48,
        }
    ],
    tag=[
        {"type": "Mention", "href": "{ana}", "name": "@ana@{hq-host}"},
        {"type": "Hashtag", "href": "{porto}/tags/clay", "name": "#clay"},
        {
            "type": "Emoji",
            "id": "{porto}/emojis/1",
            "name": ":bowl:",
            "icon": {"type": "Image", "mediaType": "image/png", "url": "{porto}/bowl.png"},
        },
    ],
    replies={"type": "Collection", "id": "{me}/notes/1/replies", "first": {"items": [ME]}},
    interactionPolicy={"canQuote": {"automaticApproval": [PUBLIC]}},
)
POLL: Final = note(
    type="Question",
    oneOf=[
        {"type": "Note", "name": "tea", "replies": {"type": "Collection", "totalItems": 1}},
        {"type": "Note", "name": "mate", "replies": {"type": "Collection", "totalItems": 2}},
    ],
    endTime="2030-01-01T00:00:00Z",
    votersCount=3,
)
QUOTE: Final = note(
    quote="{ana-note}", quoteUri="{ana-note}", quoteAuthorization="{odd}/1", _misskey_quote="{ana}"
)
VOTE: Final = {
    "id": "{me}/votes/{number}",
    "type": "Note",
    "name": "tea",
    "attributedTo": ME,
    "inReplyTo": "{ana-poll}",
    "to": "{ana}",
}
TOMBSTONE: Final = {"id": NOTE, "type": "Tombstone", "formerType": "Note", "deleted": STAMP}
PROOF: Final = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": STAMP,
    "verificationMethod": "{me}#ed25519-key",
    "proofPurpose": "assertionMethod",
    "proofValue": "z3P1",
}
AUTHORIZATION: Final = {
    "@context": AS2,
    "id": "{odd}/1",
    "type": "QuoteAuthorization",
    "attributedTo": "{ana}",
    "interactingObject": NOTE,
    "interactionTarget": "{ana-note}",
}

_TITLED: Final = ("Article", "Page", "Image", "Audio", "Video", "Event")

ACTIVITIES: Final[tuple[Tree, ...]] = (
    activity("Create", note()),
    activity("Create", RICH),
    activity("Create", POLL),
    activity("Create", QUOTE),
    *(activity("Create", note(type=kind, name="Kiln")) for kind in _TITLED),
    activity("Create", VOTE, to=["{ana}"], cc=[]),
    activity("Create", [VOTE, VOTE | {"id": "{me}/votes/b", "name": "mate"}], to=["{ana}"]),
    activity("Create", "{odd}/1"),
    activity("Create", note(to=["{ana}"], cc=[]), to=["{ana}"], cc=[]),
    activity("Create", note(), proof=PROOF),
    activity("Update", note(NOTE, content="<p>Boa tarde</p>", updated="2026-11-02T10:00:00Z")),
    activity("Update", RICH | {"id": NOTE, "updated": "2026-11-02T10:00:00Z"}),
    activity("Update", POLL | {"id": "{me}/notes/2"}),
    activity("Update", PERSON),
    activity("Update", NOTE),
    activity("Update", ME),
    activity("Delete", NOTE),
    activity("Delete", TOMBSTONE),
    activity("Announce", "{ana-note}", published=STAMP),
    activity("Announce", "{kenji}/notes/2"),
    activity("Announce", "{odd}/1"),
    activity("Announce", activity("Create", note())),
    activity("Announce", activity("Create", note("{kenji}/notes/2", attributedTo="{kenji}"))),
    activity("Announce", activity("Delete", "{caio}/notes/1", actor="{caio}")),
    activity("Announce", activity("Like", "{ana-note}", actor="{caio}")),
    activity("Like", "{ana-note}"),
    activity("Like", "{ana-note}", content=":bowl:", tag=RICH["tag"]),
    activity("EmojiReact", "{ana-note}", content="🍵"),
    activity("Follow", "{ana}"),
    activity("Follow", "{kenji}"),
    activity("Accept", follow("{ana}", ME, "{ana}/activities/1")),
    activity("Accept", follow("{ana}", "{caio}", "{pending}")),
    activity("Accept", "{pending}"),
    activity("Accept", note("{ana-note}", attributedTo="{ana}"), result="{odd}/1"),
    activity("Reject", follow("{ana}", "{kenji}", "{following}")),
    activity("Reject", "{following}"),
    activity("Reject", activity("QuoteRequest", NOTE, actor="{ana}", instrument="{ana-note}")),
    activity("Undo", activity("Like", "{ana-note}", id="{me}/likes/1")),
    activity("Undo", activity("Announce", "{ana-note}", id="{me}/announces/1")),
    activity("Undo", follow(ME, "{ana}", "{me}/follows/1")),
    activity("Undo", "{me}/likes/1"),
    activity("Undo", activity("Like", "{ana-note}", actor="{kenji}", id="{kenji}/like/1")),
    activity("Undo", activity("Block", "{ana}", id="{me}/block/1")),
    activity("Block", "{ana}"),
    activity("Flag", ["{ana}", "{ana-note}"], content="Rude"),
    activity("Move", ME, target="{caio}"),
    activity("Move", ME, target="{kenji}"),
    activity("Move", "{kenji}", target=ME),
    activity("Add", NOTE, target="{me}/featured"),
    activity("Remove", NOTE, target="{me}/featured"),
    activity("Add", "{ana-note}", target="{ana}/featured"),
    activity("QuoteRequest", "{ana-note}", instrument=QUOTE),
    activity("LikeRequest", "{ana-note}", instrument="{me}/likes/2"),
    activity("ReplyRequest", "{ana-note}", instrument=note(inReplyTo="{ana-note}")),
    activity("AnnounceRequest", "{ana-note}", instrument="{me}/announces/2"),
    activity("Read", "{ana-note}"),
    activity("View", ["{ana-note}"]),
    # After these nothing more is heard of the person.
    activity("Update", PERSON | {"suspended": True}),
    activity("Delete", ME),
)

# What the person's office answers where a document of its own was named.
SERVED: Final[tuple[Tree, ...]] = (
    {"@context": AS2} | note("{odd}/1"),
    {"@context": AS2} | RICH | {"id": "{odd}/1"},
    {"@context": AS2} | POLL | {"id": "{odd}/1"},
    {"@context": AS2} | PERSON | {"id": "{odd}/1", "preferredUsername": "caio"},
    {"@context": AS2} | note("{odd}/1", attributedTo="{kenji}"),
    {"@context": AS2} | note("{ana-note}", attributedTo="{ana}", content="<p>Forged</p>"),
    {"@context": AS2} | note("{kenji}/notes/1", attributedTo="{kenji}", content="<p>Forged</p>"),
    AUTHORIZATION,
    activity("Create", note(), id="{odd}/1"),
)
