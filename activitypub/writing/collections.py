"""Collections of ours as documents."""

from collections.abc import Sequence

from activitypub.writing.context import CONTEXT, Json, embedded


def ordered_collection(uri: str, total: int, *, first: str | None = None) -> Json:
    """Return a collection whose items are on its pages, or are not shown where first is None."""
    document: Json = {
        "@context": CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": total,
    }
    return document if first is None else document | {"first": first}


def ordered_items(uri: str, items: Sequence[Json | str]) -> Json:
    """Return a small collection with all its items in it."""
    return ordered_collection(uri, len(items)) | {"orderedItems": _items(items)}


def collection(uri: str, items: Sequence[Json | str]) -> Json:
    """Return a small collection without order, with all its items in it."""
    return {
        "@context": CONTEXT,
        "id": uri,
        "type": "Collection",
        "totalItems": len(items),
        "items": _items(items),
    }


def ordered_collection_page(
    uri: str,
    part_of: str,
    items: Sequence[Json | str],
    *,
    next_page: str | None = None,
    previous_page: str | None = None,
) -> Json:
    """Return one page of a collection, newest items first."""
    document: Json = {
        "@context": CONTEXT,
        "id": uri,
        "type": "OrderedCollectionPage",
        "partOf": part_of,
        "orderedItems": _items(items),
    }
    links = {"next": next_page, "prev": previous_page}
    return document | {name: page for name, page in links.items() if page is not None}


def _items(items: Sequence[Json | str]) -> list[Json | str]:
    return [item if isinstance(item, str) else embedded(item) for item in items]


def tally(uri: str, total: int) -> Json:
    """Return a collection of which only the number of items is shown."""
    return {"@context": CONTEXT, "id": uri, "type": "Collection", "totalItems": total}


def replies(uri: str, first: Json | str) -> Json:
    """Return the collection of a post's replies; first is its first page, or the URL of that."""
    page = first if isinstance(first, str) else embedded(first)
    return {"@context": CONTEXT, "id": uri, "type": "Collection", "first": page}


def replies_page(
    uri: str, part_of: str, items: Sequence[str], *, next_page: str | None = None
) -> Json:
    """Return one page of a post's replies, oldest first."""
    document: Json = {
        "@context": CONTEXT,
        "id": uri,
        "type": "CollectionPage",
        "partOf": part_of,
        "items": list(items),
    }
    return document if next_page is None else document | {"next": next_page}


def conversation(uri: str, first: str) -> Json:
    """Return the collection of all posts of a conversation (FEP-7888), whose first page is named.

    How many there are depends on who asks, so it is not told.
    """
    return {"@context": CONTEXT, "id": uri, "type": "OrderedCollection", "first": first}
