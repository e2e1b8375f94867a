"""Who may say what about which object (FEP-fe34): each handler goes through these checks.

The owner of an actor is itself, of an activity its actor, of a key its owner, of any other object
its attributedTo; an id and its owner share one origin. Failures raise NotAuthentic where the
signer is not the one who acts, NotTrusted where the claim oversteps the owner's rights.
"""

from activitypub.errors import NotAuthentic, NotTrusted
from activitypub.objects import Activity, Actor, Note
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


def is_key_of(key_id: str, actor_id: str) -> bool:
    """Say whether a key id is the actor's id with a fragment: then its document is the actor."""
    return without_fragment(key_id) == actor_id
