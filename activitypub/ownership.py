"""Who may say what about which object (FEP-fe34): each handler goes through these checks.

The owner of an actor is itself, of an activity its actor, of a key its owner, of any other object
its attributedTo; an id and its owner share one origin. Failures raise NotAuthentic where the
signer is not the one who acts, NotTrusted where the claim oversteps the owner's rights.
"""

from collections.abc import Sequence

from activitypub.errors import NotAuthentic, NotTrusted
from activitypub.objects import Activity, Actor, Authorization, Note
from activitypub.uris import same_origin, without_fragment


def check_key_owner(key_id: str, owner: str) -> None:
    """Check that a key lies on the origin of its owner; raises NotAuthentic."""
    if not same_origin(key_id, owner):
        raise NotAuthentic("The key and its owner lie on different hosts.")


def check_activity_owner(activity: Activity, key_owner: str) -> None:
    """Check that the signer is the actor and that the activity lies on its origin."""
    if activity.actor != key_owner:
        raise NotAuthentic("The signer is not the actor of the activity.")
    if not same_origin(activity.id, activity.actor):
        raise NotAuthentic("The activity and its actor lie on different hosts.")


def check_proof_key(activity: Activity, key_id: str) -> None:
    """Check that the key of an integrity proof lies on the actor's origin, before it is fetched."""
    if not same_origin(key_id, activity.actor):
        raise NotAuthentic("The key of the proof and the actor lie on different hosts.")


def check_proof_owner(activity: Activity, key_owner: str) -> None:
    """Check that who made the integrity proof is the actor."""
    if activity.actor != key_owner:
        raise NotAuthentic("The proof is not made by the actor of the activity.")


def check_object(activity: Activity, note: Note) -> None:
    """Check that a post in a Create or an Update belongs to the actor."""
    check_note(note)
    if note.attributed_to != activity.actor:
        raise NotTrusted("The actor is not the author of the post.")


def check_note(note: Note) -> None:
    """Check that a post lies on the origin of its author, however it came here."""
    if not same_origin(note.id, note.attributed_to):
        raise NotTrusted("The post and its author lie on different hosts.")


def check_actor_update(activity: Activity, actor: Actor) -> None:
    """Check that an actor is updated by nobody else."""
    if actor.id != activity.actor:
        raise NotTrusted("An actor can be updated by itself only.")


def check_move(activity: Activity, moved: str) -> None:
    """Check that an actor is moved by nobody else."""
    if moved != activity.actor:
        raise NotTrusted("An actor can move itself only.")


def check_alias(activity: Activity, aliases: Sequence[str]) -> None:
    """Check that where an actor moves to knows it by its old id.

    aliases are the alsoKnownAs of the target, as its own origin tells them.
    """
    if activity.actor not in aliases:
        raise NotTrusted("The target of the move does not name the old account as its own.")


def check_delete(activity: Activity, object_uri: str, author: str | None) -> None:
    """Check a Delete: the actor deletes itself, or an object of its own.

    author is None where the object is unknown: then the origin alone decides, so that the
    tombstone keeps out a Create that comes late.
    """
    if not same_origin(object_uri, activity.actor):
        raise NotTrusted("The deleted object lies on another host than the actor.")
    if author is not None and author != activity.actor:
        raise NotTrusted("The deleted object belongs to somebody else.")


def check_same_actor(activity: Activity, inner_actor: str | None) -> None:
    """Check that what an Undo takes back was done by the same actor (None: unknown)."""
    if inner_actor is not None and inner_actor != activity.actor:
        raise NotTrusted("An actor can undo its own activities only.")


def check_answer(activity: Activity, asked: str) -> None:
    """Check that an Accept or a Reject comes from the one who was asked."""
    if activity.actor != asked:
        raise NotTrusted("Only the one who was asked may answer.")


def check_authorization_place(uri: str, author: str) -> None:
    """Check that a proof of consent lies on the origin of the one who is said to agree."""
    if not same_origin(uri, author):
        raise NotTrusted("The authorization and the author who gives it lie on different hosts.")


def check_authorization(
    authorization: Authorization, *, author: str, interacting: str, target: str
) -> None:
    """Check that a fetched proof is the author's, and is about these two objects (FEP-044f)."""
    check_authorization_place(authorization.id, author)
    if authorization.attributed_to != author:
        raise NotTrusted("The authorization is not from the author of the post.")
    if (
        authorization.interacting_object != interacting
        or authorization.interaction_target != target
    ):
        raise NotTrusted("The authorization is about other posts.")


def is_key_of(key_id: str, actor_id: str) -> bool:
    """Say whether a key id is the actor's id with a fragment: then its document is the actor."""
    return without_fragment(key_id) == actor_id
