"""Integrity proofs of what our people say to everybody (FEP-8b32).

Private posts carry none: who was trusted with one could prove to others what it says.
"""

from datetime import datetime

from activitypub.properties import listed
from activitypub.signatures.proofs import prove
from activitypub.vocabulary import NOTE_TYPES, PUBLIC
from activitypub.writing import CONTEXT, Json, timestamp
from fedimmp.app import App
from storage.database import Connection


async def prove_note(conn: Connection, app: App, account_id: int, note: Json) -> Json:
    """Return a public or unlisted post of ours with its author's proof, any other as it is.

    The proof bears the time of the revision, so that a revision with the same counts has one form:
    the one in its Create is the one at its own address.
    """
    if not is_public(note):
        return note
    key = await app.keys.signing_key(conn, account_id, "ed25519")
    revised = note.get("updated") or note["published"]
    return prove({"@context": CONTEXT} | note, key, _whole_seconds(revised))


async def prove_activity(
    conn: Connection, app: App, account_id: int, activity: Json, now: datetime
) -> Json:
    """Return a public activity of ours with its actor's proof, its post with one of its own.

    Any other is returned as it is.
    """
    if not is_public(activity):
        return activity
    post = activity["object"]
    if isinstance(post, dict) and post.get("type") in NOTE_TYPES:
        activity = activity | {"object": await prove_note(conn, app, account_id, post)}
    key = await app.keys.signing_key(conn, account_id, "ed25519")
    return prove(activity, key, _whole_seconds(activity.get("published") or timestamp(now)))


def _whole_seconds(time: str) -> str:
    # Fedify writes a time anew before it verifies, without the zeros at its end.
    return f"{time[:19]}Z"


def is_public(document: Json) -> bool:
    """Tell whether a post or an activity is addressed to everybody."""
    return PUBLIC in listed(document.get("to")) or PUBLIC in listed(document.get("cc"))
