"""How the office is, in numbers: what waits, since when, and what somebody has to look at."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts, and the time since which the oldest of what is due waits; None where nothing does."""

    database_time: datetime
    database_bytes: int
    deliveries_waiting: int
    deliveries_since: datetime | None
    deliveries_set_aside: int
    deliveries_dead: int
    inbox_waiting: int
    inbox_since: datetime | None
    inbox_refused: int
    jobs_due: int
    jobs_since: datetime | None
    jobs_buried: int
    reports_open: int
    members: int
    applicants: int
    hosts_refusing: int
    hosts_failing: int


_COUNTED = """
    WITH hosts AS (
        SELECT host, refused, opened_until > $1 AS rests
        FROM inbox_hosts
    ),
    due AS (
        SELECT d.created_at
        FROM deliveries d
        JOIN lanes l ON l.id = d.lane_id
        LEFT JOIN hosts h ON h.host = l.host
        WHERE d.state = 'waiting' AND h.rests IS NOT TRUE
    )
    SELECT
        clock_timestamp() AS database_time,
        pg_database_size(current_database()) AS database_bytes,
        (SELECT count(*) FROM deliveries WHERE state = 'waiting') AS deliveries_waiting,
        (SELECT min(created_at) FROM due) AS deliveries_since,
        (SELECT count(*) FROM deliveries WHERE state = 'set_aside') AS deliveries_set_aside,
        (SELECT count(*) FROM deliveries WHERE state = 'dead') AS deliveries_dead,
        (SELECT count(*) FROM inbox WHERE state = 'waiting') AS inbox_waiting,
        (SELECT min(received_at) FROM inbox WHERE state = 'waiting') AS inbox_since,
        (SELECT count(*) FROM inbox WHERE state IN ('parked', 'buried')) AS inbox_refused,
        (SELECT count(*) FROM jobs WHERE state = 'waiting' AND due_at <= $1) AS jobs_due,
        (SELECT min(due_at) FROM jobs WHERE state = 'waiting' AND due_at <= $1) AS jobs_since,
        (SELECT count(*) FROM jobs WHERE state = 'buried') AS jobs_buried,
        (SELECT count(*) FROM reports WHERE resolved_at IS NULL) AS reports_open,
        (SELECT count(*) FROM members WHERE disabled_at IS NULL) AS members,
        (SELECT count(*) FROM accounts WHERE awaited_at IS NOT NULL) AS applicants,
        (SELECT count(*) FROM hosts WHERE refused) AS hosts_refusing,
        (SELECT count(*) FROM hosts WHERE rests AND NOT refused) AS hosts_failing
"""


async def count(conn: Connection, now: datetime) -> Numbers:
    """Return the numbers of this moment, in one query.

    Of deliveries only those count whose host answers: what waits for an office that is away is
    its own matter.
    """
    row = await conn.fetchrow(_COUNTED, now)
    if row is None:
        raise LookupError("A query without FROM has one row.")
    return Numbers(**dict(row))
