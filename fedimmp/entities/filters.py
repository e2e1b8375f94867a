"""Filters as entities, and what they find in a status: the `filtered` of a Status.

Nothing is left out here: apps hide, blur or warn as context and action say.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.times import maybe_timestamp
from fedimmp.memory import Sought
from storage import filters
from storage.database import Connection
from storage.filters import Filter, Keyword, PickedStatus

_BREAK: Final = re.compile(r"<br ?/?>|</(?:p|li|blockquote|pre|h[1-6]|div)>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]*>")


def filter_entity(kept: Filter) -> dict[str, Any]:
    """Return the Filter entity as the filters' own endpoints show it."""
    return _heading(kept) | {
        "keywords": [keyword_entity(each) for each in kept.keywords],
        "statuses": [picked_entity(each) for each in kept.statuses],
    }


def keyword_entity(keyword: Keyword) -> dict[str, Any]:
    """Return the FilterKeyword entity."""
    return {
        "id": str(keyword.id),
        "keyword": keyword.keyword,
        "whole_word": keyword.whole_word,
    }


def picked_entity(picked: PickedStatus) -> dict[str, str]:
    """Return the FilterStatus entity."""
    return {"id": str(picked.id), "status_id": str(picked.status_id)}


def keyword_filter_entity(kept: Filter, keyword: Keyword) -> dict[str, Any]:
    """Return the V1::Filter entity of one keyword."""
    return {
        "id": str(keyword.id),
        "phrase": keyword.keyword,
        "context": list(kept.context),
        "expires_at": maybe_timestamp(kept.expires_at),
        "irreversible": kept.action == "hide",
        "whole_word": keyword.whole_word,
    }


def _heading(kept: Filter) -> dict[str, Any]:
    return {
        "id": str(kept.id),
        "title": kept.title,
        "context": list(kept.context),
        "expires_at": maybe_timestamp(kept.expires_at),
        "filter_action": kept.action,
    }


async def has_filters(app: App, conn: Connection, viewer_id: int) -> bool:
    """Tell whether a viewer has filters at all, expired ones too."""
    kept = app.filters.kept.get(viewer_id)
    return bool(await load_filters(app, conn, [viewer_id]) if kept is None else kept)


async def load_filters(
    app: App, conn: Connection, viewer_ids: Collection[int]
) -> dict[int, tuple[Sought, ...]]:
    """Return the filters of those viewers who have any, expired ones too.

    Asks the database for those whom this process does not remember, in one query.
    """
    memory = app.filters
    known = {each: memory.kept.get(each) for each in viewer_ids}
    unknown = [each for each, kept in known.items() if kept is None]
    if unknown:
        turn = memory.turn
        read: dict[int, list[Sought]] = {each: [] for each in unknown}
        for kept in await filters.list_of_accounts(conn, unknown):
            read[kept.account_id].append(_sought(kept))
        for account_id, found in read.items():
            known[account_id] = tuple(found)
            memory.put(account_id, tuple(found), turn)
    return {each: kept for each, kept in known.items() if kept}


async def mark_filtered(
    app: App, conn: Connection, statuses: Sequence[dict[str, Any]], viewer_id: int | None
) -> None:
    """Fill in `filtered` of Status entities, and of what they boost and quote."""
    if viewer_id is None or not statuses:
        return
    kept = (await load_filters(app, conn, [viewer_id])).get(viewer_id)
    if kept is None:
        return
    now = app.now()
    for status in statuses:
        for part in parts_of(status):
            part.entity["filtered"] = filter_results(kept, part, now)


@dataclass(frozen=True, slots=True)
class Part:
    """A status within an entity: the ids by which it may be picked, its text, and that folded."""

    entity: dict[str, Any]
    ids: frozenset[str]
    text: str
    folded: str


def parts_of(status: dict[str, Any]) -> list[Part]:
    """Return each status within a Status entity, itself first.

    A boost has the text of what it boosts, and the ids of both.
    """
    boosted = status.get("reblog")
    source = status if boosted is None else boosted
    parts = [_part(status, source)]
    if boosted is not None:
        parts.append(replace(parts[0], entity=boosted, ids=frozenset((boosted["id"],))))
    quoted = (source.get("quote") or {}).get("quoted_status")
    if quoted is not None:
        parts.append(_part(quoted, quoted))
    return parts


def filter_results(kept: Sequence[Sought], part: Part, now: datetime) -> list[dict[str, Any]]:
    """Return the FilterResult entities of one status, those of expired filters not."""
    results = []
    for sought in kept:
        owned = sought.filter
        if owned.expires_at is not None and owned.expires_at <= now:
            continue
        matched = _first_match(sought, part)
        picked = [str(one.status_id) for one in owned.statuses if str(one.status_id) in part.ids]
        if matched is not None or picked:
            results.append(
                {
                    "filter": _heading(owned),
                    "keyword_matches": None if matched is None else [matched],
                    "status_matches": picked or None,
                }
            )
    return results


def _first_match(sought: Sought, part: Part) -> str | None:
    """Return the first thing in the text that a keyword finds, as the text spells it."""
    places = (
        (_find(needle, keyword.whole_word, part.folded), len(needle), keyword.keyword)
        for needle, keyword in zip(sought.needles, sought.filter.keywords, strict=True)
    )
    found = [place for place in places if place[0] >= 0]
    if not found:
        return None
    start, length, keyword = min(found)
    # Folding makes some texts longer, and then the places in them differ.
    exact = len(part.text) == len(part.folded)
    return part.text[start : start + length] if exact else keyword


def _find(needle: str, whole_word: bool, text: str) -> int:
    """Return where a needle is found, -1 for nowhere. Plain search: no pattern can run wild."""
    if not needle:
        return -1
    place = text.find(needle)
    if not whole_word:
        return place
    opens, closes = _is_of_word(needle[0]), _is_of_word(needle[-1])
    while place >= 0:
        end = place + len(needle)
        is_cut = (opens and place > 0 and _is_of_word(text[place - 1])) or (
            closes and end < len(text) and _is_of_word(text[end])
        )
        if not is_cut:
            return place
        place = text.find(needle, place + 1)
    return -1


def _is_of_word(character: str) -> bool:
    """Letters, digits, what joins them, and the marks upon them."""
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc", "Me", "Pc")


def _part(entity: dict[str, Any], source: Mapping[str, Any]) -> Part:
    poll = source.get("poll") or {"options": ()}
    content = _TAG.sub("", _BREAK.sub("\n", source.get("content") or source.get("text") or ""))
    texts = (
        source["spoiler_text"],
        html.unescape(content),
        *(option["title"] for option in poll["options"]),
        *(file["description"] for file in source["media_attachments"]),
    )
    text = unicodedata.normalize("NFC", "\n\n".join(filter(None, texts)))
    return Part(entity, frozenset((entity["id"], source["id"])), text, _folded(text))


def _sought(kept: Filter) -> Sought:
    return Sought(kept, tuple(_folded(each.keyword) for each in kept.keywords))


def _folded(text: str) -> str:
    """Fold case, and spell each letter in one way."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
