"""Statuses with everything that their entities show, in a fixed number of queries for a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storage import accounts, emojis, media, polls, quotes
from storage.accounts import AccountView
from storage.database import Connection, Record
from storage.emojis import Emoji, Words
from storage.media import Media
from storage.plans import any_of
from storage.polls import Ballot
from storage.quotes import Quotation, QuotePart
from storage.status_rows import Status, columns


@dataclass(frozen=True, slots=True)
class MentionView:
    """An account that the text names; `domain` is None for our own."""

    account_id: int
    username: str
    domain: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Application:
    """What a status was written with."""

    name: str
    website: str | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What the viewer did with a status."""

    favourited: bool
    reblogged: bool
    bookmarked: bool
    muted: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class QuoteView:
    """What a status quotes.

    `quoted` is None where the viewer may not see it, and in what is itself shown within another.
    """

    quotation: Quotation
    quoted: "StatusView | None"


@dataclass(frozen=True, slots=True)
class StatusView:
    """A status and what surrounds it. `marks` is None without a viewer, `reblog` without a boost.

    `quotes` is None only in a boost of what is gone; `quote` in what quotes nothing.
    `in_reply_to_account_id` of a reply whose parent is unknown stays as it is stored.
    """

    status: Status
    account: AccountView
    reblog: "StatusView | None"
    replies_count: int
    reblogs_count: int
    favourites_count: int
    mentions: tuple[MentionView, ...]
    tags: tuple[str, ...]
    media: tuple[Media, ...]
    ballot: Ballot | None
    application: Application | None
    marks: Marks | None
    emojis: tuple[Emoji, ...] = ()
    quotes: QuotePart | None = None
    quote: QuoteView | None = None


async def load(
    conn: Connection, status_ids: Sequence[int], viewer_id: int | None
) -> dict[int, StatusView]:
    """Return those of the statuses that exist, by id; it does not ask who may see them.

    Runs six queries whatever the number of statuses, and two more where texts may name emoji.
    What a status quotes comes with it, one level deep.
    """
    parts = await quotes.load_parts(conn, status_ids, viewer_id)
    originals = [each for each, part in parts.items() if not part.nested]
    quoted = [part.quoted_id for part in parts.values() if part.quoted_id is not None]
    flat = await _flat(conn, [*status_ids, *originals, *quoted], viewer_id)
    shallow = {each: _with_part(view, parts.get(each)) for each, view in flat.items()}
    whole = {each: _with_quoted(view, shallow) for each, view in shallow.items()}
    return {each: _with_boosted(whole[each], whole) for each in status_ids if each in whole}


def _with_part(view: StatusView, part: QuotePart | None) -> StatusView:
    if part is None or part.quotation is None:
        return replace(view, quotes=part)
    return replace(view, quotes=part, quote=QuoteView(part.quotation, None))


def _with_quoted(view: StatusView, shallow: Mapping[int, StatusView]) -> StatusView:
    if view.quote is None or view.quotes is None or view.quotes.quoted_id is None:
        return view
    quoted = shallow.get(view.quotes.quoted_id)
    return replace(view, quote=replace(view.quote, quoted=quoted))


def _with_boosted(view: StatusView, whole: Mapping[int, StatusView]) -> StatusView:
    boosted = whole.get(view.status.reblog_of_id) if view.status.reblog_of_id else None
    # A boost has the terms and the counts of what it boosts, as its other counters are.
    return view if boosted is None else replace(view, reblog=boosted, quotes=boosted.quotes)


