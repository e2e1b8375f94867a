"""A member's filters. Each change is told to their streams, which also clears what is remembered.

Everybody else's filters look missing.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from storage import events, filters
from storage.database import Transaction
from storage.filters import Action, Context, Filter, Keyword, PickedStatus

MOST_FILTERS: Final = 100
MOST_KEYWORDS: Final = 1_000
MOST_STATUSES: Final = 1_000


@dataclass(frozen=True, slots=True)
class KeywordChange:
    """What to do with one keyword: without id a new one; None leaves a property as it is."""

    id: int | None = None
    keyword: str | None = None
    whole_word: bool | None = None
    destroy: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a filter is to become; None leaves a property as it is, and makes a new one plain.

    `expires_in` counts seconds from now; with `never_expires` there is no such time any more.
    `visible` turns what hides into what warns.
    """

    title: str | None = None
    context: Sequence[Context] | None = None
    action: Action | None = None
    visible: bool = False
    expires_in: int | None = None
    never_expires: bool = False
    keywords: Sequence[KeywordChange] = ()


async def create(app: App, account_id: int, change: Change) -> Filter:
    """Make a filter. Raises Invalid for one too many, NotFound for keywords that are elsewhere."""
    new = _changed(app, Filter(0, account_id, "", (), "warn", None), change)
    async with _changing(app, account_id) as tx:
        held, _, _ = await filters.lock(tx, account_id)
        if held >= MOST_FILTERS:
            raise Invalid(f"Nobody can have more than {MOST_FILTERS} filters")
        made = replace(new, id=await filters.insert(tx, new))
        return await _change_keywords(tx, made, change.keywords)


async def update(app: App, account_id: int, filter_id: int, change: Change) -> Filter:
    """Change a filter and its keywords. Raises NotFound, also for a keyword that is elsewhere."""
    async with _changing(app, account_id) as tx:
        return await _apply(app, tx, await _get(tx, account_id, filter_id), change)


async def delete(app: App, account_id: int, filter_id: int) -> None:
    """Remove a filter. Raises NotFound."""
    async with _changing(app, account_id) as tx:
        if not await filters.delete(tx, account_id, filter_id):
            raise NotFound


async def add_keyword(app: App, account_id: int, filter_id: int, change: KeywordChange) -> Keyword:
    """Add a keyword to a filter. Raises NotFound, Invalid for one too many."""
    async with _changing(app, account_id) as tx:
        kept = await _get(tx, account_id, filter_id)
        changed = await _apply(app, tx, kept, Change(keywords=(change,)))
        return changed.keywords[-1]


async def change_keyword(
    app: App, account_id: int, keyword_id: int, change: KeywordChange
) -> Keyword:
    """Change a keyword. Raises NotFound."""
    async with _changing(app, account_id) as tx:
        kept = await _get_with_keyword(tx, account_id, keyword_id)
        change = replace(change, id=keyword_id)
        return keyword_of(await _apply(app, tx, kept, Change(keywords=(change,))), keyword_id)


async def change_phrase(app: App, account_id: int, keyword_id: int, change: Change) -> Filter:
    """Change a keyword and its filter, where it is the only one; else the keyword alone.

    `change.keywords` is exactly one, without id. Raises NotFound, and Invalid where something of
    the filter would change for other keywords.
    """
    async with _changing(app, account_id) as tx:
        kept = await _get_with_keyword(tx, account_id, keyword_id)
        keywords = (replace(change.keywords[0], id=keyword_id),)
        if len(kept.keywords) > 1:
            plain = replace(change, title=None, keywords=())
            if _changed(app, kept, plain) != kept:
                raise Invalid("This filter has several keywords, so change it as a whole")
            return await _apply(app, tx, kept, Change(keywords=keywords))
        return await _apply(app, tx, kept, replace(change, keywords=keywords))


async def remove_keyword(app: App, account_id: int, keyword_id: int) -> None:
    """Remove a keyword. Raises NotFound."""
    async with _changing(app, account_id) as tx:
        await _get_with_keyword(tx, account_id, keyword_id)
        await filters.delete_keywords(tx, [keyword_id])


