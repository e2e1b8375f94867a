"""Quotes by consent: the QuoteRequest, its answers, and proofs that are fetched (FEP-044f)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from activitypub.errors import Malformed, NotTrusted, ProtocolError, Unreachable
from activitypub.objects import Activity, Authorization, Note
from activitypub.ownership import (
    check_answer,
    check_authorization,
    check_authorization_place,
    check_instrument,
    check_object,
)
from activitypub.properties import first, uri_of
from activitypub.reading import read_note
from fedimmp.app import App
from fedimmp.consent import permission
from fedimmp.effects import quotes as effects
from fedimmp.effects.requests import request_granted, request_refused
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.notes import ArrivedNote, create_notes
from fedimmp.outbound.requests import Request
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from fedimmp.remote.quotes import fetch_authorization
from storage import quotes, statuses
from storage.database import Transaction
from storage.quotes import Ending, Quote
from storage.statuses import Status

logger = logging.getLogger(__name__)

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Asking:
    """Which post is to be quoted by which; `note` came inlined, `found` was fetched."""

    quoted_uri: str
    instrument_uri: str
    note: Note | None = None
    found: FetchedNote | None = None


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """An Accept or Reject: the request's id, the quoting post, and where the proof lies."""

    request_uri: str | None
    instrument_uri: str | None
    result_uri: str | None
    proof: Authorization | None = None


# ------------------------------------------------------------------------------- requests to ours


def read_request(activity: Activity) -> Asking:
    """Return what the actor wants to quote, and with which post of its own."""
    quoted = object_uri(activity)
    instrument = first(activity.raw.get("instrument"))
    uri = uri_of(instrument)
    if quoted is None or uri is None:
        raise Malformed("A QuoteRequest must name what is quoted, and the post that quotes it.")
    check_instrument(activity, uri)
    if not isinstance(instrument, dict) or "type" not in instrument:
        return Asking(quoted, uri)
    note = read_note(instrument)
    check_object(activity, note)
    if note.quote is None or note.quote.uri != quoted:
        raise Malformed("The post does not quote what the request is about.")
    return Asking(quoted, uri, note)


async def apply_request(
    tx: Transaction, app: App, received: Received, asking: Asking, now: datetime
) -> Outcome:
    """Answer by the policy of the quoted post; what the actor may not see is passed over."""
    actor = received.account
    quoted = await statuses.find_by_uri(tx, asking.quoted_uri)
    if quoted is None or not quoted.local:
        return Outcome.DONE
    if quoted.id not in await statuses.list_visible(tx, actor.id, [quoted.id]):
        return Outcome.DONE
    if await statuses.tombstoned(tx, [received.activity.id, asking.instrument_uri]):
        return Outcome.DONE
    request = Request(
        "QuoteRequest", received.activity.id, actor.uri, quoted.uri, asking.instrument_uri
    )
    terms = await quotes.find_terms(tx, actor.id, quoted.id)
    if quoted.reblog_of_id is not None or permission(terms) != "automatic":
        await request_refused(tx, app, quoted.account_id, actor.id, request, now)
        return Outcome.DONE
    status = await _store_instrument(tx, app, received, asking, now)
    if status is None and asking.note is None and asking.found is None:
        return Outcome.GATHER
    if status is None or not await _grant(tx, app, quoted, status, request, now):
        await request_refused(tx, app, quoted.account_id, actor.id, request, now)
    return Outcome.DONE


async def gather_request(app: App, _received: Received, asking: Asking) -> Asking:
    """Fetch the quoting post where only its id came."""
    return replace(asking, found=await fetch_note(app, asking.instrument_uri, Budget(_FETCHES)))


async def _store_instrument(
    tx: Transaction, app: App, received: Received, asking: Asking, now: datetime
) -> Status | None:
    if asking.note is not None:
        await create_notes(tx, app, [ArrivedNote(asking.note, received.account)], now)
    elif asking.found is not None:
        await store_fetched(tx, app, [asking.found], now)
    status = await statuses.find_by_uri(tx, asking.instrument_uri)
    if status is not None and status.account_id != received.account.id:
        raise NotTrusted("The quoting post belongs to somebody else.")
    return status


async def _grant(
    tx: Transaction, app: App, quoted: Status, status: Status, request: Request, now: datetime
) -> bool:
    """Let the quote count; False where the post quotes something else, or consent was revoked."""
    quote = await quotes.find(tx, status.id)
    if quote is None or quote.quoted_id != quoted.id or quote.state == "revoked":
        return False
    stamp = app.uris.quote_stamp(quoted.account_id, quoted.id, status.id)
    changed = await quotes.accept(tx, status.id, authorization_uri=stamp, request_uri=request.uri)
    await request_granted(tx, app, quoted.account_id, status.account_id, request, stamp, now)
    if changed:
        await effects.quotes_accepted(tx, app, [quote], now)
    return True


# --------------------------------------------------------------------------- answers to requests


def read_answer(activity: Activity) -> QuoteAnswer:
    """Return which QuoteRequest is answered, and where an Accept says that the proof lies."""
    result = uri_of(activity.raw.get("result"))
    match activity.object:
        case str(uri):
            return QuoteAnswer(uri, None, result)
        case dict() as request:
            return QuoteAnswer(uri_of(request.get("id")), uri_of(request.get("instrument")), result)
        case _:
            raise Malformed("An answer must have exactly one object.")


