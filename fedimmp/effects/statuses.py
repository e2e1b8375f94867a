"""What happens when statuses are published, edited or deleted, here or at another office.

Boosts are statuses too, with `reblog_of_id`. Each function takes a batch, in the transaction that
stored it, and runs a fixed number of statements.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.outbound import activities, addressing
from storage import events, fanout, jobs, notifications, search_words, status_audiences
from storage.database import Transaction
from storage.events import NewEvent
from storage.fanout import Spread
from storage.notifications import NotificationDraft
from storage.removals import Removed
from storage.status_audiences import Audience
from storage.statuses import Status

# How long a redraft may take to attach the files of the deleted status again.
_REDRAFT_TIME = timedelta(hours=24)


async def statuses_published(
    tx: Transaction,
    app: App,
    statuses: Sequence[Status],
    now: datetime,
    *,
    backfill: bool = False,
) -> None:
    """Spread new statuses: home timelines, counters, notifications, streams, deliveries.

    With `backfill` the statuses are old ones that were fetched: nobody is told of them.
    """
    if not statuses:
        return
    adopted = await _adopt_orphans(tx, statuses)
    ids = [status.id for status in statuses]
    ours = [status for status in statuses if status.local]
    spreads = await fanout.spread(tx, ids, adopted, with_notes=bool(ours))
    news = [] if backfill else await _announce(tx, statuses, spreads, now)
    for status in ours:
        await _deliver_new(tx, app, status, spreads[status.id], now, news=news)
        news = []


async def statuses_edited(
    tx: Transaction,
    app: App,
    statuses: Sequence[Status],
    now: datetime,
    *,
    quietly: bool = False,
) -> None:
    """Spread changed statuses: who boosted or is newly mentioned is told, streams, deliveries.

    With `quietly` only what surrounds the text has changed, such as the counts of a poll.
    """
    if not statuses:
        return
    ids = [status.id for status in statuses]
    audiences = await status_audiences.load(tx, ids)
    if not quietly:
        await search_words.keep(tx, ids)
    drafts = [] if quietly else _edit_drafts(statuses, audiences)
    changed = [
        NewEvent(
            "status.edited",
            subject_id=status.id,
            detail=_detail(status, audiences[status.id].mentioned, audiences[status.id].tags),
        )
        for status in statuses
    ]
    await notices.notified(tx, drafts, now, news=changed)
    for status in statuses:
        if status.local:
            await _deliver_edit(tx, app, status, audiences[status.id], now)


async def _deliver_edit(
    tx: Transaction, app: App, status: Status, audience: Audience, now: datetime
) -> None:
    await addressing.enqueue(
        tx,
        app,
        account_id=status.account_id,
        activity=await activities.update(tx, app, status),
        status_id=status.id,
        followers=status.visibility != "direct",
        everyone=status.visibility == "public",
        account_ids=_unique(audience.addressed, audience.reached),
        now=now,
    )


async def statuses_deleted(
    tx: Transaction,
    app: App,
    removed: Sequence[Removed],
    now: datetime,
    *,
    keep_media: bool = False,
    author_gone: bool = False,
) -> None:
    """Take deleted statuses back: counters, conversations, notifications, streams, deliveries.

    Their rows, and with them their places in timelines, are gone already (`removals.delete`).
    With `keep_media` their files stay for a day, so that a redraft can take them over. With
    `author_gone` no office is told: that the author was deleted says it of all posts at once.
    """
    if not removed:
        return
    await fanout.withdraw(tx, removed)
    await notifications.delete_matching(tx, [draft for each in removed for draft in _boosts(each)])
    await events.append_many(
        tx,
        [
            NewEvent(
                "status.deleted",
                subject_id=each.status.id,
                account_ids=list(each.readers),
                detail=_detail(each.status, each.mentions, each.tags),
            )
            for each in removed
        ],
    )
    await _discard_media(tx, removed, now + _REDRAFT_TIME if keep_media else now)
    for each in removed:
        if each.status.local and each.requested and not author_gone:
            await _deliver_removal(tx, app, each, now)


async def replies_adopted(tx: Transaction, parent_uris: Sequence[str]) -> int:
    """Give some replies that wait for these stored statuses their parent, and their readers.

    For a reply and its parent that were committed at the same moment, each blind to the other, and
    for the rest of very many. Returns how many there were.
    """
    adopted = await fanout.adopt(tx, parent_uris)
    if adopted:
        await fanout.spread(tx, [], adopted)
    return len(adopted)


async def _adopt_orphans(tx: Transaction, statuses: Sequence[Status]) -> list[int]:
    # Nobody can wait for a status of ours: its URI is known only from now on.
    uris = [status.uri for status in statuses if not status.local and status.reblog_of_id is None]
    adopted = await fanout.adopt(tx, uris) if uris else []
    if len(adopted) >= fanout.MOST_ADOPTED:
        for uri in uris:
            await jobs.enqueue(tx, "fetch_parent", {"uri": uri, "ancestors": 0}, key=uri)
    return adopted


async def _announce(
    tx: Transaction,
    statuses: Sequence[Status],
    spreads: dict[int, Spread],
    now: datetime,
) -> list[NewEvent]:
    """Tell people and streams; returns what streams may hear with the delivery.

    That is all there is to say where nobody has to be told, and then needs no statement.
    """
    drafts: list[NotificationDraft] = []
    news: list[NewEvent] = []
    for status in statuses:
        spread = spreads[status.id]
        drafts += _new_drafts(status, spread)
        detail = _detail(status, spread.mentioned, spread.tags)
        news.append(NewEvent("status.published", subject_id=status.id, detail=detail))
    private = [status.id for status in statuses if status.visibility == "direct"]
    if not drafts and not private and all(status.local for status in statuses):
        return news
    await notices.notified(tx, drafts, now, news=news, private_ids=private)
    return []


def _new_drafts(status: Status, spread: Spread) -> Iterable[NotificationDraft]:
    author = status.account_id
    if status.reblog_of_id is not None:
        if spread.original_author_id is not None:
            yield NotificationDraft(
                spread.original_author_id, "reblog", author, status.reblog_of_id
            )
        return
    for account_id in spread.mentioned:
        yield NotificationDraft(account_id, "mention", author, status.id)
    if _is_reply_to_others(status):
        return
    for account_id in spread.watchers:
        if account_id not in spread.mentioned:
            yield NotificationDraft(account_id, "status", author, status.id)


def _edit_drafts(
    statuses: Sequence[Status], audiences: dict[int, Audience]
) -> list[NotificationDraft]:
    drafts = []
    for status in statuses:
        audience = audiences[status.id]
        # Who was told of the mention before is not told again: storage keeps one of each.
        drafts += [
            NotificationDraft(account_id, "mention", status.account_id, status.id)
            for account_id in audience.mentioned
        ]
        drafts += [
            NotificationDraft(account_id, "update", status.account_id, status.id)
            for account_id in audience.boosters
        ]
        drafts += [
            NotificationDraft(account_id, "quoted_update", status.account_id, status.id)
            for account_id in audience.quoters
        ]
    return drafts


def _boosts(each: Removed) -> Iterable[NotificationDraft]:
    status = each.status
    if status.reblog_of_id is not None and each.parent_author_id is not None:
        yield NotificationDraft(
            each.parent_author_id, "reblog", status.account_id, status.reblog_of_id
        )


def _is_reply_to_others(status: Status) -> bool:
    if status.in_reply_to_account_id is None:
        return status.in_reply_to_uri is not None
    return status.in_reply_to_account_id != status.account_id


def _detail(status: Status, mentions: Sequence[int], tags: Sequence[str]) -> dict[str, Any]:
    return {
        "visibility": status.visibility,
        "local": status.local,
        "tags": list(tags),
        "author": status.account_id,
        "mentions": list(mentions),
        "reblog": status.reblog_of_id is not None,
        "reply": _is_reply_to_others(status),
    }


async def _deliver_new(
    tx: Transaction,
    app: App,
    status: Status,
    spread: Spread,
    now: datetime,
    *,
    news: Sequence[NewEvent],
) -> None:
    if spread.note is None:
        raise ValueError("Only what is ours is delivered, and that is spread with its note.")
    boost = status.reblog_of_id is not None
    activities.learn_key(app, spread.note)
    activity = (activities.announce_of if boost else activities.create_of)(app, spread.note)
    partners = (spread.original_author_id, status.in_reply_to_account_id)
    await addressing.enqueue(
        tx,
        app,
        account_id=status.account_id,
        activity=activity,
        status_id=status.id,
        followers=status.visibility != "direct",
        everyone=status.visibility == "public",
        account_ids=_unique(spread.addressed, partners if _is_open(status) else ()),
        now=now,
        news=news,
    )


async def _deliver_removal(tx: Transaction, app: App, each: Removed, now: datetime) -> None:
    status = each.status
    boost = status.reblog_of_id is not None
    activity = await (activities.undo_announce if boost else activities.delete)(tx, app, status)
    partners = (each.parent_author_id, status.in_reply_to_account_id)
    await addressing.enqueue(
        tx,
        app,
        account_id=status.account_id,
        activity=activity,
        followers=status.visibility != "direct",
        # An unlisted post may have come anywhere by a boost.
        everyone=_is_open(status),
        account_ids=_unique(each.mentions, each.reached, partners if _is_open(status) else ()),
        now=now,
    )


def _is_open(status: Status) -> bool:
    return status.visibility in {"public", "unlisted"}


def _unique(*groups: Iterable[int | None]) -> list[int]:
    return sorted({each for group in groups for each in group if each is not None})


async def _discard_media(tx: Transaction, removed: Sequence[Removed], due_at: datetime) -> None:
    for each in removed:
        if each.media_ids:
            await jobs.enqueue(
                tx,
                "discard_media",
                {"media_ids": list(each.media_ids)},
                key=str(each.status.id),
                due_at=due_at,
            )
