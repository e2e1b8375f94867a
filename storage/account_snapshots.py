"""What changes about accounts, and what tells that the rest has changed: a row each."""

from collections.abc import Sequence

from storage.database import Connection, Record

# Under these names `status_snapshots` has them of the author of a status.
_LOAD = """
    SELECT a.id AS author_id, a.xmin AS author_version,
        (SELECT w.xmin FROM wordings AS w) AS wording,
        ac.statuses, ac.followers, ac.following, ac.last_status_at
    FROM accounts AS a
    LEFT JOIN account_counters AS ac ON ac.account_id = a.id
    WHERE a.id = ANY($1::bigint[])
"""


async def load(conn: Connection, account_ids: Sequence[int]) -> list[Record]:
    """Return the rows of those accounts that exist, in no order."""
    return await conn.fetch(_LOAD, list(account_ids))


def version_of(row: Record) -> tuple[object, ...]:
    """Return what the lasting part of an account is kept under."""
    return row["author_id"], row["author_version"], row["wording"]