async def _flat(
    conn: Connection, status_ids: Sequence[int], viewer_id: int | None
) -> dict[int, StatusView]:
    """Load statuses, each without what it boosts or quotes."""
    rows = await _rows(conn, status_ids, viewer_id)
    ids = [row["id"] for row in rows]
    people = await accounts.load_views(conn, list({row["account_id"] for row in rows}))
    mentions = await _mentions(conn, ids)
    files = await media.list_of_statuses(conn, ids)
    ballots = await polls.list_of_statuses(conn, ids, viewer_id)
    shown = await emojis.load(conn, _words(rows, people, ballots))
    return {
        row["id"]: StatusView(
            status=Status.of(row),
            account=people[row["account_id"]],
            reblog=None,
            replies_count=row["replies"],
            reblogs_count=row["reblogs"],
            favourites_count=row["favourites"],
            mentions=tuple(mentions.get(row["id"], ())),
            tags=tuple(row["tag_names"]),
            media=files.get(row["id"], ()),
            ballot=ballots.get(row["id"]),
            application=_application(row),
            marks=_marks(row) if viewer_id is not None else None,
            emojis=shown.get(row["id"], ()),
        )
        for row in rows
    }


_ROWS = f"""
    SELECT {columns("s")},
        COALESCE(c.replies, 0) AS replies,
        COALESCE(c.reblogs, 0) AS reblogs,
        COALESCE(c.favourites, 0) AS favourites,
        app.name AS app_name,
        app.website AS app_website,
        ARRAY(
            SELECT t.display_name
            FROM status_tags AS st
            JOIN tags AS t ON t.id = st.tag_id
            WHERE st.status_id = s.id
            ORDER BY t.name) AS tag_names,
        EXISTS (
            SELECT 1 FROM favourites AS f
            WHERE f.account_id = $2 AND f.status_id = original.id) AS favourited,
        EXISTS (
            SELECT 1 FROM statuses AS b
            WHERE b.account_id = $2 AND b.reblog_of_id = original.id) AS reblogged,
        EXISTS (
            SELECT 1 FROM bookmarks AS b
            WHERE b.account_id = $2 AND b.status_id = original.id) AS bookmarked,
        EXISTS (
            SELECT 1 FROM muted_conversations AS m
            WHERE m.account_id = $2 AND m.conversation_id = original.conversation_id
        ) AS muted,
        EXISTS (
            SELECT 1 FROM pins AS p
            WHERE p.account_id = $2 AND p.status_id = original.id) AS pinned
    FROM statuses AS s
    JOIN statuses AS original ON original.id = COALESCE(s.reblog_of_id, s.id)
    LEFT JOIN status_counters AS c ON c.status_id = original.id
    LEFT JOIN oauth_apps AS app ON app.id = s.application_id
    WHERE s.id = {any_of(1)}
"""


async def _rows(conn: Connection, status_ids: Sequence[int], viewer_id: int | None) -> list[Record]:
    """Fetch the statuses. Marks are always on what is boosted."""
    return await conn.fetch(
        _ROWS,
        list(status_ids),
        viewer_id,
    )


async def _mentions(conn: Connection, status_ids: Sequence[int]) -> dict[int, list[MentionView]]:
    rows = await conn.fetch(
        f"""
        SELECT m.status_id, a.id, a.username, a.domain, a.url
        FROM mentions AS m
        JOIN accounts AS a ON a.id = m.account_id
        WHERE m.status_id = {any_of(1)}
          AND NOT m.silent
        ORDER BY m.status_id, a.id
        """,
        list(status_ids),
    )
    found: dict[int, list[MentionView]] = {}
    for row in rows:
        found.setdefault(row["status_id"], []).append(
            MentionView(row["id"], row["username"], row["domain"], row["url"])
        )
    return found


def _words(
    rows: Sequence[Record], people: Mapping[int, AccountView], ballots: Mapping[int, Ballot]
) -> dict[int, Words]:
    words = {}
    for row in rows:
        ballot = ballots.get(row["id"])
        options = [option["title"] for option in ballot.poll.options] if ballot else []
        domain = people[row["account_id"]].account.domain
        words[row["id"]] = Words(domain, (row["content"], row["spoiler_text"], *options))
    return words


def _application(row: Record) -> Application | None:
    if row["app_name"] is None:
        return None
    return Application(row["app_name"], row["app_website"])


def _marks(row: Record) -> Marks:
    return Marks(
        favourited=row["favourited"],
        reblogged=row["reblogged"],
        bookmarked=row["bookmarked"],
        muted=row["muted"],
        pinned=row["pinned"],
    )
