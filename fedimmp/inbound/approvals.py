"""Replies of ours that the parent's author has to approve, as on GoToSocial.

A refused reply stays with us: its author wrote it, and nobody over there sees it. Also here are
answers that name what they answer by its id alone.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Activity, Authorization
from activitypub.ownership import check_answer, check_authorization, check_authorization_place
from activitypub.properties import type_of, uri_of
from activitypub.vocabulary import ACTIVITY_TYPES
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_edited
from fedimmp.inbound.follows import ACCEPT, REJECT
from fedimmp.inbound.quotes import ACCEPT_QUOTE, REJECT_QUOTE
from fedimmp.inbound.received import Handler, Outcome, Received
from fedimmp.remote.budget import Budget
from fedimmp.remote.quotes import fetch_authorization
from storage import accounts, approvals, quotes, statuses
from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Approval:
    """Which reply is approved, and where the proof lies; an older Accept is the proof itself."""

    reply_uri: str | None
    result_uri: str | None
    proof: Authorization | None = None


def read_approval(activity: Activity) -> Approval:
    """Return which post is approved: named itself, by its Create, or by the request about it."""
    result = uri_of(activity.raw.get("result"))
    match activity.object:
        case str(uri):
            return Approval(uri, result)
        case dict() as document:
            kind = type_of(document, ACTIVITY_TYPES)
            inner = {"ReplyRequest": "instrument", "Create": "object"}.get(kind or "", "id")
            return Approval(uri_of(document.get(inner)), result)
        case _:
            raise Malformed("An answer must have exactly one object.")


async def apply_approval(
    tx: Transaction, app: App, received: Received, approval: Approval, now: datetime
) -> Outcome:
    """Keep the proof with a reply of ours, and send the reply again with it."""
    reply = None
    if approval.reply_uri is not None:
        reply = await statuses.find_by_uri(tx, approval.reply_uri)
    if reply is None or not reply.local or reply.in_reply_to_id is None:
        return Outcome.DONE
    if await approvals.is_approved(tx, reply.id):
        return Outcome.DONE
    parent = await statuses.get(tx, reply.in_reply_to_id)
    check_answer(received.activity, (await accounts.get(tx, parent.account_id)).uri)
    if approval.result_uri is not None:
        check_authorization_place(approval.result_uri, received.account.uri)
        if approval.proof is None:
            return Outcome.GATHER
        check_authorization(
            approval.proof,
            author=received.account.uri,
            interacting=reply.uri,
            target=parent.uri,
        )
    proof = approval.result_uri or received.activity.id
    if await approvals.approve_reply(tx, reply.id, proof):
        await statuses_edited(tx, app, [reply], now, quietly=True)
    return Outcome.DONE


async def gather_approval(app: App, _received: Received, approval: Approval) -> Approval:
    """Fetch the proof from the office of the parent's author."""
    if approval.result_uri is None:
        return approval
    return replace(approval, proof=await fetch_authorization(app, approval.result_uri, Budget(2)))


APPROVAL = Handler(read_approval, apply_approval, gather=gather_approval)


# ------------------------------------------------------------------------------ answers by id


@dataclass(frozen=True, slots=True)
class Named:
    """An answer that only names what it answers; `handler` and `value` once that was looked up."""

    activity: Activity
    handler: Handler | None = None
    value: Any = None


def read_named(activity: Activity) -> Named:
    """Return the answer as it came."""
    return Named(activity)


async def apply_accept_named(
    tx: Transaction, app: App, received: Received, named: Named, now: datetime
) -> Outcome:
    """Accept what has the id: a request to quote, a reply, or else a follow."""
    if named.handler is not None:
        return await named.handler.apply(tx, app, received, named.value, now)
    handler = await _accepting(tx, named.activity)
    return await handler.apply(tx, app, received, handler.read(named.activity), now)


async def gather_accept_named(app: App, received: Received, named: Named) -> Named:
    """Fetch the proof that the kind of what was accepted asks for."""
    async with app.db.reader() as conn:
        handler = await _accepting(conn, named.activity)
    value = handler.read(named.activity)
    if handler.gather is not None:
        value = await handler.gather(app, received, value)
    return replace(named, handler=handler, value=value)


async def apply_reject_named(
    tx: Transaction, app: App, received: Received, named: Named, now: datetime
) -> Outcome:
    """Refuse what has the id: a request to quote, or else a follow."""
    found = await quotes.find_requested(tx, request_uri=uri_of(named.activity.object))
    handler = REJECT if found is None else REJECT_QUOTE
    return await handler.apply(tx, app, received, handler.read(named.activity), now)


async def _accepting(conn: Connection, activity: Activity) -> Handler:
    uri = uri_of(activity.object)
    if await quotes.find_requested(conn, request_uri=uri) is not None:
        return ACCEPT_QUOTE
    if uri is not None and await statuses.find_by_uri(conn, uri) is not None:
        return APPROVAL
    return ACCEPT


ACCEPT_NAMED = Handler(read_named, apply_accept_named, gather=gather_accept_named)
REJECT_NAMED = Handler(read_named, apply_reject_named)
