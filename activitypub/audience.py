"""Who may read: Mastodon's four visibilities and how they are addressed."""

from collections.abc import Iterable, Sequence
from typing import Literal

from activitypub.vocabulary import PUBLIC, PUBLIC_SPELLINGS

__all__ = ["PUBLIC", "Visibility", "audience", "visibility"]

Visibility = Literal["public", "unlisted", "private", "direct"]


def visibility(
    to: Iterable[str], cc: Iterable[str], followers_url: str | None, *, direct: bool = False
) -> Visibility:
    """Return the visibility that to and cc of a post express.

    Followers in cc without Public, as Friendica and Hubzilla address, are followers only too. With
    `direct` (litepub's directMessage) nothing widens a post beyond those whom it names.
    """
    if direct:
        return "direct"
    primary, secondary = frozenset(to), frozenset(cc)
    if primary & PUBLIC_SPELLINGS:
        return "public"
    if secondary & PUBLIC_SPELLINGS:
        return "unlisted"
    if followers_url is not None and followers_url in primary | secondary:
        return "private"
    return "direct"


def audience(
    visibility: Visibility, actor_uri: str, followers_url: str, mentioned: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (to, cc) for a post of an actor that mentions others; the actor is in neither."""
    others = tuple(dict.fromkeys(uri for uri in mentioned if uri != actor_uri))
    match visibility:
        case "public":
            return (PUBLIC,), (followers_url, *others)
        case "unlisted":
            return (followers_url,), (PUBLIC, *others)
        case "private":
            return (followers_url,), others
        case "direct":
            return others, ()
