"""The audit log as administrators use it: noting what the command line reads, listing, proving."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Final

from fedimmp.app import App
from fedimmp.errors import Invalid
from storage import audit
from storage.audit import Entry, Filter, Link
from storage.database import Connection
from storage.paging import Page

_AT_ONCE: Final = 1000
_HASH_HEX: Final = 64
_NO_ANCHOR: Final = (
    "An anchor is the number and the hash of an entry, as `fedimmp audit verify` prints them"
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What somebody noted of the chain elsewhere: the hash that an entry had then."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of proving the chain; `problem` is a sentence, None for a whole chain."""

    length: int
    hash: bytes
    problem: str | None = None


async def note(app: App, actor: str, action: str, target: str, **detail: object) -> None:
    """Write down that somebody looked at what others do not see, or did what has no other trace."""
    async with app.db.writer() as tx:
        await audit.append(
            tx, actor=actor, action=action, target=target, detail=detail, now=app.now()
        )


async def list_page(app: App, wanted: Filter, page: Page, *, actor: str) -> list[Entry]:
    """Return a page of entries, the newest first, for somebody who is written down for it."""
    asked = {name: str(value) for name, value in asdict(wanted).items() if value is not None}
    async with app.db.writer() as tx:
        found = await audit.list_page(tx, wanted, page)
        await audit.append(
            tx, actor=actor, action="audit.list", target="audit", detail={**asked}, now=app.now()
        )
    return found


async def entries(
    app: App, wanted: Filter, *, after: int = 0, most: int | None = None
) -> AsyncIterator[Entry]:
    """Yield the entries above a position, the oldest first, however many there are."""
    left = most
    while left is None or left > 0:
        limit = _AT_ONCE if left is None else min(left, _AT_ONCE)
        async with app.db.reader() as conn:
            found = await audit.list_after(conn, wanted, after, limit)
        for entry in found:
            yield entry
        if len(found) < limit:
            return
        after = found[-1].id
        left = None if left is None else left - limit


async def verify(app: App, anchor: Anchor | None = None) -> Finding:
    """Prove that every entry is as it was written, and say what is the first that is not."""
    async with app.db.reader() as conn:
        length, end = await audit.find_head(conn)
        finding = await _walk(conn, length, end, anchor)
        if finding.problem is not None:
            return finding
        stray = await audit.find_unchained(conn)
    if stray is not None:
        said = f"{stray.at:%Y-%m-%d %H:%M:%S} {stray.actor} {stray.action} {stray.target}"
        return Finding(length, end, f"An entry was slipped in past the chain: {said}.")
    return finding


async def _walk(conn: Connection, length: int, end: bytes, anchor: Anchor | None) -> Finding:
    position, last = 0, audit.GENESIS
    anchored = anchor is None
    while links := await audit.list_links(conn, position, _AT_ONCE):
        for link in links:
            problem = _problem(link, position, last)
            if problem is None and link.position == length and link.hash != end:
                problem = f"Entry {length} is not the one that the end of the chain remembers."
            if problem is None and anchor is not None and link.position == anchor.position:
                anchored = link.hash == anchor.hash
                if not anchored:
                    problem = f"Entry {link.position} has another hash than the one you noted."
            if problem is not None:
                return Finding(position, last, problem)
            position, last = link.position, link.hash
    if position < length:
        return Finding(
            position, last, f"The chain ends with entry {position}, but there were {length}."
        )
    if not anchored and anchor is not None:
        return Finding(position, last, f"There is no entry {anchor.position} any more.")
    return Finding(position, last)


def _problem(link: Link, before: int, hash_before: bytes) -> str | None:
    """Say what is wrong with the next link after `before`."""
    if link.position != before + 1:
        return f"Entry {before + 1} is missing from the chain."
    if link.written is None:
        return f"Entry {link.position} was taken out of the log."
    if not link.is_sound(hash_before):
        return (
            f"Entry {link.position} is not as it was written"
            f" (it now says: {link.written.at:%Y-%m-%d %H:%M:%S} {link.written.actor}"
            f" {link.written.action} {link.written.target})."
        )
    return None


def parse_anchor(text: str) -> Anchor:
    """Read an anchor as `verify` prints it, `1234:ab12...`. Raises Invalid."""
    position, _, digits = text.strip().partition(":")
    try:
        anchor = Anchor(int(position), bytes.fromhex(digits))
    except ValueError as error:
        raise Invalid(_NO_ANCHOR) from error
    if anchor.position < 1 or len(digits) != _HASH_HEX:
        raise Invalid(_NO_ANCHOR)
    return anchor
