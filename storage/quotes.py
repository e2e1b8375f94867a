"""What statuses quote, who may quote them, and who agreed. Stamps and requests are only named here.

The quoted status is found by its URI, so a quote may come before what it quotes, and outlive it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from storage import fragments
from storage.database import Connection, Record, Transaction
from storage.paging import Page
from storage.plans import any_of

# One post may be quoted without end; each look at it counts.
_MOST_COUNTED = 1_000

State = Literal["pending", "accepted", "rejected", "revoked"]
Ending = Literal["rejected", "revoked"]


@dataclass(frozen=True, slots=True)
class NewQuote:
    """A quote to insert with its status; one of the author's own status counts as accepted."""

    quoted_uri: str
    state: State = "pending"
    legacy: bool = False
    authorization_uri: str | None = None
    request_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote with both its ends. The quoted end is None while, or since, it is not here.

    `local` and `quoted_local` tell whose statuses they are; `is_open` that what quotes is for
    everybody.
    """

    status_id: int
    status_uri: str
    account_id: int
    account_uri: str
    local: bool
    is_open: bool
    state: State
    legacy: bool
    authorization_uri: str | None
    request_uri: str | None
    quoted_uri: str
    quoted_id: int | None
    quoted_account_id: int | None
    quoted_account_uri: str | None
    quoted_local: bool
    quoted_is_boost: bool


_QUOTE = """
    SELECT q.status_id, s.uri AS status_uri, s.account_id, a.uri AS account_uri, s.local,
        s.visibility IN ('public', 'unlisted') AS is_open,
        q.state, q.legacy, q.authorization_uri, q.request_uri, q.quoted_uri,
        quoted.id AS quoted_id,
        quoted.account_id AS quoted_account_id,
        author.uri AS quoted_account_uri,
        COALESCE(quoted.local, false) AS quoted_local,
        quoted.reblog_of_id IS NOT NULL AS quoted_is_boost
    FROM status_quotes AS q
    JOIN statuses AS s ON s.id = q.status_id
    JOIN accounts AS a ON a.id = s.account_id
    LEFT JOIN statuses AS quoted ON quoted.uri = q.quoted_uri
    LEFT JOIN accounts AS author ON author.id = quoted.account_id
