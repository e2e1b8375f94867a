"""Our activities as documents."""

from collections.abc import Sequence
from datetime import datetime

from activitypub.vocabulary import PUBLIC
from activitypub.writing.actors import OutgoingActor, actor
from activitypub.writing.context import ACTOR_CONTEXT, CONTEXT, Json, embedded, timestamp
from activitypub.writing.notes import OutgoingNote, note, tombstone


def create(activity_id: str, post: OutgoingNote) -> Json:
    """Return the Create of a post, addressed as the post is."""
    return _activity("Create", activity_id, post.actor, embedded(note(post))) | {
        "published": timestamp(post.published),
        "to": list(post.to),
        "cc": list(post.cc),
    }


def vote(
    activity_id: str,
    vote_id: str,
    actor_uri: str,
    *,
    option: str,
    question_uri: str,
    author_uri: str,
    published: datetime,
) -> Json:
    """Return the Create of a vote: a post without content whose name is the exact option."""
    ballot: Json = {
        "id": vote_id,
        "type": "Note",
        "attributedTo": actor_uri,
        "name": option,
        "inReplyTo": question_uri,
        "to": [author_uri],
    }
    return _activity("Create", activity_id, actor_uri, ballot) | {
        "published": timestamp(published),
        "to": [author_uri],
    }


def update_note(activity_id: str, post: OutgoingNote, published: datetime) -> Json:
    """Return the Update of a post."""
    return _activity("Update", activity_id, post.actor, embedded(note(post))) | {
        "published": timestamp(published),
        "to": list(post.to),
        "cc": list(post.cc),
    }


def update_actor(activity_id: str, member: OutgoingActor) -> Json:
    """Return the Update of an actor."""
    return _activity("Update", activity_id, member.uri, embedded(actor(member))) | {
        "@context": ACTOR_CONTEXT,
        "to": [PUBLIC],
        "cc": [member.followers],
    }


def delete(
    activity_id: str,
    actor_uri: str,
    object_uri: str,
    to: Sequence[str] = (PUBLIC,),
    cc: Sequence[str] = (),
) -> Json:
    """Return the Delete of a post, or of the actor itself if the object is the actor."""
    deleted = object_uri if object_uri == actor_uri else embedded(tombstone(object_uri))
    return _activity("Delete", activity_id, actor_uri, deleted) | {"to": list(to), "cc": list(cc)}


def announce(
    activity_id: str,
    actor_uri: str,
    object_uri: str,
    published: datetime,
    to: Sequence[str],
    cc: Sequence[str],
) -> Json:
    """Return the boost of a post, by its id."""
    return _activity("Announce", activity_id, actor_uri, object_uri) | {
        "published": timestamp(published),
        "to": list(to),
        "cc": list(cc),
    }


def like(activity_id: str, actor_uri: str, object_uri: str, author_uri: str) -> Json:
    """Return the favourite of a post, addressed to its author."""
    return _activity("Like", activity_id, actor_uri, object_uri) | {"to": [author_uri]}


def follow(activity_id: str, actor_uri: str, target_uri: str) -> Json:
    """Return the request to follow an actor."""
    return _activity("Follow", activity_id, actor_uri, target_uri) | {"to": [target_uri]}


def accept(activity_id: str, actor_uri: str, request: Json, result: str | None = None) -> Json:
    """Return the Accept of a Follow or a request; request is that whole activity.

    result is the id of the authorization that the request was for.
    """
    answer = _answer("Accept", activity_id, actor_uri, request)
    return answer if result is None else answer | {"result": result}


def reject(activity_id: str, actor_uri: str, request: Json) -> Json:
    """Return the Reject of a Follow or a request, also of one that was accepted before."""
    return _answer("Reject", activity_id, actor_uri, request)


def undo(activity_id: str, actor_uri: str, activity: Json) -> Json:
    """Return the Undo of an activity of the same actor, addressed as that one was."""
    audience = {name: activity[name] for name in ("to", "cc") if name in activity}
    return _activity("Undo", activity_id, actor_uri, embedded(activity)) | audience


def move(activity_id: str, actor_uri: str, target_uri: str, followers: str) -> Json:
    """Return the word to the followers of an actor that it goes on as another one."""
    return _activity("Move", activity_id, actor_uri, actor_uri) | {
        "target": target_uri,
        "to": [followers],
    }


def flag(activity_id: str, actor_uri: str, objects: Sequence[str], comment: str) -> Json:
    """Return a report of an actor and posts; it names nobody who complains, and no audience."""
    return _activity("Flag", activity_id, actor_uri, list(objects)) | {"content": comment}


def update_manifest(activity_id: str, actor_uri: str, manifest_uri: str, version: int) -> Json:
    """Return the news that there is a version of an organisation's manifest, and nothing of it."""
    about = {"id": manifest_uri, "type": "Document", "name": f"version {version}"}
    return _activity("Update", activity_id, actor_uri, about)


def add(
    activity_id: str,
    actor_uri: str,
    item: Json | str,
    collection: str,
    to: Sequence[str],
    cc: Sequence[str] = (),
) -> Json:
    """Return the Add of a post, by its id, or of a hashtag to a collection of the actor."""
    return _collected("Add", activity_id, actor_uri, item, collection, to, cc)


def remove(
    activity_id: str,
    actor_uri: str,
    item: Json | str,
    collection: str,
    to: Sequence[str],
    cc: Sequence[str] = (),
) -> Json:
    """Return the Remove of a post, by its id, or of a hashtag from a collection of the actor."""
    return _collected("Remove", activity_id, actor_uri, item, collection, to, cc)


def block(activity_id: str, actor_uri: str, target_uri: str) -> Json:
    """Return the Block of an actor; it goes to nobody but the blocked one's server."""
    return _activity("Block", activity_id, actor_uri, target_uri) | {"to": [target_uri]}


def _collected(
    kind: str,
    activity_id: str,
    actor_uri: str,
    item: Json | str,
    collection: str,
    to: Sequence[str],
    cc: Sequence[str],
) -> Json:
    return _activity(kind, activity_id, actor_uri, item) | {
        "target": collection,
        "to": list(to),
        "cc": list(cc),
    }


def _activity(kind: str, activity_id: str, actor_uri: str, inner: Json | str | list[str]) -> Json:
    return {
        "@context": CONTEXT,
        "id": activity_id,
        "type": kind,
        "actor": actor_uri,
        "object": inner,
    }


def _answer(kind: str, activity_id: str, actor_uri: str, request: Json) -> Json:
    # Pleroma and Lemmy find the request by its parts, others by its id: all of it, nothing else.
    parts: Json = {
        name: request[name]
        for name in ("id", "type", "actor", "object", "instrument")
        if name in request
    }
    return _activity(kind, activity_id, actor_uri, parts) | {"to": [request["actor"]]}
