"""Who may quote whose posts: the words of a policy, and what they mean for one person."""

from collections.abc import Sequence
from typing import Final, Literal

from storage.quotes import Terms

# What a member can choose, and the words of the policy that it stands for.
CHOICES: Final = {"public": ("public",), "followers": ("followers",), "nobody": ()}

Permission = Literal["automatic", "manual", "denied", "unknown"]


def own_policy(visibility: str, chosen: Sequence[str] | None) -> tuple[str, ...]:
    """Return who may quote a post of ours; by default everybody, and never what is not for all."""
    if visibility not in {"public", "unlisted"}:
        return ()
    return ("public",) if chosen is None else tuple(chosen)


def automatic_policy(terms: Terms) -> tuple[str, ...]:
    """Return whose quotes are approved unasked; without a word of a remote author, nobody's."""
    if terms.local:
        return own_policy(terms.visibility, terms.automatic)
    return terms.automatic or ()


def permission(terms: Terms) -> Permission:
    """Return what becomes of a quote by the viewer: approved, looked at, refused, or nobody knows.

    Authors may always quote themselves, and others only what is public or unlisted.
    """
    if terms.is_own:
        return "automatic"
    if terms.blocked or terms.visibility not in {"public", "unlisted"}:
        return "denied"
    if _covers(automatic_policy(terms), terms):
        return "automatic"
    manual = terms.manual or ()
    if _covers(manual, terms):
        return "manual"
    unknown = "unsupported_policy" in (*automatic_policy(terms), *manual)
    return "unknown" if unknown else "denied"


def _covers(policy: Sequence[str], terms: Terms) -> bool:
    return (
        "public" in policy
        or ("followers" in policy and terms.follows)
        or ("following" in policy and terms.followed_by)
    )
