"""LikeRequest, ReplyRequest and AnnounceRequest: others ask before they react (GoToSocial).

Whoever sees a post of ours may favourite and answer it, and boost what is for everybody. The
reaction itself comes later, with the proof; nothing is done for the request but to answer it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activitypub.errors import Malformed
from activitypub.objects import Activity
from activitypub.ownership import check_instrument
from activitypub.properties import uri_of
from fedimmp.app import App
from fedimmp.effects.requests import request_granted, request_refused
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.outbound.requests import Request
from storage import approvals, statuses
from storage.approvals import Approval, Kind
from storage.database import Transaction
from storage.ids import new_id
from storage.statuses import Status

_KINDS: Final[dict[str, Kind]] = {
    "LikeRequest": "like",
    "ReplyRequest": "reply",
    "AnnounceRequest": "announce",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """Which post somebody wants to react to, how, and with what."""

    kind: Kind
    status_uri: str
    instrument_uri: str


def read_request(activity: Activity) -> Asking:
    """Return what the actor asks leave for; the reaction lies on its own origin."""
    target, instrument = object_uri(activity), uri_of(activity.raw.get("instrument"))
    if target is None or instrument is None:
        raise Malformed("A request must name a post, and what is to be done to it.")
    check_instrument(activity, instrument)
    return Asking(_KINDS[activity.type], target, instrument)


async def apply_request(
    tx: Transaction, app: App, received: Received, asking: Asking, now: datetime
) -> Outcome:
    """Answer; a request about what the actor may not see is passed over."""
    actor = received.account
    status = await statuses.find_by_uri(tx, asking.status_uri)
    if status is None or not status.local or status.reblog_of_id is not None:
        return Outcome.DONE
    if status.id not in await statuses.list_visible(tx, actor.id, [status.id]):
        return Outcome.DONE
    request = Request(
        received.activity.type,
        received.activity.id,
        actor.uri,
        status.uri,
        asking.instrument_uri,
    )
    approval_id = None
    if _is_allowed(status, asking.kind):
        new = Approval(new_id(now), status.id, actor.id, asking.kind, asking.instrument_uri)
        approval_id = await approvals.insert(tx, new, now)
    if approval_id is None:
        await request_refused(tx, app, status.account_id, actor.id, request, now)
        return Outcome.DONE
    proof = app.uris.approval(status.account_id, status.id, approval_id)
    await request_granted(tx, app, status.account_id, actor.id, request, proof, now)
    return Outcome.DONE


def _is_allowed(status: Status, kind: Kind) -> bool:
    return kind != "announce" or status.visibility in {"public", "unlisted"}


REACTION_REQUEST = Handler(read_request, apply_request)
