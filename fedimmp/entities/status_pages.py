"""Pages of statuses and accounts as JSON that is put together from what a process keeps.

The entities are those of `statuses` and `accounts`. What is the same for all viewers, and as long
as no row of it changes, is kept as bytes; counters and the viewer's flags are put in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from fedimmp.app import App
from fedimmp.entities.account_pages import (
    Lasting,
    complete_account,
    keep,
    lasting_account,
    opened,
)
from fedimmp.entities.filters import has_filters
from fedimmp.entities.quotes import approval_part
from fedimmp.entities.statuses import (
    counts_part,
    flags_part,
    render_statuses,
    status_entity,
)
from storage import account_snapshots, status_snapshots, status_views
from storage.database import Connection, Record
from storage.quotes import Terms
from storage.status_snapshots import Rows, Snapshot, version_of
from storage.status_views import Marks, StatusView

# What a row of a snapshot decides; all else of an entity lasts as long as its version.
_CHANGING: Final = frozenset((*counts_part(0, 0, 0, 0), "account", "reblog", "quote_approval"))
# What the values of a row take, roughly.
_ROW_BYTES: Final = 800


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as JSON, and the ids of its first and last status."""

    text: bytes
    first: int
    last: int


async def render_home(app: App, conn: Connection, rows: Rows, viewer_id: int) -> Shown | None:
    """Return the page of these rows as an array of Status entities; None where it is not full.

    Of each viewer the last page is kept: as long as no row of it changes, neither do its bytes.
    """
    place, state = ("home", viewer_id), rows.state
    kept: tuple[object, Shown] | None = app.pages.get(place)
    is_filtered = await has_filters(app, conn, viewer_id)
    if kept is not None and kept[0] == state and not is_filtered:
        return kept[1]
    snapshots = rows.snapshots()
    if snapshots is None:
        return None
    rendered = await render_snapshots(app, conn, snapshots, viewer_id)
    text = orjson.dumps(rendered)
    shown = Shown(text, snapshots[0].status["id"], snapshots[-1].status["id"])
    if len(rendered) == rows.limit and all(map(is_kept, rendered)):
        app.pages.put(place, (state, shown), len(text) + _ROW_BYTES * len(rows.records))
    return shown


def is_kept(rendered: object) -> bool:
    """Tell whether an entity is what its snapshot stands for, and not rendered each time."""
    return isinstance(rendered, orjson.Fragment)


async def render_ids(
    app: App, conn: Connection, status_ids: Sequence[int], viewer_id: int | None
) -> list[Any]:
    """Return the Status entities of those that exist as parts of JSON, in the order of the ids.

    Whether the viewer may see them is the caller's to know.
    """
    if viewer_id is None:
        return list(await render_statuses(app, conn, status_ids, None))
    snapshots = await status_snapshots.load(conn, viewer_id, status_ids)
    return await render_snapshots(app, conn, snapshots, viewer_id)


async def render_snapshots(
    app: App, conn: Connection, snapshots: Sequence[Snapshot], viewer_id: int
) -> list[Any]:
    """Return the Status entities of snapshots as parts of JSON, for `orjson.dumps`.

    What is kept needs no query; else there are as many as `render_statuses` runs, twice at most.
    """
    shown = await render_by_id(app, conn, snapshots, viewer_id)
    ids = (snapshot.status["id"] for snapshot in snapshots)
    return [shown[each] for each in ids if each in shown]


async def render_by_id(
    app: App, conn: Connection, snapshots: Sequence[Snapshot], viewer_id: int
) -> dict[int, Any]:
    """As `render_snapshots`, by the id of each status."""
    if await has_filters(app, conn, viewer_id):
        ids = [snapshot.status["id"] for snapshot in snapshots]
        rendered = await render_statuses(app, conn, ids, viewer_id)
        return {int(entity["id"]): entity for entity in rendered}
    shown, missing = {}, []
    for snapshot in snapshots:
        if (known := app.renderings.get(snapshot.key)) is None:
            missing.append(snapshot)
        else:
            shown[snapshot.status["id"]] = known
    return shown | await _render(app, conn, missing, viewer_id) if missing else shown


