"""Activities that our members sent, as exact bytes, and the deliveries that each of them needs.

Whom an activity is for is decided by the caller; which inboxes that means is decided here, since
it depends on rows alone. How deliveries are carried out is the matter of `storage.deliveries`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import events
from storage.database import Connection, Transaction
from storage.errors import Conflict
from storage.events import NewEvent
from storage.fragments import peer_talks
from storage.ids import first_id

_ID_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class NewActivity:
    """An activity before it is stored; `body` is what will be posted.

    for_followers says that it is a post which nobody else may read.
    """

    id: int
    account_id: int
    uri: str
    type: str
    body: bytes
    status_id: int | None = None
    for_followers: bool = False


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom an activity is for: every peer with the public feed, the sender's followers, people.

    With `without_feed` the peers that get no public feed are among everyone, too.
    """

    everyone: bool = False
    without_feed: bool = False
    followers: bool = False
    account_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class StoredActivity:
    """A row of `outbox`."""

    id: int
    account_id: int
    uri: str
    type: str
    status_id: int | None
    body: bytes
    created_at: datetime


# The lane upsert locks the lane until the commit, so the deliveries of one author to one host are
# numbered in the order of the commits. A lane in back-off stays there: a new post is no news of
# the host. Hosts and lanes are taken in one order, or two authors' posts could deadlock. An office
# where somebody is addressed hears of a public post by that.
_ENQUEUE = f"""
    WITH people AS (
        SELECT DISTINCT
               account.domain AS host,
               COALESCE(account.shared_inbox_url, account.inbox_url) AS inbox_url
          FROM (
                SELECT follows.account_id AS id
                  FROM follows
                 WHERE $9::boolean
                   AND follows.target_id = $2
                   AND follows.state = 'accepted'
                 UNION
                SELECT unnest($10::bigint[])
               ) AS reader
          JOIN accounts AS account
            ON account.id = reader.id
         WHERE account.domain IS NOT NULL
           AND account.deleted_at IS NULL
    ),
    inboxes AS (
        SELECT COALESCE(peer.shared_inbox_url, people.inbox_url) AS inbox_url
          FROM people
          JOIN peers AS peer
            ON peer.host = people.host
           AND {peer_talks("peer")}
         UNION
        SELECT COALESCE(
                   peer.shared_inbox_url,
                   (SELECT account.shared_inbox_url
                      FROM accounts AS account
                     WHERE account.domain = peer.host
                       AND account.shared_inbox_url IS NOT NULL
                     LIMIT 1),
                   (SELECT account.inbox_url
                      FROM accounts AS account
                     WHERE account.domain = peer.host
                       AND account.deleted_at IS NULL
                     LIMIT 1),
                   $11::text || '://' || peer.host || '/inbox')
          FROM peers AS peer
         WHERE $8::boolean
           AND {peer_talks("peer")}
           AND (peer.public_feed OR $13::boolean)
           -- Whose people live on signing hosts alone is heard through these.
           AND (peer.signing_hosts = '{{}}' OR peer.shared_inbox_url IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM people WHERE people.host = peer.host)
    ),
    targets AS MATERIALIZED (
        SELECT inboxes.inbox_url, gate.host
          FROM inboxes
          JOIN peers AS gate
            ON gate.host = regexp_replace(
                   lower(substring(inboxes.inbox_url FROM '^https?://([^/?#]+)')),
                   CASE WHEN inboxes.inbox_url LIKE 'https:%' THEN ':443$' ELSE ':80$' END,
                   '')
           AND {peer_talks("gate")}
         WHERE gate.host <> $12::text
    ),
    stored AS (
        INSERT INTO outbox (id, account_id, uri, type, status_id, body, created_at, for_followers)
        SELECT $1::bigint, $2::bigint, $3::text, $4::text, $5::bigint, $6::bytea, $7::timestamptz,
               $14::boolean
         WHERE EXISTS (SELECT 1 FROM targets)
            ON CONFLICT (id) DO NOTHING
        RETURNING id
    ),
    hosts AS (
        INSERT INTO inbox_hosts (host)
        SELECT DISTINCT host FROM targets ORDER BY host
            ON CONFLICT DO NOTHING
    ),
    touched AS (
        INSERT INTO lanes (account_id, host, due_at)
        SELECT $2::bigint, host, $7::timestamptz
          FROM (SELECT DISTINCT host FROM targets ORDER BY host) AS hosts
            ON CONFLICT (account_id, host) DO UPDATE
           SET due_at = CASE WHEN lanes.attempts = 0 THEN EXCLUDED.due_at ELSE lanes.due_at END
        RETURNING id, host
    ),
    queued AS (
        INSERT INTO deliveries (lane_id, outbox_id, inbox_url, created_at)
        SELECT touched.id, stored.id, targets.inbox_url, $7::timestamptz
          FROM targets
          JOIN touched ON touched.host = targets.host
         CROSS JOIN stored
         ORDER BY targets.inbox_url
        RETURNING id
    ),
    logged AS ({events.inserting(15)})
    SELECT (SELECT count(*) FROM targets) AS targets,
           (SELECT count(*) FROM queued) AS queued
"""


async def enqueue(
    tx: Transaction,
    activity: NewActivity,
    recipients: Recipients,
    *,
    scheme: str,
    own_host: str,
    now: datetime,
    news: Sequence[NewEvent] = (),
) -> int:
    """Store an activity with one delivery for each distinct inbox, in one statement.

    Shared inboxes are preferred: the one learnt for the peer, else that of an account, else
    `{scheme}://{host}/inbox`. Only allowed peers are addressed and never `own_host`. Nothing is
    stored where nobody is addressed. Returns the number of deliveries. `news` is logged in any
    case.
    """
    if news:
        tx.hint("stream")
    for attempt in range(_ID_ATTEMPTS):
        told = events.as_argument(() if attempt else news)
        row = await tx.fetchrow(
            _ENQUEUE,
            activity.id + attempt,
            *_described(activity),
            now,
            *_addressed(recipients),
            scheme,
            own_host,
            recipients.without_feed,
            activity.for_followers,
            told,
        )
        if row is None or row["targets"] == 0:
            return 0
        if row["queued"]:
            tx.hint("deliveries")
            return int(row["queued"])
    raise Conflict("No free id was found for an activity.", constraint="outbox_pkey")


def _described(activity: NewActivity) -> tuple[object, ...]:
    return (
        activity.account_id,
        activity.uri,
        activity.type,
        activity.status_id,
        activity.body,
    )


def _addressed(recipients: Recipients) -> tuple[object, ...]:
    return recipients.everyone, recipients.followers, list(recipients.account_ids)


async def find_by_uri(conn: Connection, uri: str) -> StoredActivity | None:
    """Return a sent activity by its own id."""
    row = await conn.fetchrow(
        """
        SELECT id, account_id, uri, type, status_id, body, created_at
          FROM outbox
         WHERE uri = $1
        """,
        uri,
    )
    return None if row is None else StoredActivity(**dict(row))


async def prune(tx: Transaction, before: datetime, *, limit: int = 10_000) -> int:
    """Delete activities from before that have no delivery left, `limit` of them at once."""
    # Ids begin with the time, so the primary key leads to the old ones.
    return await tx.execute(
        """
        DELETE FROM outbox
         WHERE id IN (
                   SELECT old.id
                     FROM outbox AS old
                    WHERE old.id < $1
                      AND old.created_at < $2
                      AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.outbox_id = old.id)
                    LIMIT $3)
        """,
        first_id(before),
        before,
        limit,
    )
