"""Flag: somebody at another office wants our moderators to look at one of ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activitypub.errors import Malformed, NotTrusted
from activitypub.objects import Activity
from activitypub.properties import text_of, uris_of
from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.inbound.received import Handler, Outcome, Received
from fedimmp.render.sanitise import clean_lines
from storage import accounts, peers, reports, statuses
from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.reports import NewReport

_MAX_OBJECTS: Final = 100
_MAX_COMMENT: Final = 5000
# An office whose people see that much to complain about should telephone.
_MAX_PER_DAY: Final = 100
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Whom and what is reported, and why; the comment is text, not HTML."""

    uris: tuple[str, ...]
    comment: str


def read_flag(activity: Activity) -> Complaint:
    """Return what is reported: actors, posts, or both (Mastodon sends both in one list)."""
    uris = uris_of(activity.object, _MAX_OBJECTS)
    if not uris:
        raise Malformed("A Flag must have an object.")
    comment = text_of(activity.raw, "content", _MAX_COMMENT)
    return Complaint(tuple(dict.fromkeys(uris)), clean_lines(comment, _MAX_COMMENT))


async def apply_flag(
    tx: Transaction, _app: App, received: Received, complaint: Complaint, now: datetime
) -> Outcome:
    """Store one report for each of ours who is meant; what is not ours is ignored.

    Raises NotTrusted where an office sends more than a day's worth.
    """
    actor = received.account
    meant = await _meant(tx, complaint.uris)
    if not meant or actor.domain is None or "reports" in await peers.refuses(tx, actor.domain):
        return Outcome.DONE
    sent = await reports.count_from_host(tx, actor.domain, now - _DAY)
    if sent + len(meant) > _MAX_PER_DAY:
        raise NotTrusted(f"{actor.domain} has sent more reports than are taken in a day.")
    for target_id, status_ids in meant.items():
        new = NewReport(
            id=new_id(now),
            uri=received.activity.id,
            host=actor.domain,
            account_id=actor.id,
            target_id=target_id,
            status_ids=status_ids,
            comment=complaint.comment,
        )
        if (stored := await reports.insert(tx, new, now)) is not None:
            await notices.staff_told_of_report(tx, stored.id, actor.id, now)
    return Outcome.DONE


async def _meant(conn: Connection, uris: tuple[str, ...]) -> dict[int, list[int]]:
    """Return our people who are named, or whose posts are, each with those posts."""
    people = await accounts.get_many_by_uri(conn, uris)
    posts = await statuses.find_by_uris(conn, uris)
    meant: dict[int, list[int]] = {
        each.id: []
        for each in people.values()
        if each.is_local and each.id != INSTANCE_ACCOUNT_ID and each.deleted_at is None
    }
    for status in posts.values():
        if status.local:
            meant.setdefault(status.account_id, []).append(status.id)
    return meant


FLAG = Handler(read_flag, apply_flag)
