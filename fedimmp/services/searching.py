"""Finding people, hashtags and posts by words, by handle and by address.

With `resolve`, a handle or an address that we do not know is asked for at its own office, if that
office is allowed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from fedimmp.access import access_statuses
from fedimmp.app import App
from fedimmp.services import discovery, search_terms
from fedimmp.uris import LocalNote
from storage import accounts, search, search_words, statuses, tags
from storage.database import Connection
from storage.search import PostFilter
from storage.tags import Tag

Kind = Literal["accounts", "hashtags", "statuses"]
KINDS: Final[tuple[Kind, ...]] = ("accounts", "hashtags", "statuses")

_MOST_WORDS: Final = 10
_HANDLE: Final = re.compile(r"@?([A-Za-z0-9_.-]+)@([^\s@/]+)")


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for. `offset` skips results of each kind.

    `account_id`, and the exclusive bounds `max_id` and `min_id`, are about posts.
    """

    text: str
    limit: int
    offset: int = 0
    kinds: Sequence[Kind] = KINDS
    resolve: bool = False
    following: bool = False
    account_id: int | None = None
    max_id: int | None = None
    min_id: int | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What was found: ids of accounts and statuses, and hashtags; best first."""

    account_ids: list[int] = field(default_factory=list)
    status_ids: list[int] = field(default_factory=list)
    hashtags: list[Tag] = field(default_factory=list)


async def find(app: App, viewer_id: int, query: Query) -> Results:
    """Search for everything that the query's kinds ask for."""
    if query.text.startswith(("https://", "http://")):
        return await _find_address(app, viewer_id, query)
    results = Results()
    if "accounts" in query.kinds:
        results.account_ids.extend(await find_accounts(app, viewer_id, query))
    words = query.text.casefold().split()
    async with app.db.reader() as conn:
        if "statuses" in query.kinds:
            results.status_ids.extend(await _find_posts(app, conn, viewer_id, query))
        if "hashtags" in query.kinds and len(words) == 1 and (name := words[0].lstrip("#")):
            results.hashtags.extend(
                await tags.search(conn, name, limit=query.limit, offset=query.offset)
            )
    return results


async def _find_posts(app: App, conn: Connection, viewer_id: int, query: Query) -> list[int]:
    question = search_terms.read(query.text)
    if question.is_empty:
        return []
    labels = list(question.labels)
    if query.account_id is not None:
        labels.append(search_words.by(query.account_id))
    for author in question.authors:
        account_id = await _author(app, conn, viewer_id, author.handle)
        if account_id is not None:
            labels.append(search_words.by(account_id, excluded=author.excluded))
        elif not author.excluded:
            return []
    words = None
    if question.terms or labels:
        words = await search_words.parse(conn, question.terms, labels)
        if words is None:
            return []
    below = [each for each in (query.max_id, question.max_id) if each is not None]
    above = [each for each in (query.min_id, question.min_id) if each is not None]
    wanted = PostFilter(words, min(below, default=None), max(above, default=None), question.scope)
    return await search.statuses(conn, viewer_id, wanted, limit=query.limit, offset=query.offset)


async def _author(app: App, conn: Connection, viewer_id: int, handle: str) -> int | None:
    if handle.casefold() == "me":
        return viewer_id
    username, _, host = handle.partition("@")
    return await _known_handle(conn, app, username, host)


async def find_accounts(app: App, viewer_id: int, query: Query) -> list[int]:
    """Search for people; a whole handle puts the one who has it first."""
    exact = await _find_handle(app, query) if query.offset == 0 else None
    words, domain = _words_and_domain(app, query.text)
    async with app.db.reader() as conn:
        found = await search.accounts(
            conn,
            viewer_id,
            words,
            domain=domain,
            following=query.following,
            limit=query.limit,
            offset=query.offset,
        )
        first = [] if exact is None else await accounts.list_reachable(conn, [exact])
    return list(dict.fromkeys(first + found))[: query.limit]


async def look_up(app: App, acct: str) -> int | None:
    """Return the account that has this handle, as far as it is known here already."""
    username, _, host = acct.strip().removeprefix("@").partition("@")
    async with app.db.reader() as conn:
        return await _known_handle(conn, app, username, host)


def _words_and_domain(app: App, text: str) -> tuple[list[str], str | None]:
    username, _, host = text.casefold().removeprefix("@").partition("@")
    if host and " " not in text and host != app.uris.host:
        return [username], host
    return (username if host else text.casefold().removeprefix("@")).split()[:_MOST_WORDS], None


async def _find_handle(app: App, query: Query) -> int | None:
    match = _HANDLE.fullmatch(query.text)
    if match is None or query.following:
        return None
    username, host = match.group(1), match.group(2).casefold()
    async with app.db.reader() as conn:
        known = await _known_handle(conn, app, username, host)
    if known is not None or not query.resolve or host == app.uris.host:
        return known
    return await discovery.account_by_handle(app, username, host)


async def _known_handle(conn: Connection, app: App, username: str, host: str) -> int | None:
    domain = host.casefold()
    found = await accounts.find_by_handle(
        conn, username, None if domain in ("", app.uris.host) else domain
    )
    return (
        None if found is None or not await accounts.list_reachable(conn, [found.id]) else found.id
    )


async def _find_address(app: App, viewer_id: int, query: Query) -> Results:
    account_id = status_id = None
    if "accounts" in query.kinds:
        account_id = await _account_at(app, query)
    if account_id is None and "statuses" in query.kinds:
        status_id = await _status_at(app, query)
    async with app.db.reader() as conn:
        return Results(
            account_ids=await accounts.list_reachable(
                conn, [] if account_id is None else [account_id]
            ),
            status_ids=await access_statuses(
                conn, viewer_id, [] if status_id is None else [status_id]
            ),
        )


async def _account_at(app: App, query: Query) -> int | None:
    async with app.db.reader() as conn:
        if app.uris.is_local(query.text):
            path = unquote(urlsplit(query.text).path)
            if path.startswith("/@") and "/" not in path[1:]:
                return await _known_handle(conn, app, *_split_handle(path))
        known = await accounts.find_by_uri(conn, query.text)
    if known is not None:
        return known.id
    if not query.resolve or app.uris.is_local(query.text):
        return None
    return await discovery.account_by_uri(app, query.text)


async def _status_at(app: App, query: Query) -> int | None:
    local = app.uris.parse(query.text)
    if isinstance(local, LocalNote):
        return local.status_id
    async with app.db.reader() as conn:
        known = await statuses.find_by_uri(conn, query.text)
    if known is not None:
        return known.id
    if not query.resolve or app.uris.is_local(query.text):
        return None
    return await discovery.status_by_uri(app, query.text)


def _split_handle(path: str) -> tuple[str, str]:
    username, _, host = path.removeprefix("/@").partition("@")
    return username, host
