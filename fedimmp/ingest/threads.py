"""How a post finds its thread: what it answers, and the conversation that it is part of.

What is missing is fetched by jobs of their own, and no peer can have us fetch without end.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from activitypub.errors import Malformed
from activitypub.objects import Note
from activitypub.uris import host_of, same_origin
from fedimmp.app import App
from storage import jobs, statuses, threads, trust
from storage.database import Transaction
from storage.statuses import Status

# A chain of unknown parents is followed this far upwards (SEC-112 of our security tests).
MAX_ANCESTORS: Final = 50
# So many wait for one host at most; what else it names is found when somebody looks at the thread.
_MOST_PARENTS_WAITING: Final = 200
# The offices of a thread are asked for its other posts no more often than this.
THREAD_PAUSE: Final = timedelta(minutes=10)


def conversation_of(note: Note) -> str | None:
    """Return the conversation that a post says it is part of, None where it may not say so.

    Its parent's conversation counts for more. Nobody names one of an office that has neither the
    post nor what it answers, and so puts it among what is said there.
    """
    uri = note.context or note.conversation
    if uri is None:
        return None
    return uri if any(_is_of(uri, each) for each in (note.id, note.in_reply_to) if each) else None


async def seek_parents(tx: Transaction, app: App, stored: Sequence[Status], ancestors: int) -> None:
    """Have unknown parents at allowed hosts fetched by jobs of their own."""
    missing = {
        status.in_reply_to_uri: status.uri
        for status in stored
        if status.in_reply_to_uri is not None and status.in_reply_to_id is None
    }
    if not missing:
        return
    gone = await statuses.tombstoned(tx, sorted(missing))
    hosts = {
        uri: host
        for uri in sorted(missing.keys() - gone)
        if not app.uris.is_local(uri) and (host := _host(uri)) is not None
    }
    allowed = await trust.allowed_among(tx, sorted(set(hosts.values())), app.now())
    wanted = {uri: host for uri, host in hosts.items() if host in allowed}
    waiting = dict(await jobs.count_waiting(tx, "fetch_parent", set(wanted.values())))
    for uri, host in wanted.items():
        if waiting.get(host, 0) >= _MOST_PARENTS_WAITING:
            continue
        if not app.people.errands.spend(host_of(missing[uri])):
            continue
        waiting[host] = waiting.get(host, 0) + 1
        payload = {"uri": uri, "ancestors": ancestors - 1}
        await jobs.enqueue(tx, "fetch_parent", payload, key=uri, host=host)


async def seek_thread(tx: Transaction, status: Status, now: datetime) -> None:
    """Have the other posts of a thread fetched, unless that was asked for a moment ago."""
    if not may_be_sought(status):
        return
    conversation_id = status.conversation_id or status.id
    if await threads.claim_fetch(tx, conversation_id, now, now - THREAD_PAUSE):
        payload = {"status_id": status.id, "everywhere": True}
        await jobs.enqueue(
            tx, "fetch_thread", payload, key=str(conversation_id), host=_asked(status)
        )


async def seek_own_replies(tx: Transaction, status: Status) -> None:
    """Have those replies to a new post fetched that its own office keeps.

    Nobody has asked for them, so no other office is asked: a liar could name all of its posts.
    """
    if may_be_sought(status):
        payload = {"status_id": status.id, "everywhere": False}
        await jobs.enqueue(
            tx, "fetch_thread", payload, key=f"{status.id} alone", host=_asked(status)
        )


def may_be_sought(status: Status) -> bool:
    """Tell whether other offices may be asked about a thread: only for what everybody may read."""
    return (
        status.visibility in ("public", "unlisted")
        and status.reblog_of_id is None
        and status.conversation_id is not None
    )


def _is_of(conversation: str, post: str) -> bool:
    if same_origin(conversation, post):
        return True
    # tag:HOST,DATE:... as Mastodon has long used.
    host = _host(post)
    return host is not None and conversation.startswith(f"tag:{host},")


def _asked(status: Status) -> str:
    return "" if status.local else host_of(status.uri)


def _host(uri: str) -> str | None:
    try:
        return host_of(uri)
    except Malformed:
        return None
