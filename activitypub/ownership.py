"""Who may say what about which object (FEP-fe34): each handler goes through these checks.

Failures raise NotAuthentic where it is not proved who speaks, NotTrusted where somebody who is
proved oversteps an owner's rights. The rules, of which each function applies one or two:

- Origin: scheme, host and port of an id. An object and its owner share one origin.
- Owner: of an actor itself, of an activity its actor, of a key its owner or controller, of a
  collection the actor whose document names it, of any other object its attributedTo.
- Authentic is what was fetched from the place that its id names; or is signed, in the request or
  inside, by a key of its owner; or is embedded in something authentic with the same owner and
  origin, or without an id of its own. All else that is embedded counts as a mere id.
- Rights: only the owner creates, changes, deletes, moves or features what is its own, and takes
  back what it did; only the one who was asked answers; only the author agrees to a quote. What an
  activity says about its actor alone (a follow, a favourite, a boost by id, a block, a report) is
  covered by who the actor is.
"""

from collections.abc import Sequence

from activitypub.errors import NotAuthentic, NotTrusted
from activitypub.objects import Activity, Actor, Authorization, Note
from activitypub.synchronisation import Synchronisation
from activitypub.uris import same_origin, wire_url, without_fragment


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


def is_in_its_place(object_id: str, location: str) -> bool:
    """Say whether what was fetched is what its id names; location is the URL that answered."""
    return wire_url(object_id) == location


def check_object(activity: Activity, note: Note) -> None:
    """Check that a post in a Create or an Update belongs to the actor."""
    check_note(note)
    if note.attributed_to != activity.actor:
        raise NotTrusted("The actor is not the author of the post.")


def check_named(activity: Activity, object_uri: str) -> None:
    """Check that what is only named lies on the actor's origin; who owns it shows once fetched."""
    if not same_origin(object_uri, activity.actor):
        raise NotTrusted("The object lies on another host than the actor.")


def check_vote(activity: Activity, vote_id: str | None, author: str | None) -> None:
    """Check that a vote is the actor's; one without an id or an author belongs to its activity."""
    if author not in (None, activity.actor):
        raise NotTrusted("An actor can vote for itself only.")
    if vote_id is not None and not same_origin(vote_id, activity.actor):
        raise NotTrusted("The vote and the actor lie on different hosts.")


def check_note(note: Note) -> None:
    """Check that a post lies on the origin of its author, however it came here."""
    if not same_origin(note.id, note.attributed_to):
        raise NotTrusted("The post and its author lie on different hosts.")


def check_item(note: Note, author: str) -> None:
    """Check that a post in an actor's own collection, authentic itself, belongs to that actor."""
    check_note(note)
    if note.attributed_to != author:
        raise NotTrusted("The post in the collection belongs to somebody else.")


def check_known(note: Note, uri: str, author: str) -> None:
    """Check that a fetched post is the stored one: the same id, and the same author."""
    if (note.id, note.attributed_to) != (uri, author):
        raise NotTrusted("The post belongs to somebody else.")


def owns_collection(
    activity: Activity, collection: str | None, *, named: Sequence[str | None]
) -> bool:
    """Say whether the actor's own document names a collection that it adds to or removes from."""
    return (
        collection is not None and collection in named and same_origin(collection, activity.actor)
    )


def check_synchronisation(said: Synchronisation, actor: str, followers: str | None) -> None:
    """Check that an actor speaks of its own followers, and lists them on its own origin.

    followers is the collection that the actor's own document names (FEP-8fcf).
    """
    if said.collection != followers or not same_origin(said.collection, actor):
        raise NotTrusted("An actor can speak of its own followers only.")
    if not same_origin(said.url, actor):
        raise NotTrusted("The followers are listed on another host than the actor.")


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


def check_undone(activity: Activity, undone_id: str | None, undone_actor: str | None) -> None:
    """Check that what an Undo takes back was done by the same actor.

    The actor is None where only an id came: then the handler finds the doer in what is stored.
    """
    is_others = undone_actor is not None and undone_actor != activity.actor
    if is_others or (undone_id is not None and not same_origin(undone_id, activity.actor)):
        raise NotTrusted("An actor can undo its own activities only.")


def check_answer(activity: Activity, asked: str) -> None:
    """Check that an Accept or a Reject comes from the one who was asked."""
    if activity.actor != asked:
        raise NotTrusted("Only the one who was asked may answer.")


def check_instrument(activity: Activity, uri: str) -> None:
    """Check that what the actor wants something done with lies on its own origin."""
    if not same_origin(uri, activity.actor):
        raise NotTrusted("What is asked for lies on another host than the actor.")


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
