"""Quoting posts, allowing it, and taking that back (FEP-044f)."""

import dataclasses
from datetime import datetime

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.consent import CHOICES, permission
from fedimmp.effects.quotes import quote_published, quotes_ended
from fedimmp.effects.statuses import statuses_edited
from fedimmp.errors import Forbidden, Invalid, NotFound
from fedimmp.services.drafts import QuoteChoice
from storage import quotes, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.quotes import NewQuote
from storage.statuses import NewMention, NewStatus, Status

_OPEN = frozenset({"public", "unlisted"})


async def access_quoted(tx: Transaction, author_id: int, status_id: int | None) -> Status | None:
    """Return the post that somebody wants to quote, of a boost what it boosts.

    Raises NotFound for what they may not see or not quote: the two look the same.
    """
    if status_id is None:
        return None
    status = await access_status(tx, author_id, status_id)
    if status.reblog_of_id is not None:
        status = await access_status(tx, author_id, status.reblog_of_id)
    if permission(await quotes.find_terms(tx, author_id, status.id)) == "denied":
        raise NotFound
    return status


def with_quote(app: App, new: NewStatus, quoted: Status, now: datetime) -> NewStatus:
    """Let a new post of ours quote another one, which its author may still have to agree to.

    What quotes a post that is not for all is not for all either. Raises Invalid for a direct post
    that quotes somebody whom it is not for.
    """
    is_own = quoted.account_id == new.account_id
    named = {mention.account_id for mention in new.mentions}
    if new.visibility == "direct" and not is_own and quoted.account_id not in named:
        raise Invalid("Validation failed: Quoted author must be mentioned in a direct post")
    if quoted.visibility not in _OPEN and new.visibility in _OPEN:
        new = dataclasses.replace(new, visibility="private")
    mentions = new.mentions
    if new.visibility == "private" and not is_own and quoted.account_id not in named:
        # Nobody can agree to what they may not read.
        mentions = (*mentions, NewMention(quoted.account_id, silent=True))
    if is_own:
        quote = NewQuote(quoted.uri, state="accepted")
    elif quoted.local:
        stamp = app.uris.quote_stamp(quoted.account_id, quoted.id, new.id)
        quote = NewQuote(quoted.uri, state="accepted", authorization_uri=stamp)
    else:
        request = app.uris.activity(new.account_id, new_id(now))
        quote = NewQuote(quoted.uri, request_uri=request)
    return dataclasses.replace(new, mentions=mentions, quote=quote)


async def quote_stored(tx: Transaction, app: App, status_id: int, now: datetime) -> None:
    """Have all follow that follows from the quote in a new post of ours."""
    quote = await quotes.find(tx, status_id)
    if quote is not None:
        await quote_published(tx, app, quote, now)


def policy_for(visibility: str, choice: QuoteChoice | None) -> tuple[str, ...] | None:
    """Return the policy that a choice means; None for the default, and where nobody may anyway."""
    if choice is None or visibility not in _OPEN:
        return None
    return CHOICES[choice]


async def apply_policy(tx: Transaction, status: Status, choice: QuoteChoice | None) -> bool:
    """Keep a choice for a post; False when it changes nothing."""
    if choice is None or status.visibility not in _OPEN:
        return False
    return await quotes.set_policy(tx, status.id, policy_for(status.visibility, choice))


async def set_policy(app: App, account_id: int, status_id: int, choice: QuoteChoice | None) -> None:
    """Let somebody decide who may quote a post of theirs from now on; quotes that are stay.

    Raises NotFound for what they may not see, Forbidden for the post of somebody else.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        await access_status(tx, account_id, status_id)
        status = await statuses.lock(tx, status_id)
        if status is None:
            raise NotFound
        if status.account_id != account_id or status.reblog_of_id is not None:
            raise Forbidden
        if await apply_policy(tx, status, choice):
            await statuses_edited(tx, app, [status], now, quietly=True)

    await app.db.transact(work)


async def revoke(app: App, account_id: int, status_id: int, quoting_id: int) -> None:
    """Take back the consent of a post's author to its quote; twice is as once.

    Raises NotFound for a post that they may not see or that is not quoted by this one, Forbidden
    for the post of somebody else.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        status = await access_status(tx, account_id, status_id)
        quote = await quotes.find(tx, quoting_id)
        if quote is None or quote.quoted_id != status.id:
            raise NotFound
        if status.account_id != account_id:
            raise Forbidden
        await access_status(tx, account_id, quoting_id)
        if await quotes.end(tx, quoting_id, "revoked"):
            await quotes_ended(tx, app, [quote], now)

    await app.db.transact(work)
