"""A grammar of the wire: valid activities, and the same with one or several things wrong.

What is wrong stands anywhere in the tree: a property gone, of another kind, wrapped, repeated,
huge, deep, or an id of somebody else, on this host or another, allowed or not.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from activitypub.vocabulary import ACTIVITY_TYPES, ACTOR_TYPES, AS2, NOTE_TYPES, PUBLIC
from tests.hostile.templates import ACTIVITIES, PERSON, POLL, PROOF, RICH, SERVED, Tree

OWN: Final = ("{me}", "{me}/notes/1", "{me}/notes/2", "{me}/followers", "{me}/likes/1", "{odd}/1")
PEERS: Final = (
    *("{caio}", "{caio}/notes/1", "{caio}/followers", "{kenji}", "{kenji}/notes/1"),
    *("{kenji}/notes/2", "{kenji}/notes/404", "{porto}/actor", "{osaka}/inbox", "{osaka}"),
)
OURS: Final = (
    *("{ana}", "{ana}/followers", "{ana}/inbox", "{ana-note}", "{ana-poll}", "{ana-secret}"),
    *("{hq}/inbox", "{hq}/actor", "{hq}/ap/users/7", "{pending}", "{following}", "{hq}/nowhere"),
)
STRANGERS: Final = (
    "{evil}/users/mallory",
    "{evil}/notes/1",
    "{evil}",
    "http://127.0.0.1:{evil-port}/notes/1",
    "http://[::1]:{evil-port}/notes/1",
    "http://stranger.example/users/mallory",
    "https://stranger.example/notes/1",
    "https://{porto-host}.stranger.example/1",
    "{porto}.stranger.example/1",
    "{porto}@stranger.example/1",
    "{porto}\\@stranger.example/1",
    "http://{porto-host}:80@{evil-host}/1",
    "{porto}/leads/away",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:5432/",
    "http://localhost/",
    "https://localhost.stranger.example./1",
)
ODD: Final = (
    *("", " ", "x", "#x", "http://", "http://[", "https://:0/", "//stranger.example/1", "acct:ana"),
    *("javascript:alert(1)", "data:text/html,<p>", "file:///etc/passwd", "tag:porto,2026:1"),
    *(PUBLIC, "as:Public", "Public", AS2, "did:key:z6Mk", "HTTP://LOCALHOST/1", "{me}?a=b#c"),
    *("{me}/../caio", "{me}/notes/%2e%2e/1", "{me}/notes/ü\u202e", "{porto}/" + "a" * 5_000),
    *("{me}\n", "{me}\t/x", "{porto}:99999/1", "{ana}@{hq-host}", "urn:uuid:1"),
)
_TEXTS: Final = (
    *("2026-11-24T12:00:00Z", "9999-12-31T23:59:59+23:59", "yesterday", "PT3S", "und", "-"),
    *("text/html", "image/svg+xml", ":bowl:", "#clay", "@ana", "<script>alert(1)</script>", "\0"),
    *("<p>" * 3_000, "x" * 300_000, "a\u0301" * 500, "\u202e\u2066\ufeff", "🍵" * 50, "%00", "\\"),
    *(*ACTIVITY_TYPES, *ACTOR_TYPES, *NOTE_TYPES, "Tombstone", "Collection", "OrderedCollection"),
    *("Link", "Mention", "Hashtag", "Emoji", "PropertyValue", "Relationship", "Object", "IntransA"),
)
_NAMES: Final = tuple(
    sorted(
        {*ACTIVITIES[0], *RICH, *POLL, *PERSON, *PROOF, "proof", "signature", "movedTo", "@value"}
        | {
            "@id",
            "@type",
            "@language",
            "@list",
            "@graph",
            "as:to",
            "closed",
            "items",
            "orderedItems",
        }
        | {"audience", "bto", "bcc", "likes", "shares", "totalItems", "target", "result", "partOf"}
        | {"source", "icon", "image", "nameMap", "summaryMap", "updated", "instrument", "quoteUrl"}
    )
)

URIS: Final = st.one_of(*(st.sampled_from(each) for each in (OWN, PEERS, OURS, STRANGERS, ODD)))
_NUMBERS: Final = st.sampled_from(
    [0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63) - 1, 10**30, 0.5, 1e300, float("nan")]
)
LEAVES: Final = st.one_of(
    URIS,
    URIS,
    st.sampled_from(_TEXTS),
    st.text(max_size=20),
    _NUMBERS,
    st.sampled_from([None, True, False, [], {}]),
)
VALUES: Final[st.SearchStrategy[Any]] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    ),
    max_leaves=12,
)

Place = tuple[Any, Any]

_FRAME: Final = frozenset({"@context", "id", "type", "actor"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A body with names in braces, and how it is signed and by whose key; see `World.post`."""

    body: str
    modern: bool = False
    key: str = "{me}"
    path: str = "/inbox"
    spoiled: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """What one person sends, in order, and what their office serves as "{odd}/1"."""

    sent: tuple[Sent, ...]
    served: str


