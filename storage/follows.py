"""Follows and the counters that change with them, always in the same statement.

A follow counts from the moment it is accepted. Counter rows are locked in the order of their ids,
so that two people who follow each other at once do not wait for one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storage.database import Connection, Record, Transaction

FollowState = Literal["pending", "accepted"]

FOLLOW_COLUMNS = (
    "id",
    "account_id",
    "target_id",
    "uri",
    "state",
    "reblogs",
    "notify",
    "languages",
    "created_at",
)
_COLUMNS = ", ".join(FOLLOW_COLUMNS)


@dataclass(frozen=True, slots=True)
class Follow:
    """A row of `follows`; `languages` None stands for all."""

    id: int
    account_id: int
    target_id: int
    uri: str
    state: FollowState
    reblogs: bool
    notify: bool
    languages: list[str] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewFollow:
    """A follow before it is stored."""

    id: int
    account_id: int
    target_id: int
    uri: str
    state: FollowState
    reblogs: bool = True
    notify: bool = False
    languages: list[str] | None = None


async def find_follow(conn: Connection, account_id: int, target_id: int) -> Follow | None:
    """Return the follow, or request, from one account to another."""
    record = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM follows WHERE account_id = $1 AND target_id = $2",
        account_id,
        target_id,
    )
    return _follow_of(record)


async def find_follow_by_uri(conn: Connection, uri: str) -> Follow | None:
    """Return the follow, or request, that this activity made."""
    record = await conn.fetchrow(f"SELECT {_COLUMNS} FROM follows WHERE uri = $1", uri)
    return _follow_of(record)


async def insert_follow(tx: Transaction, new: NewFollow, now: datetime) -> Follow | None:
    """Store a follow or request; None when there is one between the two, or with its uri."""
    record = await tx.fetchrow(
        counting(
            f"""
            INSERT INTO follows (id, account_id, target_id, uri, state, reblogs, notify, languages,
                                 created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT DO NOTHING
            RETURNING {_COLUMNS}
            """,
            step="1",
        ),
        new.id,
        new.account_id,
        new.target_id,
        new.uri,
        new.state,
        new.reblogs,
        new.notify,
        new.languages,
        now,
    )
    return _follow_of(record)


async def accept_follow(tx: Transaction, account_id: int, target_id: int) -> Follow | None:
    """Turn a pending request into a follow; None when there is no pending one."""
    record = await tx.fetchrow(
        counting(
            f"""
            UPDATE follows
               SET state = 'accepted'
             WHERE account_id = $1
               AND target_id = $2
               AND state = 'pending'
            RETURNING {_COLUMNS}
            """,
            step="1",
        ),
        account_id,
        target_id,
    )
    return _follow_of(record)


async def accept_all(tx: Transaction, target_id: int) -> list[Follow]:
    """Turn all pending requests to an account into follows and return them."""
    records = await tx.fetch(
        counting(
            f"""
            UPDATE follows
               SET state = 'accepted'
             WHERE target_id = $1
               AND state = 'pending'
            RETURNING {_COLUMNS}
            """,
            step="1",
        ),
        target_id,
    )
    return [Follow(**dict(record)) for record in records]


async def accept_follows(tx: Transaction, ids: Sequence[int]) -> list[Follow]:
    """Turn those of these that are pending into follows and return them."""
    records = await tx.fetch(
        counting(
            f"""
            UPDATE follows
               SET state = 'accepted'
             WHERE id = ANY($1::bigint[])
               AND state = 'pending'
            RETURNING {_COLUMNS}
            """,
            step="1",
        ),
        list(ids),
    )
    return [Follow(**dict(record)) for record in records]


async def delete_follow(
    tx: Transaction, account_id: int, target_id: int, *, state: FollowState | None = None
) -> Follow | None:
    """Remove a follow or request, or only one in this state, and return what it was."""
    record = await tx.fetchrow(
        counting(
            f"""
            DELETE FROM follows
             WHERE account_id = $1
               AND target_id = $2
               AND state = COALESCE($3, state)
            RETURNING {_COLUMNS}
            """,
            step="-1",
        ),
        account_id,
        target_id,
        state,
    )
    return _follow_of(record)


async def delete_follows_of(tx: Transaction, account_id: int, *, limit: int) -> list[Follow]:
    """Remove follows and requests of and to an account and return what they were, oldest first."""
    records = await tx.fetch(
        counting(
            f"""
            DELETE FROM follows
             WHERE id IN (
                   SELECT id
                     FROM follows
                    WHERE account_id = $1
                       OR target_id = $1
                    ORDER BY id
                    LIMIT $2)
            RETURNING {_COLUMNS}
            """,
            step="-1",
        ),
        account_id,
        limit,
    )
    return [Follow(**dict(record)) for record in records]


async def lock_local_followers(tx: Transaction, target_id: int, limit: int) -> list[Follow]:
    """Return and keep follows and requests of our own people to an account, the oldest first."""
    columns = ", ".join(f"f.{name}" for name in FOLLOW_COLUMNS)
    records = await tx.fetch(
        f"""
        SELECT {columns}
          FROM follows f
          JOIN accounts a ON a.id = f.account_id
         WHERE f.target_id = $1
           AND a.domain IS NULL
         ORDER BY f.id
         LIMIT $2
           FOR UPDATE OF f
        """,
        target_id,
        limit,
    )
    return [Follow(**dict(record)) for record in records]


async def copy_follows(
    tx: Transaction,
    copies: Sequence[tuple[int, int, str]],
    target_id: int,
    state: FollowState,
    now: datetime,
) -> list[Follow]:
    """Store follows of another target with the terms of existing ones.

    copies are (id of the existing one, new id, new uri). Left out are those that exist, those of
    the target itself, and those across a block. Returns what is new.
    """
    records = await tx.fetch(
        counting(
            f"""
            INSERT INTO follows (id, account_id, target_id, uri, state, reblogs, notify, languages,
                                 created_at)
            SELECT d.id, f.account_id, $4, d.uri, $5, f.reblogs, f.notify, f.languages, $6
              FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS d (old_id, id, uri)
              JOIN follows f ON f.id = d.old_id
             WHERE f.account_id <> $4
               AND NOT EXISTS (
                   SELECT FROM blocks b
                    WHERE (b.account_id = f.account_id AND b.target_id = $4)
                       OR (b.account_id = $4 AND b.target_id = f.account_id))
             ORDER BY d.id
            ON CONFLICT (account_id, target_id) DO NOTHING
            RETURNING {_COLUMNS}
            """,
            step="1",
        ),
        [old_id for old_id, _, _ in copies],
        [new_id for _, new_id, _ in copies],
        [uri for _, _, uri in copies],
        target_id,
        state,
        now,
    )
    return [Follow(**dict(record)) for record in records]


async def delete_follows(tx: Transaction, ids: Sequence[int]) -> list[Follow]:
    """Remove follows and requests by their ids and return what they were."""
    records = await tx.fetch(
        counting(
            f"DELETE FROM follows WHERE id = ANY($1::bigint[]) RETURNING {_COLUMNS}", step="-1"
        ),
        list(ids),
    )
    return [Follow(**dict(record)) for record in records]


async def count_requests(conn: Connection, target_id: int) -> int:
    """Return how many wait for an account's answer, counting no further than 40."""
    total: int = await conn.fetchval(
        """
        SELECT count(*)
          FROM (SELECT
                  FROM follows
                 WHERE target_id = $1
                   AND state = 'pending'
                 LIMIT 40) AS waiting
        """,
        target_id,
    )
    return total


async def delete_follows_between(tx: Transaction, one_id: int, other_id: int) -> list[Follow]:
    """Remove follows and requests in both directions and return what they were."""
    records = await tx.fetch(
        counting(
            f"""
            DELETE FROM follows
             WHERE (account_id = $1 AND target_id = $2)
                OR (account_id = $2 AND target_id = $1)
            RETURNING {_COLUMNS}
            """,
            step="-1",
        ),
        one_id,
        other_id,
    )
    return [Follow(**dict(record)) for record in records]


async def update_follow(
    tx: Transaction, account_id: int, target_id: int, changes: dict[str, Any]
) -> Follow | None:
    """Change `reblogs`, `notify`, `languages` or `uri` of a follow; None when there is none."""
    unknown = changes.keys() - {"reblogs", "notify", "languages", "uri"}
    if unknown:
        raise ValueError(f"not changeable: {', '.join(sorted(unknown))}")
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=3))
    record = await tx.fetchrow(
        f"""
        UPDATE follows
           SET {assignments or "reblogs = reblogs"}
         WHERE account_id = $1
           AND target_id = $2
        RETURNING {_COLUMNS}
        """,
        account_id,
        target_id,
        *(changes[name] for name in names),
    )
    return _follow_of(record)


def counting(change: str, *, step: str) -> str:
    """Wrap a statement that returns follows so that the accepted ones are counted by `step`."""
    return f"""
        WITH changed AS ({change}), deltas AS (
            SELECT side.id,
                   sum(side.followers) AS followers,
                   sum(side.following) AS following
              FROM changed
             CROSS JOIN LATERAL (VALUES (changed.account_id, 0, {step}),
                                        (changed.target_id, {step}, 0))
                   AS side (id, followers, following)
             WHERE changed.state = 'accepted'
             GROUP BY side.id
        ), locked AS MATERIALIZED (
            SELECT c.account_id
              FROM account_counters c
             WHERE c.account_id IN (SELECT id FROM deltas)
             ORDER BY c.account_id
               FOR UPDATE
        ), counted AS (
            UPDATE account_counters c
               SET followers = c.followers + d.followers,
                   following = c.following + d.following
              FROM locked l
              JOIN deltas d ON d.id = l.account_id
             WHERE c.account_id = l.account_id
        )
        SELECT {_COLUMNS} FROM changed
    """


def _follow_of(record: Record | None) -> Follow | None:
    return None if record is None else Follow(**dict(record))
