"""What changes about statuses, and what tells that the rest has changed: a row each for a viewer.

A row holds counters, the viewer's flags and the versions of all that is shown besides (xmin, which
every change of a row renews). Two equal rows stand for the same rendering, so a row is the key of
what a process keeps of it. Each function is one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage import fragments, standings
from storage.database import Connection, Record
from storage.paging import Page
from storage.quotes import quotes_count
from storage.standings import Standing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A status with what it boosts, None unless it is a boost."""

    status: Record
    boosted: Record | None = None

    @property
    def rows(self) -> tuple[Record, ...]:
        """The status and what it boosts."""
        return (self.status,) if self.boosted is None else (self.status, self.boosted)

    @property
    def key(self) -> tuple[tuple[object, ...], ...]:
        """What the rendering is kept under: the values alone, since a cache outlives the rows."""
        return values_of(self.rows)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page of so many statuses, with those of what they boost."""

    records: Sequence[Record]
    limit: int

    def __len__(self) -> int:
        return len(self.records)

    @property
    def state(self) -> tuple[object, ...]:
        """What the rendering of the whole page is kept under."""
        return self.limit, values_of(self.records)

    def snapshots(self) -> list[Snapshot] | None:
        """Return the page, newest first; None where it is not full.

        Something may then be hidden, and the query that costs more knows what there is.
        """
        rows = {row["id"]: row for row in self.records}
        boosted = {row["boosted_id"] for row in rows.values()}
        entries = [
            row
            for row in rows.values()
            if row["id"] not in boosted and (row["boosted_id"] is None or row["boosted_id"] in rows)
        ]
        if len(entries) < self.limit or not entries:
            return None
        entries.sort(key=_id, reverse=True)
        return [_snapshot(row, rows) for row in entries]


def values_of(rows: Iterable[Record]) -> tuple[tuple[object, ...], ...]:
    """Return the values of rows, which hold nothing of the driver."""
    return tuple(map(tuple, rows))


def version_of(row: Record) -> tuple[object, ...]:
    """Return what the lasting part of a status is kept under."""
    return row["id"], row["version"], row["author_version"], row["wording"]


# Who follows whom is asked only where a policy on quotes speaks of it. The flags are looked up for
# all statuses at once: a subquery for each of them would cost more than all the rest.
_SELECT = f"""
    SELECT s.id, s.xmin AS version, (SELECT w.xmin FROM wordings AS w) AS wording,
        s.account_id AS author_id, a.xmin AS author_version, s.reblog_of_id AS boosted_id,
        ac.statuses, ac.followers, ac.following, ac.last_status_at,
        COALESCE(c.replies, 0) AS replies,
        COALESCE(c.reblogs, 0) AS reblogs,
        COALESCE(c.favourites, 0) AS favourites,
        CASE WHEN (SELECT true FROM status_quotes AS q WHERE q.quoted_uri = s.uri LIMIT 1)
            THEN {quotes_count("s.uri")} ELSE 0 END AS quotes,
        s.account_id = $1::bigint AS is_own,
        s.id = ANY (ARRAY(
            SELECT f.status_id FROM favourites AS f
            WHERE f.account_id = $1 AND f.status_id = ANY((SELECT ids FROM given)::bigint[])
        )) AS favourited,
        s.id = ANY (ARRAY(
            SELECT r.reblog_of_id FROM statuses AS r
            WHERE r.account_id = $1 AND r.reblog_of_id = ANY((SELECT ids FROM given)::bigint[])
        )) AS reblogged,
        s.id = ANY (ARRAY(
            SELECT k.status_id FROM bookmarks AS k
            WHERE k.account_id = $1 AND k.status_id = ANY((SELECT ids FROM given)::bigint[])
        )) AS bookmarked,
        (s.conversation_id = ANY (ARRAY(
            SELECT m.conversation_id FROM muted_conversations AS m WHERE m.account_id = $1
        ))) IS TRUE AS muted,
        s.id = ANY (ARRAY(SELECT p.status_id FROM pins AS p WHERE p.account_id = $1)) AS pinned,
        CASE WHEN s.quote_automatic && '{{followers}}' OR s.quote_manual && '{{followers}}'
            THEN (SELECT true FROM follows AS f
                  WHERE f.account_id = $1 AND f.target_id = s.account_id AND f.state = 'accepted')
            END AS follows,
        CASE WHEN s.quote_automatic && '{{following}}' OR s.quote_manual && '{{following}}'
            THEN (SELECT true FROM follows AS f
                  WHERE f.account_id = s.account_id AND f.target_id = $1 AND f.state = 'accepted')
            END AS followed_by,
        s.account_id = ANY (ARRAY({fragments.estranged_accounts("$1")})) AS blocked
    FROM statuses AS s
    JOIN accounts AS a ON a.id = s.account_id
    LEFT JOIN account_counters AS ac ON ac.account_id = s.account_id
    LEFT JOIN status_counters AS c ON c.status_id = s.id
    WHERE s.id = ANY((SELECT ids FROM given)::bigint[])
