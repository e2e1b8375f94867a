"""The activities of our people, from rows. Each is ready to be enqueued, with its id.

Whom an activity goes to is decided by the effect that sends it, see `addressing`.
"""

from typing import Any

from activitypub import writing
from activitypub.audience import audience
from fedimmp.app import App
from fedimmp.outbound.actors import outgoing_actor
from fedimmp.outbound.notes import note_audience, outgoing_note
from storage import accounts, notes
from storage.database import Connection
from storage.errors import NotFound
from storage.ids import new_id
from storage.interactions import Favourite
from storage.notes import NoteRow
from storage.polls import NewVote, Poll
from storage.statuses import Status

Json = dict[str, Any]


def create_of(app: App, row: NoteRow) -> Json:
    """Return the Create of a status of ours, a Question where it has a poll."""
    return writing.create(
        app.uris.note_activity(row.account_id, row.id), outgoing_note(app, row, app.now())
    )


async def update(conn: Connection, app: App, status: Status) -> Json:
    """Return the Update of a status of ours."""
    row = await _row(conn, app, status.id)
    now = app.now()
    return writing.update_note(_fresh(app, row.account_id), outgoing_note(app, row, now), now)


async def delete(_conn: Connection, app: App, status: Status) -> Json:
    """Return the Delete of a status of ours, whose rows may be gone already.

    It names no audience but that of the visibility: who was mentioned is told by delivery.
    """
    to, cc = audience(
        status.visibility,
        app.uris.actor(status.account_id),
        app.uris.followers(status.account_id),
        (),
    )
    return writing.delete(
        _fresh(app, status.account_id), app.uris.actor(status.account_id), status.uri, to, cc
    )


def announce_of(app: App, row: NoteRow) -> Json:
    """Return the Announce of a boost by one of ours; its id is that of the boost."""
    to, cc = note_audience(app, row)
    return writing.announce(
        row.uri, app.uris.actor(row.account_id), row.boosted_uri or "", row.created_at, to, cc
    )


async def undo_announce(conn: Connection, app: App, boost: Status) -> Json:
    """Return the Undo of a boost by one of ours; the boost itself may be gone already."""
    original = {} if boost.reblog_of_id is None else await notes.load(conn, [boost.reblog_of_id])
    actor = app.uris.actor(boost.account_id)
    to, cc = audience(boost.visibility, actor, app.uris.followers(boost.account_id), ())
    boosted_uri = "".join(row.uri for row in original.values())
    undone = writing.announce(boost.uri, actor, boosted_uri, boost.created_at, to, cc)
    return writing.undo(_fresh(app, boost.account_id), actor, undone)


async def like(conn: Connection, app: App, favourite: Favourite, status: Status) -> Json:
    """Return the Like of a favourite by one of ours."""
    author_uri = await _uri_of(conn, status.account_id)
    actor = app.uris.actor(favourite.account_id)
    return writing.like(favourite.uri or "", actor, status.uri, author_uri)


async def undo_like(conn: Connection, app: App, favourite: Favourite, status: Status) -> Json:
    """Return the Undo of a favourite by one of ours."""
    undone = await like(conn, app, favourite, status)
    return writing.undo(_fresh(app, favourite.account_id), undone["actor"], undone)


async def vote(conn: Connection, app: App, vote: NewVote, poll: Poll, status: Status) -> Json:
    """Return one choice of one of ours in a remote poll: a note that is named as the option."""
    author_uri = await _uri_of(conn, status.account_id)
    actor = app.uris.actor(vote.account_id)
    uri = vote.uri or _fresh(app, vote.account_id)
    return {
        "@context": writing.CONTEXT,
        "id": f"{uri}#create",
        "type": "Create",
        "actor": actor,
        "to": [author_uri],
        "object": {
            "id": uri,
            "type": "Note",
            "name": poll.options[vote.choice]["title"],
            "attributedTo": actor,
            "inReplyTo": status.uri,
            "to": [author_uri],
        },
    }


def follow(app: App, account_id: int, *, uri: str, target_uri: str) -> Json:
    """Return the request of one of ours to follow somebody; `uri` is the id of the follow."""
    return writing.follow(uri, app.uris.actor(account_id), target_uri)


def undo_follow(app: App, account_id: int, *, follow_uri: str, target_uri: str) -> Json:
    """Return the end of a follow, or of a request, by one of ours."""
    undone = follow(app, account_id, uri=follow_uri, target_uri=target_uri)
    return writing.undo(_fresh(app, account_id), app.uris.actor(account_id), undone)


def accept_follow(app: App, account_id: int, *, follow_uri: str, follower_uri: str) -> Json:
    """Return the consent of one of ours to be followed."""
    actor = app.uris.actor(account_id)
    request = writing.follow(follow_uri, follower_uri, actor)
    return writing.accept(_fresh(app, account_id), actor, request)


def reject_follow(app: App, account_id: int, *, follow_uri: str, follower_uri: str) -> Json:
    """Return the refusal of one of ours to be followed, also of one who follows already."""
    actor = app.uris.actor(account_id)
    request = writing.follow(follow_uri, follower_uri, actor)
    return writing.reject(_fresh(app, account_id), actor, request)


def block(app: App, account_id: int, *, uri: str, target_uri: str) -> Json:
    """Return the Block of somebody by one of ours."""
    return writing.block(uri, app.uris.actor(account_id), target_uri)


def undo_block(app: App, account_id: int, *, block_uri: str, target_uri: str) -> Json:
    """Return the end of a block by one of ours."""
    undone = block(app, account_id, uri=block_uri, target_uri=target_uri)
    return writing.undo(_fresh(app, account_id), app.uris.actor(account_id), undone)


async def update_actor(conn: Connection, app: App, account_id: int) -> Json:
    """Return the Update of one of our actors."""
    actor = await outgoing_actor(conn, app, account_id)
    return writing.update_actor(_fresh(app, account_id), actor)


async def _row(conn: Connection, app: App, status_id: int) -> NoteRow:
    row = (await notes.load(conn, [status_id])).get(status_id)
    if row is None:
        raise NotFound("There is no such status.")
    learn_key(app, row)
    return row


def learn_key(app: App, row: NoteRow) -> None:
    """Keep the key of an author whose activity is to be proved: no statement must fetch it."""
    if row.author_key is not None:
        app.keys.learn(row.account_id, "ed25519", row.author_key)


async def _uri_of(conn: Connection, account_id: int) -> str:
    uri = (await accounts.uris_of(conn, [account_id])).get(account_id)
    if uri is None:
        raise NotFound("There is no such account.")
    return uri


def _fresh(app: App, account_id: int) -> str:
    return app.uris.activity(account_id, new_id(app.now()))
