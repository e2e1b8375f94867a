"""What happens when a post is quoted, when that begins to count, and when it ends.

The rows are changed already (`storage.quotes`).
"""

from collections.abc import Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.effects.statuses import statuses_edited
from fedimmp.outbound import addressing, requests
from storage import notifications, statuses
from storage.database import Transaction
from storage.notifications import NotificationDraft
from storage.quotes import Quote


async def quote_published(tx: Transaction, app: App, quote: Quote, now: datetime) -> None:
    """Ask the author of a remote post whether ours may quote it; tell our own who is quoted."""
    if quote.quoted_local:
        await notices.notified(tx, _drafts([quote]), now)
    elif quote.request_uri is not None and quote.quoted_account_id is not None:
        await addressing.enqueue(
            tx,
            app,
            account_id=quote.account_id,
            activity=await requests.quote_request(tx, app, quote),
            status_id=quote.status_id,
            account_ids=[quote.quoted_account_id],
            now=now,
        )


async def quotes_accepted(
    tx: Transaction, app: App, quotes: Sequence[Quote], now: datetime
) -> None:
    """Show quotes that count now: to streams, to our own who is quoted, and ours to all offices."""
    await notices.notified(tx, _drafts(quotes), now)
    await _changed(tx, app, quotes, now)


async def quotes_ended(tx: Transaction, app: App, quotes: Sequence[Quote], now: datetime) -> None:
    """Take back quotes as they were before they ended.

    Where the consent was one of ours, everybody whom the stamp may have reached is told; of a post
    that is not for everybody its author alone, since the stamp names it.
    """
    if not quotes:
        return
    await notifications.delete_matching(tx, _drafts(quotes))
    await _changed(tx, app, quotes, now)
    for quote in quotes:
        author_id = quote.quoted_account_id
        if author_id is None or not quote.quoted_local or quote.authorization_uri is None:
            continue
        await addressing.enqueue(
            tx,
            app,
            account_id=author_id,
            activity=requests.revoke_quote(app, author_id, quote, quote.authorization_uri),
            followers=quote.is_open,
            everyone=quote.is_open,
            account_ids=[quote.account_id],
            now=now,
        )


async def _changed(tx: Transaction, app: App, quotes: Sequence[Quote], now: datetime) -> None:
    found = await statuses.get_many(tx, [quote.status_id for quote in quotes])
    await statuses_edited(tx, app, list(found.values()), now, quietly=True)


def _drafts(quotes: Sequence[Quote]) -> list[NotificationDraft]:
    return [
        NotificationDraft(quote.quoted_account_id, "quote", quote.account_id, quote.status_id)
        for quote in quotes
        if quote.quoted_account_id is not None and quote.quoted_account_id != quote.account_id
    ]