"""


async def find(conn: Connection, status_id: int) -> Quote | None:
    """Return what a status quotes; None where it quotes nothing."""
    row = await conn.fetchrow(f"{_QUOTE} WHERE q.status_id = $1", status_id)
    return None if row is None else Quote(**dict(row))


async def find_many(conn: Connection, status_ids: Sequence[int]) -> list[Quote]:
    """Return those of the statuses that quote something, in the order of their ids."""
    rows = await conn.fetch(
        f"{_QUOTE} WHERE q.status_id = ANY($1::bigint[]) ORDER BY q.status_id", list(status_ids)
    )
    return [Quote(**dict(row)) for row in rows]


async def find_requested(
    conn: Connection, *, request_uri: str | None, status_uri: str | None = None
) -> Quote | None:
    """Return the quote by a member that was asked for with this request, or with this status."""
    row = await conn.fetchrow(
        f"""
        {_QUOTE}
        WHERE s.local
          AND (q.request_uri = $1
               OR q.status_id = (SELECT named.id FROM statuses AS named WHERE named.uri = $2))
        ORDER BY q.request_uri = $1 DESC NULLS LAST
        LIMIT 1
        """,
        request_uri,
        status_uri,
    )
    return None if row is None else Quote(**dict(row))


async def list_authorized(conn: Connection, authorization_uri: str) -> list[Quote]:
    """Return the quotes that stand on this authorization; one, where its author is honest."""
    rows = await conn.fetch(
        f"{_QUOTE} WHERE q.authorization_uri = $1 ORDER BY q.status_id LIMIT 100",
        authorization_uri,
    )
    return [Quote(**dict(row)) for row in rows]


async def accept(
    tx: Transaction,
    status_id: int,
    *,
    authorization_uri: str | None,
    request_uri: str | None = None,
) -> bool:
    """Let a quote count; False when nothing changes.

    An authorization that another quote stands on already is not taken a second time.
    """
    return await _change(
        tx,
        """
        UPDATE status_quotes AS q
        SET state = 'accepted',
            authorization_uri = $2,
            request_uri = COALESCE($3, q.request_uri)
        WHERE q.status_id = $1
          AND (q.state <> 'accepted' OR q.authorization_uri IS DISTINCT FROM $2)
          AND NOT EXISTS (
              SELECT 1 FROM status_quotes AS other
              WHERE other.authorization_uri = $2 AND other.status_id <> $1)
        """,
        status_id,
        authorization_uri,
        request_uri,
    )


async def end(tx: Transaction, status_id: int, state: Ending) -> bool:
    """Let a quote count no longer; False when it did not, and was not asked for."""
    return await _change(
        tx,
        """
        UPDATE status_quotes
        SET state = $2, authorization_uri = NULL
        WHERE status_id = $1
          AND state IN ('pending', 'accepted')
        """,
        status_id,
        state,
    )


async def _change(tx: Transaction, statement: str, status_id: int, *args: object) -> bool:
    if not await tx.execute(statement, status_id, *args):
        return False
    await tx.execute("UPDATE statuses SET revision = revision + 1 WHERE id = $1", status_id)
    return True


async def replace(tx: Transaction, status_id: int, new: NewQuote) -> None:
    """Let a status quote this, as a newer form of it says; a quote of the same stays as it is."""
    await tx.execute(
        """
        INSERT INTO status_quotes AS q (status_id, quoted_uri, state, legacy)
        VALUES ($1, $2, 'pending', $3)
        ON CONFLICT (status_id) DO UPDATE
        SET quoted_uri = EXCLUDED.quoted_uri,
            state = 'pending',
            legacy = EXCLUDED.legacy,
            authorization_uri = NULL,
            request_uri = NULL
        WHERE q.quoted_uri <> EXCLUDED.quoted_uri
        """,
        status_id,
        new.quoted_uri,
        new.legacy,
    )


async def set_policy(
    tx: Transaction,
    status_id: int,
    automatic: Sequence[str] | None,
    manual: Sequence[str] | None = None,
) -> bool:
    """Keep who may quote a status; None stands for a word that was never said. False: no change."""
    changed = await tx.execute(
        """
        UPDATE statuses
        SET quote_automatic = $2, quote_manual = $3, revision = revision + 1
        WHERE id = $1
          AND (quote_automatic, quote_manual)
              IS DISTINCT FROM ($2::text[], $3::text[])
        """,
        status_id,
        None if automatic is None else list(automatic),
        None if manual is None else list(manual),
    )
    return bool(changed)


async def list_quoting(conn: Connection, viewer_id: int, status_uri: str, page: Page) -> list[int]:
    """Return the ids of accepted quotes of a status that the viewer may and wants to see."""
    rows = await conn.fetch(
        f"""
        SELECT s.id
        FROM status_quotes AS q
        JOIN statuses AS s ON s.id = q.status_id
        WHERE q.quoted_uri = $1
          AND q.state = 'accepted'
          AND {fragments.status_is_visible("s", "$2::bigint")}
          AND {fragments.status_is_welcome("s", "$2::bigint")}
          AND {page.window("s.id", 3)}
        """,
        status_uri,
        viewer_id,
        *page.bounds,
    )
    return page.newest_first([row["id"] for row in rows])


# ---------------------------------------------------------------------------- as somebody sees it


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may quote a status, and how a viewer stands to its author.

    `automatic` and `manual` are as stored: None where the author never said anything.
    """

    local: bool
    visibility: str
    automatic: tuple[str, ...] | None
    manual: tuple[str, ...] | None
    is_own: bool
    follows: bool
    followed_by: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class Quotation:
    """What a status quotes, as a viewer may see it. `quoted_id` is None where they may not."""

    state: State
    legacy: bool
    exists: bool
    quoted_id: int | None
    blocked: bool
    muted: bool


@dataclass(frozen=True, slots=True)
class QuotePart:
    """Everything about quotes that the entity of a status shows.

    `nested` marks a status that is only there because another one quotes it.
    """

    terms: Terms
    quotes_count: int
    quotation: Quotation | None
    nested: bool

    @property
    def quoted_id(self) -> int | None:
        """What is shown within the status: an accepted quote of what the viewer may see."""
        quotation = self.quotation
        if quotation is None or quotation.state != "accepted" or self.nested:
            return None
        return quotation.quoted_id


