"""Polls and votes. The votes of a local poll are counted here, of a remote one by its server."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from storage.database import Connection, Record, Transaction
from storage.plans import any_of


class Option(TypedDict):
    """One answer and how many chose it."""

    title: str
    votes: int


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll to insert with its status; without `expires_at` it never ends by itself."""

    id: int
    options: tuple[Option, ...]
    multiple: bool
    expires_at: datetime | None
    hide_totals: bool = False
    voters_count: int = 0
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """A row of `polls`."""

    id: int
    status_id: int
    account_id: int
    options: list[Option]
    multiple: bool
    hide_totals: bool
    voters_count: int
    expires_at: datetime | None
    closed_at: datetime | None
    notified_at: datetime | None
    created_at: datetime

    def has_ended(self, now: datetime) -> bool:
        """Tell whether no more votes count."""
        return (self.closed_at is not None and self.closed_at <= now) or (
            self.expires_at is not None and self.expires_at <= now
        )


@dataclass(frozen=True, slots=True)
class Ballot:
    """A poll and what one viewer chose in it."""

    poll: Poll
    own_votes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NewVote:
    """One choice by its index; `uri` is the id of a remote vote."""

    account_id: int
    choice: int
    uri: str | None = None


_FIELDS = tuple(field.name for field in dataclasses.fields(Poll))
_COLUMNS = ", ".join(f"p.{name}" for name in _FIELDS)


def _poll(row: Record) -> Poll:
    return Poll(**{name: row[name] for name in _FIELDS})


async def find(conn: Connection, poll_id: int) -> Poll | None:
    """Return the poll; None when there is none."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM polls AS p WHERE p.id = $1", poll_id)
    return None if row is None else _poll(row)


async def find_of_status(conn: Connection, status_id: int) -> Poll | None:
    """Return the poll that the status carries."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM polls AS p WHERE p.status_id = $1", status_id
    )
    return None if row is None else _poll(row)


async def lock(tx: Transaction, poll_id: int) -> Poll | None:
    """Return the poll and let nobody else vote until the commit."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM polls AS p WHERE p.id = $1 FOR UPDATE", poll_id
    )
    return None if row is None else _poll(row)


async def list_of_statuses(
    conn: Connection, status_ids: Sequence[int], viewer_id: int | None
) -> dict[int, Ballot]:
    """Return the poll of each status that has one, with the viewer's votes."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS},
            ARRAY(
                SELECT v.choice
                FROM poll_votes AS v
                WHERE v.poll_id = p.id
                  AND v.account_id = $2
                ORDER BY v.choice) AS own_votes
        FROM polls AS p
        WHERE p.status_id = {any_of(1)}
        """,
        list(status_ids),
        viewer_id,
    )
    return {row["status_id"]: Ballot(_poll(row), tuple(row["own_votes"])) for row in rows}


async def list_choices(conn: Connection, poll_id: int, account_id: int) -> tuple[int, ...]:
    """Return what the account chose, by index."""
    rows = await conn.fetch(
        """
        SELECT choice
        FROM poll_votes
        WHERE poll_id = $1
          AND account_id = $2
        ORDER BY choice
        """,
        poll_id,
        account_id,
    )
    return tuple(row["choice"] for row in rows)


_INSERT_VOTES = """
    WITH given AS (
        SELECT * FROM unnest($2::bigint[], $3::smallint[], $4::text[])
            AS v(account_id, choice, uri)
    ), before AS (
        SELECT DISTINCT account_id FROM poll_votes WHERE poll_id = $1
    ), new AS (
        INSERT INTO poll_votes (poll_id, account_id, choice, uri)
        SELECT $1, account_id, choice, uri FROM given
        ON CONFLICT DO NOTHING
        RETURNING account_id, choice, uri
    ), counted AS (
        UPDATE polls
        SET voters_count = voters_count + (
                SELECT count(DISTINCT new.account_id)
                FROM new
                WHERE new.account_id NOT IN (SELECT before.account_id FROM before)),
            options = (
                SELECT jsonb_agg(
                    jsonb_set(o.option, '{votes}', to_jsonb(
                        (o.option ->> 'votes')::bigint
                        + (SELECT count(*) FROM new WHERE new.choice = o.position - 1)))
                    ORDER BY o.position)
                FROM jsonb_array_elements(options) WITH ORDINALITY AS o(option, position))
        WHERE id = $1
    ), revised AS (
        UPDATE statuses SET revision = revision + 1 WHERE id = $5
    )
    SELECT account_id, choice, uri FROM new
"""


async def insert_votes(tx: Transaction, poll: Poll, votes: Sequence[NewVote]) -> list[NewVote]:
    """Store votes and count them; returns those that are new.

    The caller holds the poll's lock and has checked the choices.
    """
    if not votes:
        return []
    rows = await tx.fetch(
        _INSERT_VOTES,
        poll.id,
        [vote.account_id for vote in votes],
        [vote.choice for vote in votes],
        [vote.uri for vote in votes],
        poll.status_id,
    )
    return [NewVote(row["account_id"], row["choice"], row["uri"]) for row in rows]


async def refresh(
    tx: Transaction,
    poll_id: int,
    *,
    options: Sequence[Option],
    voters_count: int,
    expires_at: datetime | None,
    closed_at: datetime | None,
) -> None:
    """Replace the counts of a remote poll whose options are the same as before."""
    await tx.execute(
        """
        UPDATE polls
        SET options = $2, voters_count = $3, expires_at = $4, closed_at = $5
        WHERE id = $1
        """,
        poll_id,
        list(options),
        voters_count,
        expires_at,
        closed_at,
    )


async def take_ended(tx: Transaction, poll_id: int, now: datetime) -> Poll | None:
    """Note that the end of a poll is told now; None if it runs still or was told before."""
    row = await tx.fetchrow(
        f"""
        UPDATE polls AS p
        SET notified_at = $2, closed_at = COALESCE(p.closed_at, $2)
        WHERE p.id = $1
          AND p.notified_at IS NULL
          AND COALESCE(p.closed_at, p.expires_at) <= $2
        RETURNING {_COLUMNS}
        """,
        poll_id,
        now,
    )
    return None if row is None else _poll(row)


async def list_voters(conn: Connection, poll_id: int) -> list[int]:
    """Return who voted, our own members and others."""
    rows = await conn.fetch(
        "SELECT DISTINCT account_id FROM poll_votes WHERE poll_id = $1", poll_id
    )
    return [row["account_id"] for row in rows]
