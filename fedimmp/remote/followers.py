"""Reads which of our people follow somebody, as their office lists them (FEP-8fcf)."""

from typing import Any

from activitypub.errors import Malformed, TooLarge
from activitypub.properties import first, id_of, listed, uri_of
from activitypub.uris import same_origin
from fedimmp.app import App
from fedimmp.remote.budget import Budget
from fedimmp.remote.trust import check_uri, instance_key

_MOST = 50_000


async def fetch_followers(app: App, url: str, budget: Budget) -> frozenset[str]:
    """Return the URIs in the list, page by page.

    All or nothing: raises Malformed for a list with anybody who is not ours, or that goes on at
    another host, TooLarge beyond 50,000, BudgetSpent for too many pages.
    """
    found: set[str] = set()
    link: Any = url
    while link is not None:
        is_whole = link is url
        part = link if isinstance(link, dict) else await _fetch(app, link, url, budget)
        found |= _items(app, part)
        if len(found) > _MOST:
            raise TooLarge(f"More than {_MOST} followers are listed.")
        link = first(part.get("first" if is_whole else "next"))
    return frozenset(found)


async def _fetch(app: App, link: object, url: str, budget: Budget) -> dict[str, Any]:
    uri = uri_of(link)
    if uri is None or not same_origin(uri, url):
        raise Malformed("The list of our followers goes on at another host.")
    budget.spend()
    await check_uri(app, uri)
    return await app.client.get_part(uri, await instance_key(app))


def _items(app: App, part: dict[str, Any]) -> set[str]:
    uris = set()
    for item in (*listed(part.get("orderedItems")), *listed(part.get("items"))):
        uri = id_of(item)
        if uri is None or not app.uris.is_local(uri):
            raise Malformed("The list of our followers names somebody else.")
        uris.add(uri)
    return uris
