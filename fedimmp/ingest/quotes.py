"""What a verified post says about quotes: what it quotes, by whose leave, and who may quote it.

Nothing here asks the network: a proof that must be fetched becomes a job.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from activitypub.audience import PUBLIC
from activitypub.objects import Note, Quoting
from activitypub.uris import host_of, same_origin
from fedimmp.app import App
from fedimmp.effects.quotes import quotes_accepted, quotes_ended
from storage import jobs, quotes
from storage.accounts import Account
from storage.database import Transaction
from storage.quotes import NewQuote, Quote
from storage.statuses import Status

# A quote within a quote is fetched, and no further one (SEC-114 of our security tests).
MAX_QUOTE_DEPTH = 2


def new_quote(note: Note) -> NewQuote | None:
    """Return what a post quotes, which nobody agreed to yet; its own claim is no proof."""
    claim = note.quote
    if claim is None or claim.uri == note.id:
        return None
    return NewQuote(claim.uri, legacy=claim.legacy)


def policy_of(note: Note, author: Account) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return whose quotes are approved unasked, and by hand, in our words; None: nothing said."""
    if note.quote_policy is None:
        return None, None
    return (
        _words(note.quote_policy.automatic, author),
        _words(note.quote_policy.manual, author),
    )


def _words(entries: Sequence[str], author: Account) -> tuple[str, ...]:
    known = {PUBLIC: "public", author.followers_url: "followers", author.following_url: "following"}
    words = {known.get(entry, "unsupported_policy") for entry in entries if entry != author.uri}
    return tuple(sorted(words))


async def settle_quotes(
    tx: Transaction,
    app: App,
    claims: Mapping[str, Quoting],
    stored: Sequence[Status],
    now: datetime,
    *,
    depth: int = MAX_QUOTE_DEPTH,
) -> None:
    """Decide about the quotes of new posts, or have proofs fetched; `claims` are by post id."""
    quoting = [status.id for status in stored if status.uri in claims]
    if not quoting:
        return
    for quote in await quotes.find_many(tx, quoting):
        await _settle(tx, app, quote, claims[quote.status_uri], now, depth)


async def update_quote(
    tx: Transaction, app: App, status: Status, note: Note, author: Account, now: datetime
) -> None:
    """Take over what a newer form of a stored post says about quotes.

    A quote that counts ends where its author's office stops naming the proof.
    """
    if note.updated is not None and note.updated < (status.edited_at or status.created_at):
        return
    await quotes.set_policy(tx, status.id, *policy_of(note, author))
    known, claimed = await quotes.find(tx, status.id), new_quote(note)
    if claimed is None or note.quote is None:
        await _end(tx, app, known, now)
        return
    if known is None or known.quoted_uri != claimed.quoted_uri:
        await _end(tx, app, known, now)
        await quotes.replace(tx, status.id, claimed)
        known = await quotes.find(tx, status.id)
    elif known.quoted_local or known.quoted_account_id == known.account_id:
        return
    elif known.state == "accepted":
        if note.quote.authorization is None:
            await _end(tx, app, known, now)
        if note.quote.authorization in (None, known.authorization_uri):
            return
    if known is not None:
        await _settle(tx, app, known, note.quote, now, MAX_QUOTE_DEPTH)


async def _settle(
    tx: Transaction, app: App, quote: Quote, claim: Quoting, now: datetime, depth: int
) -> None:
    if quote.state == "accepted" and claim.authorization in (None, quote.authorization_uri):
        return
    if quote.quoted_is_boost:
        await quotes.end(tx, quote.status_id, "rejected")
        return
    if quote.quoted_account_id == quote.account_id:
        if await quotes.accept(tx, quote.status_id, authorization_uri=None):
            await quotes_accepted(tx, app, [quote], now)
        return
    # About a post of ours only our own rows decide, see the QuoteRequest.
    if quote.quoted_local or app.uris.is_local(quote.quoted_uri) or depth <= 0:
        return
    host = host_of(quote.status_uri)
    if _is_promising(quote, claim) and app.people.errands.spend(host):
        payload = {
            "status_id": quote.status_id,
            "authorization": claim.authorization,
            "depth": depth,
        }
        await jobs.enqueue(tx, "verify_quote", payload, key=str(quote.status_id), host=host)


def _is_promising(quote: Quote, claim: Quoting) -> bool:
    """Whether a fetch could make the quote count: by its proof, or as one of the author's own."""
    if claim.authorization is not None:
        return same_origin(claim.authorization, quote.quoted_uri)
    return quote.quoted_id is None and same_origin(quote.quoted_uri, quote.account_uri)


async def _end(tx: Transaction, app: App, known: Quote | None, now: datetime) -> None:
    if known is not None and await quotes.end(tx, known.status_id, "revoked"):
        await quotes_ended(tx, app, [known], now)
