"""Reads the bracketed names of forms into nested values, as Mastodon's clients write them.

`a[]=1&a[]=2` is a list, `a[b]=1` a mapping, `a[][b]=1&a[][c]=2` a list of mappings, and `a[][]=1`,
as Mastodon.py spells the ids of some, a list like the first. Values stay text here; what they mean
is the business of the forms.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from fedimmp.errors import BadRequest

MAX_PAIRS: Final = 1000
MAX_DEPTH: Final = 6
_MAX_NAME: Final = 500

_PART: Final = re.compile(r"\[([^\[\]]*)\]")


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as one nested mapping; raises BadRequest where names contradict."""
    root: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count >= MAX_PAIRS:
            raise BadRequest("The request has too many parameters")
        _put(root, _split(name), value, name)
    return root


def merge(*bags: dict[str, Any]) -> dict[str, Any]:
    """Return one bag in which later ones win, as Mastodon merges query and body."""
    merged: dict[str, Any] = {}
    for bag in bags:
        merged.update(bag)
    return merged


def _split(name: str) -> list[str]:
    if len(name) > _MAX_NAME:
        raise BadRequest("A parameter's name is too long")
    head, bracket, _ = name.partition("[")
    rest = name[len(head) :]
    parts = _PART.findall(rest)
    if not head or "".join(f"[{part}]" for part in parts) != rest:
        # Not one of our shapes: a plain name that happens to hold brackets.
        return [name]
    if len(parts) > MAX_DEPTH:
        raise BadRequest("A parameter is nested too deeply")
    while parts[-2:] == ["", ""]:
        parts.pop()
    return [head, *parts] if bracket else [head]


def _put(holder: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    """Store the value below the path; an empty part is a list's next element."""
    key, rest = path[0], path[1:]
    if not rest:
        holder[key] = value
    elif rest[0] != "":
        _put(_child(holder, key, dict, name), rest, value, name)
    else:
        items = _child(holder, key, list, name)
        if len(rest) == 1:
            items.append(value)
        else:
            _put(_open_item(items, rest[1:]), rest[1:], value, name)


def _child(holder: dict[str, Any], key: str, kind: type, name: str) -> Any:
    child = holder.setdefault(key, kind())
    if not isinstance(child, kind):
        raise BadRequest(f"The parameter {name} contradicts another one")
    return child


def _open_item(items: list[Any], path: list[str]) -> dict[str, Any]:
    """Return the mapping that takes the next value: the last, unless it has this key already."""
    if items and isinstance(items[-1], dict) and not _holds(items[-1], path):
        last: dict[str, Any] = items[-1]
        return last
    fresh: dict[str, Any] = {}
    items.append(fresh)
    return fresh


def _holds(item: dict[str, Any], path: list[str]) -> bool:
    here: Any = item
    for part in path:
        if part == "":
            return False
        if not isinstance(here, dict) or part not in here:
            return False
        here = here[part]
    return True
