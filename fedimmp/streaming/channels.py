"""The names of the streams: what an app asks for, and what a frame is labelled with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fedimmp.errors import BadRequest, Forbidden, Refusal
from fedimmp.web.forms import parse_id
from fedimmp.web.scopes import covers

PLAIN = frozenset(
    {
        "user",
        "user:notification",
        "public",
        "public:media",
        "public:local",
        "public:local:media",
        "public:remote",
        "public:remote:media",
        "direct",
    }
)
# The scopes that open a stream.
SCOPES = frozenset({"read", "read:statuses", "read:notifications"})
TAGGED = frozenset({"hashtag", "hashtag:local"})


@dataclass(frozen=True, slots=True)
class Channel:
    """One stream that a connection listens to; `argument` is a tag's name or a list's id."""

    name: str
    argument: str | None = None

    @property
    def label(self) -> list[str]:
        """The `stream` of a frame, as Mastodon writes it."""
        return [self.name] if self.argument is None else [self.name, self.argument]


def read_channel(words: Mapping[str, Any]) -> Channel:
    """Read `{"stream": ..., "tag": ..., "list": ...}` of a frame or a query.

    Raises BadRequest with a sentence for an unknown stream or a missing argument.
    """
    name = words.get("stream")
    if isinstance(name, str) and name in PLAIN:
        return Channel(name)
    if isinstance(name, str) and name in TAGGED:
        tag = words.get("tag")
        if not isinstance(tag, str) or not tag.strip("# ") or len(tag) > 500:
            raise BadRequest("The stream hashtag needs a tag.")
        return Channel(name, tag.strip("# ").casefold())
    if name == "list":
        list_id = parse_id(words.get("list"))
        if list_id is None:
            raise BadRequest("The stream list needs the id of a list.")
        return Channel(name, str(list_id))
    raise BadRequest("There is no such stream.")


def check_scope(channel: Channel, scopes: frozenset[str]) -> None:
    """Raise Forbidden unless the token may listen to the channel."""
    wanted = "read:notifications" if channel.name == "user:notification" else "read:statuses"
    if not covers(scopes, wanted):
        raise Forbidden("This action is outside the authorized scopes")


def error_frame(refusal: Refusal) -> dict[str, Any]:
    """Shape a refusal as a frame; the connection stays open."""
    return {"error": refusal.sentence, "status": refusal.status}