def _terms_columns(status: str, viewer: str) -> str:
    return f"""
        {status}.local,
        {status}.visibility,
        {status}.quote_automatic,
        {status}.quote_manual,
        COALESCE({status}.account_id = {viewer}, false) AS is_own,
        EXISTS (
            SELECT 1 FROM follows AS f
            WHERE f.account_id = {viewer}
              AND f.target_id = {status}.account_id
              AND f.state = 'accepted') AS follows,
        EXISTS (
            SELECT 1 FROM follows AS f
            WHERE f.account_id = {status}.account_id
              AND f.target_id = {viewer}
              AND f.state = 'accepted') AS followed_by,
        EXISTS (
            SELECT 1 FROM blocks AS b
            WHERE (b.account_id = {viewer} AND b.target_id = {status}.account_id)
               OR (b.account_id = {status}.account_id AND b.target_id = {viewer})) AS blocked
    """


async def find_terms(conn: Connection, viewer_id: int, status_id: int) -> Terms:
    """Return on which terms somebody may quote an existing status."""
    row = await conn.fetchrow(
        f"SELECT {_terms_columns('s', '$2::bigint')} FROM statuses AS s WHERE s.id = $1",
        status_id,
        viewer_id,
    )
    if row is None:
        raise ValueError("The caller holds the status, so it is there.")
    return _terms(row)


def quotes_count(uri: str) -> str:
    """Return a query for how many accepted quotes a status has, by a column with its URI."""
    return f"""
        (SELECT count(*)
         FROM (SELECT
               FROM status_quotes AS c
               WHERE c.quoted_uri = {uri} AND c.state = 'accepted'
               LIMIT {_MOST_COUNTED}) AS counted)
    """


_PARTS = f"""
    WITH shown AS (
        SELECT COALESCE(given.reblog_of_id, given.id) AS id
        FROM statuses AS given
        WHERE given.id = {any_of(1)}
    ), wanted AS (
        SELECT shown.id FROM shown
        UNION
        SELECT quoted.id
        FROM shown
        JOIN status_quotes AS q ON q.status_id = shown.id AND q.state = 'accepted'
        JOIN statuses AS quoted ON quoted.uri = q.quoted_uri AND quoted.reblog_of_id IS NULL
    )
    SELECT s.id,
        s.id NOT IN (SELECT shown.id FROM shown) AS nested,
        {_terms_columns("s", "$2::bigint")},
        {quotes_count("s.uri")} AS quotes_count,
        q.state,
        q.legacy,
        quoted.id AS quoted_id,
        COALESCE({fragments.status_is_visible("quoted", "$2::bigint")}, false) AS quoted_visible,
        EXISTS (
            SELECT 1 FROM blocks AS b
            WHERE b.account_id = $2 AND b.target_id = quoted.account_id) AS quoted_blocked,
        EXISTS (
            SELECT 1 FROM mutes AS m
            WHERE m.account_id = $2
              AND m.target_id = quoted.account_id
              AND (m.expires_at IS NULL OR m.expires_at > now())) AS quoted_muted
    FROM wanted
    JOIN statuses AS s ON s.id = wanted.id
    LEFT JOIN status_quotes AS q ON q.status_id = s.id
    LEFT JOIN statuses AS quoted ON quoted.uri = q.quoted_uri AND quoted.reblog_of_id IS NULL
"""


async def load_parts(
    conn: Connection, status_ids: Sequence[int], viewer_id: int | None
) -> dict[int, QuotePart]:
    """Return the part of each status, of what the statuses boost, and of what these quote.

    One query; a boost itself has no part. Does not ask who may see the statuses, only who may see
    what they quote.
    """
    rows = await conn.fetch(_PARTS, list(status_ids), viewer_id)
    return {
        row["id"]: QuotePart(_terms(row), row["quotes_count"], _quotation(row), row["nested"])
        for row in rows
    }


def _terms(row: Record) -> Terms:
    return Terms(
        local=row["local"],
        visibility=row["visibility"],
        automatic=_maybe_tuple(row["quote_automatic"]),
        manual=_maybe_tuple(row["quote_manual"]),
        is_own=row["is_own"],
        follows=row["follows"],
        followed_by=row["followed_by"],
        blocked=row["blocked"],
    )


def _quotation(row: Record) -> Quotation | None:
    if row["state"] is None:
        return None
    return Quotation(
        state=row["state"],
        legacy=row["legacy"],
        exists=row["quoted_id"] is not None,
        quoted_id=row["quoted_id"] if row["quoted_visible"] else None,
        blocked=row["quoted_blocked"],
        muted=row["quoted_muted"],
    )


def _maybe_tuple(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