async def find_answered(tx: Transaction, received: Received, answer: QuoteAnswer) -> Quote | None:
    """Return the quote of one of ours that is answered; raises NotTrusted for another's answer."""
    quote = await quotes.find_requested(
        tx, request_uri=answer.request_uri, status_uri=answer.instrument_uri
    )
    if quote is None or quote.quoted_account_uri is None or quote.quoted_local:
        return None
    check_answer(received.activity, quote.quoted_account_uri)
    return quote


async def apply_accept(
    tx: Transaction, app: App, received: Received, answer: QuoteAnswer, now: datetime
) -> Outcome:
    """Let a quote of one of ours count, once the proof was fetched and fits.

    The first proof counts: each other one would be sent to everybody who has the quote.
    """
    quote = await find_answered(tx, received, answer)
    if quote is None or quote.state in ("accepted", "revoked"):
        return Outcome.DONE
    if answer.result_uri is None:
        raise NotTrusted("The Accept does not say where the authorization lies.")
    check_authorization_place(answer.result_uri, received.account.uri)
    if answer.result_uri in await statuses.tombstoned(tx, [answer.result_uri]):
        return Outcome.DONE
    if answer.proof is None:
        return Outcome.GATHER
    check_authorization(
        answer.proof,
        author=received.account.uri,
        interacting=quote.status_uri,
        target=quote.quoted_uri,
    )
    if await quotes.accept(tx, quote.status_id, authorization_uri=answer.proof.id):
        await effects.quotes_accepted(tx, app, [quote], now)
    return Outcome.DONE


async def gather_accept(app: App, _received: Received, answer: QuoteAnswer) -> QuoteAnswer:
    """Fetch the proof from the office of the quoted author."""
    if answer.result_uri is None:
        return answer
    return replace(answer, proof=await fetch_authorization(app, answer.result_uri, Budget(2)))


async def apply_reject(
    tx: Transaction, app: App, received: Received, answer: QuoteAnswer, now: datetime
) -> Outcome:
    """End a quote of one of ours, whether it was agreed to before or not."""
    quote = await find_answered(tx, received, answer)
    if quote is None:
        return Outcome.DONE
    state: Ending = "revoked" if quote.state == "accepted" else "rejected"
    if await quotes.end(tx, quote.status_id, state):
        await effects.quotes_ended(tx, app, [quote], now)
    return Outcome.DONE


async def withdraw_consent(
    tx: Transaction, app: App, received: Received, uri: str, now: datetime
) -> None:
    """End the quotes that stand on a deleted proof of the actor."""
    ended = [
        quote
        for quote in await quotes.list_authorized(tx, uri)
        if quote.quoted_account_id == received.account.id
        and await quotes.end(tx, quote.status_id, "revoked")
    ]
    await effects.quotes_ended(tx, app, ended, now)


# ------------------------------------------------------------------------------ proofs of others


async def verify_quote(app: App, payload: Mapping[str, Any]) -> None:
    """Fetch what a remote post quotes, if need be, and the proof that it may (a job).

    Raises Unreachable, so that the job is tried again later.
    """
    status_id, depth = int(payload["status_id"]), int(payload["depth"])
    authorization: str | None = payload["authorization"]
    async with app.db.reader() as conn:
        quote = await quotes.find(conn, status_id)
        gone = await statuses.tombstoned(conn, [authorization] if authorization else [])
    if quote is None or quote.quoted_local or gone:
        return
    budget = Budget(_FETCHES)
    try:
        found = None if quote.quoted_id else await fetch_note(app, quote.quoted_uri, budget)
    except Unreachable:
        raise
    except ProtocolError as error:
        logger.info("what %s quotes is not to be had: %s", quote.status_uri, error)
        return
    proof = await _fetch_proof(app, quote, found, authorization, budget)
    now = app.now()

    async def work(tx: Transaction) -> None:
        if found is not None:
            await store_fetched(tx, app, [found], now, backfill=True, quotes=depth - 1)
        await _conclude(tx, app, status_id, proof, now, claimed=authorization is not None)

    await app.db.transact(work)


async def _fetch_proof(
    app: App, quote: Quote, found: FetchedNote | None, uri: str | None, budget: Budget
) -> Authorization | None:
    """Return the proof if it fits, else None."""
    author = quote.quoted_account_uri if found is None else found.note.attributed_to
    if uri is None or author is None or author == quote.account_uri:
        return None
    try:
        check_authorization_place(uri, author)
        proof = await fetch_authorization(app, uri, budget)
        check_authorization(
            proof, author=author, interacting=quote.status_uri, target=quote.quoted_uri
        )
        return proof
    except Unreachable:
        raise
    except ProtocolError as error:
        logger.info("the quote %s has no consent: %s", quote.status_uri, error)
        return None


async def _conclude(
    tx: Transaction,
    app: App,
    status_id: int,
    proof: Authorization | None,
    now: datetime,
    *,
    claimed: bool,
) -> None:
    quote = await quotes.find(tx, status_id)
    if quote is None or quote.quoted_id is None or quote.quoted_local:
        return
    is_own = quote.quoted_account_id == quote.account_id
    if not quote.quoted_is_boost and (
        is_own or (proof is not None and proof.interaction_target == quote.quoted_uri)
    ):
        uri = None if proof is None else proof.id
        if await quotes.accept(tx, status_id, authorization_uri=uri):
            await effects.quotes_accepted(tx, app, [quote], now)
    elif claimed and await quotes.end(tx, status_id, "rejected"):
        await effects.quotes_ended(tx, app, [quote], now)


QUOTE_REQUEST = Handler(read_request, apply_request, gather=gather_request)
ACCEPT_QUOTE = Handler(read_answer, apply_accept, gather=gather_accept)
REJECT_QUOTE = Handler(read_answer, apply_reject)