"""

_LOAD = f"""
    WITH given AS MATERIALIZED (
        SELECT ARRAY(
            SELECT unnest($2::bigint[])
            UNION
            SELECT b.reblog_of_id FROM statuses AS b
            WHERE b.id = ANY($2::bigint[]) AND b.reblog_of_id IS NOT NULL) AS ids
    )
    {_SELECT}
"""


_LOAD_SHOWN = f"""
    {_LOAD}
      AND {fragments.status_is_shown("s", "a", "$1::bigint")}
"""


def _home(page: Page) -> str:
    return f"""
        WITH page AS MATERIALIZED (
            SELECT h.status_id, h.reblog_of_id
            FROM home_feed AS h
            WHERE h.account_id = $1
              AND {page.window("h.status_id", 2)}
        ), given AS MATERIALIZED (
            SELECT ARRAY(
                SELECT status_id FROM page
                UNION ALL
                SELECT reblog_of_id FROM page WHERE reblog_of_id IS NOT NULL) AS ids
        )
        {_SELECT}
          AND {fragments.status_is_shown("s", "a", "$1::bigint")}
          AND {fragments.author_is_wanted("s", "a", "$1::bigint")}
          AND {standings.holds(5)}
    """


_HOME = {page.order: _home(page) for page in (Page(0), Page(0, min_id=0))}


async def load(conn: Connection, viewer_id: int, status_ids: Sequence[int]) -> list[Snapshot]:
    """Return those of the statuses that exist, in order; it does not ask who may see them."""
    rows = {row["id"]: row for row in await conn.fetch(_LOAD, viewer_id, list(status_ids))}
    return [_snapshot(rows[each], rows) for each in status_ids if each in rows]


async def home(
    conn: Connection, viewer_id: int, page: Page, standing: Standing | None = None
) -> Rows:
    """Return what is shown of a page of the viewer's home timeline.

    Without any row where the standing does not hold.
    """
    rows = await conn.fetch(
        _HOME[page.order], viewer_id, *page.bounds, *standings.arguments(standing)
    )
    return Rows(rows, page.limit)


async def load_shown(conn: Connection, viewer_id: int, status_ids: Sequence[int]) -> list[Snapshot]:
    """Return those of the statuses that the viewer may see, with what they boost, in order."""
    rows = {row["id"]: row for row in await conn.fetch(_LOAD_SHOWN, viewer_id, list(status_ids))}
    return [
        _snapshot(rows[each], rows)
        for each in status_ids
        if each in rows and (rows[each]["boosted_id"] is None or rows[each]["boosted_id"] in rows)
    ]


def _id(row: Record) -> int:
    number: int = row[0]
    return number


def _snapshot(row: Record, rows: Mapping[int, Record]) -> Snapshot:
    return Snapshot(row, None if row["boosted_id"] is None else rows[row["boosted_id"]])