async def _render(
    app: App, conn: Connection, snapshots: Sequence[Snapshot], viewer_id: int
) -> dict[int, Any]:
    """Render snapshots, by id. Those that are gone meanwhile are left out."""
    lasting = await _lasting(app, conn, [row for each in snapshots for row in each.rows])
    rendered: dict[int, Any] = {}
    live: list[int] = []
    for snapshot in snapshots:
        number = snapshot.status["id"]
        if any(
            lasting[version_of(row)].is_live for row in snapshot.rows if version_of(row) in lasting
        ):
            live.append(number)
        elif all(version_of(row) in lasting for row in snapshot.rows):
            whole = _put_together(snapshot, lasting)
            rendered[number] = orjson.Fragment(whole)
            app.renderings.put(snapshot.key, rendered[number], len(whole))
    if live:
        entities = await render_statuses(app, conn, live, viewer_id)
        rendered |= {int(entity["id"]): entity for entity in entities}
    return rendered


def _put_together(snapshot: Snapshot, lasting: Mapping[object, Lasting]) -> bytes:
    if snapshot.boosted is None:
        return _completed(snapshot.status, snapshot.status, None, lasting)
    boosted = _completed(snapshot.boosted, snapshot.boosted, None, lasting)
    return _completed(snapshot.status, snapshot.boosted, boosted, lasting)


def _completed(
    row: Record, original: Record, boosted: bytes | None, lasting: Mapping[object, Lasting]
) -> bytes:
    """Complete a status; a boost has the counts, terms and flags of what it boosts."""
    terms = replace(
        lasting[version_of(original)].terms or _NO_TERMS,
        is_own=original["is_own"],
        follows=bool(original["follows"]),
        followed_by=bool(original["followed_by"]),
        blocked=original["blocked"],
    )
    account = complete_account(row, lasting[account_snapshots.version_of(row)])
    pinnable = boosted is None and original["is_own"] and terms.visibility != "direct"
    return lasting[version_of(row)].completed(
        {
            "account": orjson.Fragment(account),
            "reblog": None if boosted is None else orjson.Fragment(boosted),
            "quote_approval": approval_part(terms),
            **counts_part(*(original[name] for name in _COUNTS)),
            **flags_part(Marks(*(original[name] for name in _MARKS)), pinnable=pinnable),
        }
    )


_COUNTS: Final = ("replies", "reblogs", "favourites", "quotes")
_MARKS: Final = ("favourited", "reblogged", "bookmarked", "muted", "pinned")
# Only of accounts, which are not completed as statuses.
_NO_TERMS: Final = Terms(
    local=False,
    visibility="direct",
    automatic=None,
    manual=None,
    is_own=False,
    follows=False,
    followed_by=False,
    blocked=False,
)


async def _lasting(app: App, conn: Connection, rows: Sequence[Record]) -> dict[object, Lasting]:
    """Return the lasting parts of statuses and their authors, by version."""
    wanted = {version_of(row) for row in rows} | {account_snapshots.version_of(row) for row in rows}
    kept = {each: app.renderings.get(each) for each in wanted}
    known: dict[object, Lasting] = {each: part for each, part in kept.items() if part is not None}
    missing = [
        row
        for row in rows
        if version_of(row) not in known or account_snapshots.version_of(row) not in known
    ]
    if missing:
        # What is read now is at least as new as the versions, and under these asked for no more
        # once it is newer.
        views = await status_views.load(conn, [row["id"] for row in missing], None)
        for row in missing:
            if (view := views.get(row["id"])) is not None:
                known[version_of(row)] = keep(app, version_of(row), _lasting_status(app, view))
                version = account_snapshots.version_of(row)
                known[version] = keep(app, version, lasting_account(app, view.account))
    return known


def _lasting_status(app: App, view: StatusView) -> Lasting:
    entity = status_entity(app, replace(view, reblog=None), None)
    terms = None if view.quotes is None else view.quotes.terms
    return Lasting(
        opened(entity, _CHANGING),
        terms,
        is_live=view.ballot is not None or view.quote is not None or terms is None,
    )
