"""Verified posts become statuses: new ones set-wise, changed ones in place.

Nothing here asks the network: an unknown parent is kept as its URI, and a job fetches it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from activitypub.audience import visibility
from activitypub.objects import Note
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_published
from fedimmp.ingest.contents import content_of, distinct_ids
from fedimmp.ingest.emojis import store_emojis
from fedimmp.ingest.quotes import MAX_QUOTE_DEPTH, new_quote, policy_of, settle_quotes
from fedimmp.ingest.threads import MAX_ANCESTORS, conversation_of, seek_parents
from storage import accounts, readership, statuses
from storage.accounts import Account
from storage.database import Transaction
from storage.ids import id_for_remote
from storage.statuses import NewMention, NewStatus, Status


@dataclass(frozen=True, slots=True)
class ArrivedNote:
    """A verified post with its stored author."""

    note: Note
    author: Account


async def create_notes(
    tx: Transaction,
    app: App,
    arrived: Sequence[ArrivedNote],
    now: datetime,
    *,
    backfill: bool = False,
    ancestors: int = MAX_ANCESTORS,
    quotes: int = MAX_QUOTE_DEPTH,
) -> list[Status]:
    """Store new posts with all that follows from them; returns the new statuses, in order.

    Left out are known and deleted posts, and those that nobody here may read. With `backfill` they
    are old: nobody is told. `ancestors` unknown parents are fetched above each, and quotes within
    quotes `quotes` deep.
    """
    people = await _people(tx, arrived)
    wanted = await _wanted(tx, arrived, people)
    ids = distinct_ids(now)
    news = [_new_status(each, people, ids, now) for each in wanted]
    stored = await statuses.insert_many(tx, news)
    await store_emojis(tx, [(each.author.domain, each.note.emojis) for each in wanted], now)
    await statuses_published(tx, app, stored, now, backfill=backfill)
    claims = {each.note.id: each.note.quote for each in wanted if each.note.quote is not None}
    await settle_quotes(tx, app, claims, stored, now, depth=quotes)
    if ancestors > 0:
        await seek_parents(tx, app, stored, ancestors)
    return stored


def audience_of(note: Note, author: Account) -> statuses.Visibility:
    """Return the visibility that a post's addressing means."""
    return visibility(note.to, note.cc, author.followers_url, direct=note.direct)


def mentions_of(note: Note, author: Account, people: Mapping[str, Account]) -> list[NewMention]:
    """Return the known people whom a post addresses; silent without a mention in its text.

    Somebody who is only tagged, and not addressed, is not among them: a tag gives no right to read.
    """
    named = {mention.href for mention in note.mentions}
    addressed = (people.get(uri) for uri in dict.fromkeys(note.to + note.cc))
    return [
        NewMention(account.id, silent=account.uri not in named)
        for account in addressed
        if account is not None and account.id != author.id
    ]


async def find_people(tx: Transaction, notes: Sequence[Note]) -> dict[str, Account]:
    """Return the known accounts that posts address, by URI, in one query."""
    uris = {uri for note in notes for uri in note.to + note.cc}
    return await accounts.get_many_by_uri(tx, sorted(uris)) if uris else {}


async def _people(tx: Transaction, arrived: Sequence[ArrivedNote]) -> dict[str, Account]:
    return await find_people(tx, [each.note for each in arrived])


async def _wanted(
    tx: Transaction, arrived: Sequence[ArrivedNote], people: Mapping[str, Account]
) -> list[ArrivedNote]:
    """Leave out what is for nobody here: such a post would lie around unread for ever."""
    private = [each for each in arrived if audience_of(each.note, each.author) == "private"]
    followed: frozenset[int] = frozenset()
    if private:
        followed = await readership.followed_here(tx, [each.author.id for each in private])
    return [each for each in arrived if _is_wanted(each, people, followed)]


def _is_wanted(each: ArrivedNote, people: Mapping[str, Account], followed: frozenset[int]) -> bool:
    audience = audience_of(each.note, each.author)
    if audience in ("public", "unlisted"):
        # Public posts of the organisation are kept even where nobody follows their author.
        return True
    if audience == "private" and each.author.id in followed:
        return True
    addressed = (people.get(uri) for uri in each.note.to + each.note.cc)
    return any(account is not None and account.is_local for account in addressed)


def _new_status(
    each: ArrivedNote, people: Mapping[str, Account], ids: Iterator[int], now: datetime
) -> NewStatus:
    note, author = each.note, each.author
    content = content_of(note, ids, now)
    automatic, manual = policy_of(note, author)
    published = min(note.published or now, now)
    return NewStatus(
        id=id_for_remote(published, note.id, now),
        uri=note.id,
        url=note.url or note.id,
        account_id=author.id,
        local=False,
        visibility=audience_of(note, author),
        created_at=published,
        edited_at=min(note.updated, now) if note.updated and note.updated > published else None,
        fetched_at=now,
        content=content.html,
        spoiler_text=content.spoiler_text,
        sensitive=content.sensitive,
        language=note.language,
        in_reply_to_uri=note.in_reply_to,
        conversation_uri=conversation_of(note),
        mentions=tuple(mentions_of(note, author, people)),
        tags=content.tags,
        attachments=content.attachments,
        poll=content.poll,
        quote=new_quote(note),
        quote_automatic=automatic,
        quote_manual=manual,
    )
