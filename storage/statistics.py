"""How much happened in an office, per day: the measures and cohorts that staff looks at.

Every statement reads a bounded span of days, and most go by the time within ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from storage.database import Connection, Transaction
from storage.ids import first_id

Frequency = Literal["day", "month"]

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of UTC, both ends included, and as many days before them to compare with."""

    first: date
    last: date

    @property
    def before(self) -> date:
        return self.first - (self.last - self.first) - ONE_DAY

    @property
    def days(self) -> list[date]:
        return [self.first + ONE_DAY * step for step in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted: of the span, of as many days before, and of single days of the span."""

    total: int
    previous: int
    days: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class CohortCell:
    """How many of those who came in one period (`size`) were here in a later one."""

    cohort: datetime
    period: datetime
    size: int
    present: int


def _utc(column: str) -> str:
    return f"({column} AT TIME ZONE 'UTC')::date"


_OF_HOST = "a.domain = $6::text"
_OF_TAG = "st.tag_id = $6::text::bigint"
_IDS = "BETWEEN $4::bigint AND $5::bigint - 1"
_TAGGED = f"""
    FROM status_tags st
    JOIN statuses s ON s.id = st.status_id
    JOIN accounts a ON a.id = s.account_id
    WHERE {_OF_TAG}
      AND st.status_id {_IDS}
      AND s.visibility = 'public'
"""

# Each gives days, what is counted once however often it is met, and an amount.
_SOURCES: Final[Mapping[str, str]] = {
    "active_users": """
        SELECT day, account_id AS subject, 0::bigint AS amount
        FROM active_days
        WHERE day BETWEEN $1 AND $3
    """,
    "new_users": f"""
        SELECT {_utc("m.created_at")} AS day, m.account_id AS subject, 0::bigint AS amount
        FROM members m
        WHERE {_utc("m.created_at")} BETWEEN $1 AND $3
    """,
    "interactions": f"""
        SELECT {_utc("f.created_at")} AS day, f.id AS subject, 0::bigint AS amount
        FROM favourites f
        JOIN members m ON m.account_id = f.account_id
        WHERE f.id {_IDS}
        UNION ALL
        SELECT {_utc("s.created_at")}, s.id, 0::bigint
        FROM statuses s
        WHERE s.id {_IDS}
          AND s.local
          AND (s.reblog_of_id IS NOT NULL OR s.in_reply_to_id IS NOT NULL)
    """,
    "opened_reports": f"""
        SELECT {_utc("r.created_at")} AS day, r.id AS subject, 0::bigint AS amount
        FROM reports r
        WHERE r.id {_IDS}
    """,
    "resolved_reports": f"""
        SELECT {_utc("r.resolved_at")} AS day, r.id AS subject, 0::bigint AS amount
        FROM reports r
        WHERE {_utc("r.resolved_at")} BETWEEN $1 AND $3
    """,
    "tag_accounts": f"""
        SELECT {_utc("s.created_at")} AS day, s.account_id AS subject, 0::bigint AS amount
        {_TAGGED}
    """,
    "tag_uses": f"""
        SELECT {_utc("s.created_at")} AS day, s.id AS subject, 0::bigint AS amount {_TAGGED}
    """,
    "tag_servers": f"""
        SELECT {_utc("s.created_at")} AS day,
            hashtextextended(COALESCE(a.domain, ''), 0) AS subject,
            0::bigint AS amount
        {_TAGGED}
    """,
    "instance_accounts": f"""
        SELECT {_utc("a.created_at")} AS day, a.id AS subject, 0::bigint AS amount
        FROM accounts a
        WHERE {_OF_HOST}
          AND {_utc("a.created_at")} BETWEEN $1 AND $3
    """,
    "instance_media_attachments": f"""
        SELECT {_utc("m.created_at")} AS day, m.id AS subject, m.size AS amount
        FROM accounts a
        JOIN media m ON m.account_id = a.id
        WHERE {_OF_HOST}
          AND m.id {_IDS}
          AND m.stored
    """,
    "instance_reports": f"""
        SELECT {_utc("r.created_at")} AS day, r.id AS subject, 0::bigint AS amount
        FROM reports r
        JOIN accounts a ON a.id = r.target_id
        WHERE {_OF_HOST}
          AND r.id {_IDS}
    """,
    "instance_statuses": f"""
        SELECT {_utc("s.created_at")} AS day, s.id AS subject, 0::bigint AS amount
        FROM accounts a
        JOIN statuses s ON s.account_id = a.id
        WHERE {_OF_HOST}
          AND s.id {_IDS}
    """,
    "instance_follows": f"""
        SELECT {_utc("f.created_at")} AS day, f.id AS subject, 0::bigint AS amount
        FROM accounts a
        JOIN follows f ON f.target_id = a.id
        WHERE {_OF_HOST}
          AND f.id {_IDS}
    """,
    "instance_followers": f"""
        SELECT {_utc("f.created_at")} AS day, f.id AS subject, 0::bigint AS amount
        FROM accounts a
        JOIN follows f ON f.account_id = a.id
        WHERE {_OF_HOST}
          AND f.id {_IDS}
    """,
}

MEASURES: Final = frozenset(_SOURCES)
IN_BYTES: Final = frozenset({"instance_media_attachments"})


async def measure(conn: Connection, key: str, span: Span, subject: str | None) -> Measured:
    """Return a measure; `subject` is the hashtag's id, or the host, that it is about."""
    amount = "COALESCE(sum(amount), 0)" if key in IN_BYTES else "count(DISTINCT subject)"
    rows = await conn.fetch(
        f"""
        WITH given AS (
            SELECT $1::date, $2::date, $3::date, $4::bigint, $5::bigint, $6::text
        ), events AS MATERIALIZED ({_SOURCES[key]})
        SELECT NULL::date AS day, {amount}::bigint AS value FROM events WHERE day >= $2
        UNION ALL
        SELECT $1, {amount}::bigint FROM events WHERE day < $2
        UNION ALL
        SELECT day, {amount}::bigint FROM events WHERE day >= $2 GROUP BY day
        """,
        *_bounds(span),
        subject,
    )
    counted = {row["day"]: int(row["value"]) for row in rows}
    return Measured(
        total=counted[None],
        previous=counted[span.before],
        days={day: counted.get(day, 0) for day in span.days},
    )


def _bounds(span: Span) -> tuple[date, date, date, int, int]:
    return (
        span.before,
        span.first,
        span.last,
        first_id(midnight(span.before)),
        first_id(midnight(span.last + ONE_DAY)),
    )


def midnight(day: date) -> datetime:
    """Return the beginning of a day of UTC."""
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")


async def cohorts(conn: Connection, span: Span, frequency: Frequency) -> list[CohortCell]:
    """Return who came in which period and was here in which later one, in order."""
    rows = await conn.fetch(
        """
        WITH periods AS (
            SELECT generate_series(
                date_trunc($3, $1::date::timestamp),
                date_trunc($3, $2::date::timestamp),
                ('1 ' || $3)::interval) AS period
        ), newcomers AS MATERIALIZED (
            SELECT account_id, date_trunc($3, created_at AT TIME ZONE 'UTC') AS cohort
            FROM members
        ), sizes AS (
            SELECT cohort, count(*) AS size FROM newcomers GROUP BY cohort
        ), present AS (
            SELECT n.cohort, date_trunc($3, d.day::timestamp) AS period,
                count(DISTINCT n.account_id) AS present
            FROM newcomers n
            JOIN active_days d ON d.account_id = n.account_id
            WHERE d.day >= date_trunc($3, $1::date::timestamp)::date
            GROUP BY 1, 2
        )
        SELECT c.period AS cohort, p.period, COALESCE(s.size, 0) AS size,
            COALESCE(present.present, 0) AS present
        FROM periods c
        JOIN periods p ON p.period >= c.period
        LEFT JOIN sizes s ON s.cohort = c.period
        LEFT JOIN present ON present.cohort = c.period AND present.period = p.period
        ORDER BY c.period, p.period
        """,
        span.first,
        span.last,
        frequency,
    )
    return [CohortCell(**dict(row)) for row in rows]


async def forget_presence(tx: Transaction, before: date) -> int:
    """Forget who was here on days before; returns how many rows went."""
    return await tx.execute("DELETE FROM active_days WHERE day < $1", before)