def _deep(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"object": value}
    return value


WRAPS: Final[dict[str, Callable[[Any], Any]]] = {
    "list": lambda value: [value],
    "twice": lambda value: [value, value],
    "beside null": lambda value: [None, value, {}],
    "id": lambda value: {"id": value},
    "typed": lambda value: {"type": "Link", "href": value},
    "@id": lambda value: {"@id": value},
    "@value": lambda value: {"@value": value, "@language": "pt"},
    "@list": lambda value: {"@list": [value]},
    "@graph": lambda value: {"@graph": [value]},
    "language map": lambda value: {"pt": value, "": value},
    "text": str,
    "deep": lambda value: _deep(value, 40),
    "too deep": lambda value: _deep(value, 90),
    "many": lambda value: [value] * 300,
}


def _places(tree: Any) -> list[Place]:
    """Return all places of a tree, as container and key."""
    found: list[Place] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            found.append((node, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    return found


@st.composite
def spoiled(draw: st.DrawFn, templates: tuple[Tree, ...]) -> str:
    """Draw a document: a valid one with up to four things wrong, as JSON."""
    tree = copy.deepcopy(draw(st.sampled_from(templates)))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2, 4]))):
        places = _places(tree)
        inner = [each for each in places if each[0] is not tree or each[1] not in _FRAME]
        # Without a sound frame an activity is refused at the door, and nothing more is tried.
        node, key = draw(st.sampled_from([*inner * 10, *places]))
        match draw(st.sampled_from(["drop", "uri", "uri", "odd", "wrap", "wrap", "add", "graft"])):
            case "drop":
                del node[key]
            case "uri":
                node[key] = draw(URIS)
            case "odd":
                node[key] = draw(VALUES)
            case "wrap":
                node[key] = WRAPS[draw(st.sampled_from(sorted(WRAPS)))](node[key])
            case "add":
                where = node if isinstance(node, dict) else tree
                where[draw(st.sampled_from(_NAMES))] = draw(VALUES)
            case _:
                node[key] = copy.deepcopy(draw(st.sampled_from((*ACTIVITIES, RICH, PERSON, PROOF))))
    return json.dumps(tree, ensure_ascii=draw(st.booleans()))


_SPOILS: Final = ("cut", "NUL", "key twice", "BOM", "not UTF-8", "deep", "surrogate", "array")

_SENT: Final = st.builds(
    Sent,
    body=spoiled(ACTIVITIES),
    modern=st.booleans(),
    key=st.sampled_from(["{me}"] * 40 + ["{kenji}", "{ana}", "{evil}/users/mallory", "{odd}/1"]),
    path=st.sampled_from(["/inbox"] * 3 + ["{ana-inbox}", "/actor/inbox"]),
    spoiled=st.sampled_from([""] * 80 + list(_SPOILS)),
)
EXAMPLES: Final = st.builds(
    Example,
    sent=st.lists(_SENT, min_size=1, max_size=6).map(tuple),
    served=spoiled(SERVED),
)


def spoil(body: bytes, how: str) -> bytes:
    """Return a body that is no JSON, or none that two parsers would read alike."""
    match how:
        case "cut":
            return body[: len(body) // 2]
        case "NUL":
            return body.replace(b'"type"', b'"ty\\u0000pe"', 1)
        case "key twice":
            return body.replace(b"{", b'{"id":"x","id":"y",', 1)
        case "BOM":
            return b"\xef\xbb\xbf" + body
        case "not UTF-8":
            return body.replace(b'"', b'"\xff', 1)
        case "deep":
            return b"[" * 20_000 + body + b"]" * 20_000
        case "surrogate":
            return body.replace(b'"', b'"\\ud800', 1)
        case "array":
            return b"[" + body + b"]"
    return body