async def add_status(app: App, account_id: int, filter_id: int, status_id: int) -> PickedStatus:
    """Put a status under a filter.

    Raises NotFound for an unknown filter or a status that the member may not see, Invalid for one
    that is there already or one too many.
    """
    async with _changing(app, account_id) as tx:
        _, _, picked = await filters.lock(tx, account_id)
        kept = await _get(tx, account_id, filter_id)
        await access_status(tx, account_id, status_id)
        if picked >= MOST_STATUSES:
            raise Invalid(f"Nobody can filter more than {MOST_STATUSES} posts by hand")
        new = await filters.insert_status(tx, kept.id, status_id)
        if new is None:
            raise Invalid("Validation failed: Status has already been taken")
        return new


async def remove_status(app: App, account_id: int, row_id: int) -> None:
    """Take a status from under a filter. Raises NotFound."""
    async with _changing(app, account_id) as tx:
        if await filters.find_with_status(tx, account_id, row_id) is None:
            raise NotFound
        await filters.delete_status(tx, row_id)


def keyword_of(kept: Filter, keyword_id: int) -> Keyword:
    """Return a keyword of a filter by its id; raises NotFound."""
    for keyword in kept.keywords:
        if keyword.id == keyword_id:
            return keyword
    raise NotFound


@asynccontextmanager
async def _changing(app: App, account_id: int) -> AsyncIterator[Transaction]:
    """Open the transaction of a change, and tell of it: here at once, elsewhere by the log."""
    async with app.db.writer() as tx:
        yield tx
        await events.append(tx, "filters.changed", account_ids=[account_id])
    app.filters.forget(account_id)


async def _apply(app: App, tx: Transaction, kept: Filter, change: Change) -> Filter:
    changed = _changed(app, kept, change)
    if changed != kept:
        await filters.update(tx, changed)
    return await _change_keywords(tx, changed, change.keywords)


async def _change_keywords(
    tx: Transaction, kept: Filter, changes: Sequence[KeywordChange]
) -> Filter:
    if not changes:
        return kept
    # All must be of this filter before anything is done to one.
    known = [(keyword_of(kept, each.id), each) for each in changes if each.id is not None]
    added = [each for each in changes if each.id is None and not each.destroy]
    await filters.delete_keywords(tx, [old.id for old, each in known if each.destroy])
    await filters.update_keywords(
        tx, [_changed_keyword(old, each) for old, each in known if not each.destroy]
    )
    new = [_changed_keyword(Keyword(0, kept.id, "", True), each) for each in added]
    await filters.insert_keywords(tx, kept.id, [(each.keyword, each.whole_word) for each in new])
    if (await filters.lock(tx, kept.account_id))[1] > MOST_KEYWORDS:
        raise Invalid(f"Nobody can have more than {MOST_KEYWORDS} keywords in their filters")
    return await _get(tx, kept.account_id, kept.id)


def _changed(app: App, kept: Filter, change: Change) -> Filter:
    expires_at = kept.expires_at
    if change.never_expires:
        expires_at = None
    elif change.expires_in is not None:
        expires_at = app.now() + timedelta(seconds=change.expires_in)
    action = "warn" if change.visible and kept.action == "hide" else kept.action
    context = kept.context if change.context is None else tuple(change.context)
    return replace(
        kept,
        title=kept.title if change.title is None else change.title,
        # In another order it is the same.
        context=kept.context if set(context) == set(kept.context) else context,
        action=change.action or action,
        expires_at=expires_at,
    )


def _changed_keyword(old: Keyword, change: KeywordChange) -> Keyword:
    text = old.keyword if change.keyword is None else change.keyword
    if not text:
        raise Invalid("Validation failed: Keyword can't be blank")
    whole_word = old.whole_word if change.whole_word is None else change.whole_word
    return replace(old, keyword=text, whole_word=whole_word)


async def _get(tx: Transaction, account_id: int, filter_id: int) -> Filter:
    found = await filters.find(tx, account_id, filter_id)
    if found is None:
        raise NotFound
    return found


async def _get_with_keyword(tx: Transaction, account_id: int, keyword_id: int) -> Filter:
    found = await filters.find_with_keyword(tx, account_id, keyword_id)
    if found is None:
        raise NotFound
    return found
