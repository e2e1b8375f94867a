"""Looks for posts of a thread that other offices list: replies, and whole conversations.

Only their ids are taken from the lists; each post is fetched from its own host. Lists may be huge,
nested, circular or endless: pages, items, depth and fetches are bounded (SEC-112, SEC-113).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from activitypub.errors import ProtocolError, Unreachable
from activitypub.properties import first, listed, uri_of
from activitypub.uris import host_of, same_origin
from fedimmp.app import App
from fedimmp.remote.budget import Budget, BudgetSpent, HostBudgetSpent
from fedimmp.remote.notes import FetchedNote, fetch_note
from fedimmp.remote.trust import check_uri, instance_key

_PAGES: Final = 5
_ITEMS: Final = 100
_DEPTH: Final = 3

Unknown = Callable[[Sequence[str]], Awaitable[list[str]]]


async def list_ids(
    app: App, collection: dict[str, Any] | str, owner: str, budget: Budget
) -> list[str]:
    """Return the ids on the first pages of a collection that lies on its owner's origin.

    At most 5 pages are looked at and 100 ids returned. Raises as `fetch_note` does.
    """
    found: dict[str, None] = {}
    seen: set[str] = set()
    step: Any = collection
    for _ in range(2 * _PAGES):
        if isinstance(step, str):
            if step in seen or len(seen) >= _PAGES or not same_origin(step, owner):
                break
            seen.add(step)
            step = await _page(app, step, budget)
        entries = listed(step.get("orderedItems")) or listed(step.get("items"))
        found |= dict.fromkeys(uri for item in entries[:_ITEMS] if (uri := uri_of(item)))
        if len(found) >= _ITEMS:
            break
        step = _following(step, has_entries=bool(entries))
        if step is None:
            break
    return list(found)[:_ITEMS]


def _following(page: dict[str, Any], *, has_entries: bool) -> dict[str, Any] | str | None:
    for name in ("first", "next"):
        value = first(page.get(name))
        if isinstance(value, dict) and value.keys() - {"id", "type"}:
            return value
        if (uri := uri_of(value)) is not None:
            return uri
    # Some embed a collection with nothing but its id.
    return None if has_entries else uri_of(page)


async def _page(app: App, url: str, budget: Budget) -> dict[str, Any]:
    budget.spend(await check_uri(app, url))
    return (await app.client.get_document(url, await instance_key(app))).doc


@dataclass(slots=True)
class Search:
    """A search for the unknown posts of one thread; `found` grows while it runs.

    `unknown` tells which of some ids are neither stored here nor deleted.
    """

    app: App
    budget: Budget
    unknown: Unknown
    found: list[FetchedNote] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _queue: deque[tuple[str, int]] = field(default_factory=deque)

    async def run(self, seeds: Sequence[str], context: str | None, *, seconds: float) -> None:
        """Look from known posts downwards, and through the list of the conversation.

        Never raises for what a peer does; ends when everything is seen, or a bound is reached.
        """
        try:
            async with asyncio.timeout(seconds):
                if context is not None:
                    await self._try(context, self._from_list(context, context, _DEPTH))
                self._push(seeds, 0)
                while self._queue:
                    uri, depth = self._queue.popleft()
                    await self._try(uri, self._from_post(uri, depth))
        except (BudgetSpent, TimeoutError):
            return

    async def _try(self, uri: str, work: Awaitable[None]) -> None:
        try:
            await work
        except HostBudgetSpent:
            return
        except BudgetSpent:
            raise
        except Unreachable:
            # A host that is away costs one attempt, and not one for each of its posts.
            self.budget.exhaust(host_of(uri))
        except ProtocolError:
            return

    async def _from_post(self, uri: str, depth: int) -> None:
        fetched = await fetch_note(self.app, uri, self.budget)
        if depth > 0:
            self.found.append(fetched)
        if fetched.note.replies is not None and depth < _DEPTH:
            await self._from_list(fetched.note.replies, fetched.note.id, depth)

    async def _from_list(self, collection: dict[str, Any] | str, owner: str, depth: int) -> None:
        ids = await list_ids(self.app, collection, owner, self.budget)
        self._push(await self.unknown([uri for uri in ids if uri not in self._seen]), depth + 1)

    def _push(self, uris: Sequence[str], depth: int) -> None:
        for uri in uris:
            if uri not in self._seen:
                self._seen.add(uri)
                self._queue.append((uri, depth))
