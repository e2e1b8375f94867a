"""What a new status changes besides its own rows: home timelines and counters.

Conversations follow from who is told of a status, see `announcements`; here they only lose what is
deleted.

Each function is one statement for any number of statuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from storage import notes, search_words
from storage.database import Transaction
from storage.notes import NoteRow
from storage.removals import Removed

# The same post is not shown again while it, or a boost of it, is among the latest of a reader.
_DUPLICATE_WINDOW = 80
# Any number of replies may wait for a parent; so many are given it in one transaction.
MOST_ADOPTED = 1_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Whom one status reached here.

    `mentioned` are named in the text, `addressed` also includes those who are not; `watchers` got
    it in their home timeline and want to be told, unless it is a boost. `note` is
    what other offices are shown, where that was asked for.
    """

    status_id: int
    mentioned: tuple[int, ...]
    addressed: tuple[int, ...]
    tags: tuple[str, ...]
    watchers: tuple[int, ...]
    original_author_id: int | None
    note: NoteRow | None


async def spread(
    tx: Transaction,
    status_ids: Sequence[int],
    adopted_ids: Sequence[int] = (),
    *,
    with_notes: bool = False,
) -> dict[int, Spread]:
    """Write home timelines and counters for new statuses; returns id -> Spread.

    `adopted_ids` are replies whose parent has only just become known: they were counted when they
    came, and now reach home timelines. `with_notes` is for statuses of ours.
    """
    if with_notes:
        statement = _SPREAD_WITH_NOTES
    else:
        statement = _SPREAD_WITH_ADOPTED if adopted_ids else _SPREAD
    rows = await tx.fetch(statement, list(status_ids), list(adopted_ids))
    return {
        row["id"]: Spread(
            status_id=row["id"],
            mentioned=tuple(row["mentioned"]),
            addressed=tuple(row["addressed"]),
            tags=tuple(row["tag_names"]),
            watchers=tuple(row["watchers"]),
            original_author_id=row["original_author_id"],
            note=notes.note_of(row) if with_notes else None,
        )
        for row in rows
    }


_GIVEN = """
    given AS (
        SELECT
            s.id, s.account_id, s.visibility, s.in_reply_to_id, s.in_reply_to_uri,
            s.in_reply_to_account_id, s.reblog_of_id, s.conversation_id, s.created_at,
            s.id = ANY($1::bigint[]) AS is_new,
            original.account_id AS original_author_id,
            COALESCE(original.language, s.language) AS language,
            ARRAY(
                SELECT m.account_id FROM mentions AS m
                WHERE m.status_id = s.id AND NOT m.silent) AS mentioned,
            ARRAY(SELECT m.account_id FROM mentions AS m WHERE m.status_id = s.id) AS addressed
        FROM statuses AS s
        LEFT JOIN statuses AS original ON original.id = s.reblog_of_id
        WHERE s.id = ANY($1::bigint[])
           OR s.id = ANY($2::bigint[])
    )
"""


# A reader's own wishes: nobody of an exclusive list, nobody unwelcome said or named in it. Gathered
# from those who are concerned, since a look for each of 10,000 readers takes seconds.
_UNWILLING = """
    concerned AS (
        SELECT given.id, given.account_id AS party_id, true AS speaks FROM given
        UNION
        SELECT given.id, given.original_author_id, true
        FROM given WHERE given.original_author_id IS NOT NULL
        UNION
        SELECT given.id, given.in_reply_to_account_id, false
        FROM given WHERE given.in_reply_to_account_id IS NOT NULL
        UNION
        SELECT given.id, unnest(given.mentioned), false FROM given
    ), unwilling AS MATERIALIZED (
        SELECT c.id AS status_id, b.account_id
        FROM concerned AS c
        JOIN blocks AS b ON b.target_id = c.party_id
        UNION
        SELECT c.id, b.target_id
        FROM concerned AS c
        JOIN blocks AS b ON b.account_id = c.party_id
        WHERE c.speaks
        UNION
        SELECT c.id, m.account_id
        FROM concerned AS c
        JOIN mutes AS m ON m.target_id = c.party_id
        WHERE m.expires_at IS NULL OR m.expires_at > now()
        UNION
        SELECT c.id, barred.account_id
        FROM concerned AS c
        JOIN accounts AS outsider ON outsider.id = c.party_id
        JOIN account_domain_blocks AS barred ON barred.domain = outsider.domain
        WHERE c.speaks
        UNION
        SELECT given.id, lists.account_id
        FROM given
        JOIN list_accounts AS la ON la.account_id = given.account_id
        JOIN lists ON lists.id = la.list_id
        WHERE lists.exclusive
    )
"""


# Few followers are looked up one by one, many in a hash of all members.
_MANY_FOLLOWERS = 300
_IS_MEMBER = f"""
    CASE WHEN (
        SELECT max(c.followers)
        FROM account_counters AS c
        JOIN given AS g ON g.account_id = c.account_id) > {_MANY_FOLLOWERS}
    THEN f.account_id IN (SELECT members.account_id FROM members)
    ELSE EXISTS (SELECT 1 FROM members WHERE members.account_id = f.account_id) END
"""


# A follower reads what those they follow say, unless it is a reply to somebody they do not follow,
# a boost they do not want, in a language they left out, or from or with somebody unwelcome. Who
# follows a hashtag reads what is public with it, unless they left out this language of its author.
_READERS = f"""
    readers AS (
        SELECT given.id AS status_id, f.account_id, f.notify
        FROM given
        JOIN follows AS f ON f.target_id = given.account_id AND f.state = 'accepted'
        WHERE {_IS_MEMBER}
          AND (given.visibility <> 'direct' OR f.account_id = ANY(given.addressed))
          AND (given.reblog_of_id IS NULL OR f.reblogs)
          AND (f.languages IS NULL
               OR f.languages = '{{}}'
               OR given.language IS NULL
               OR given.language = ANY(f.languages))
          AND ((given.in_reply_to_id IS NULL AND given.in_reply_to_uri IS NULL)
               OR (given.in_reply_to_id IS NOT NULL
                   AND (given.in_reply_to_account_id IN (given.account_id, f.account_id)
                        OR EXISTS (
                            SELECT 1 FROM follows AS other
                            WHERE other.account_id = f.account_id
                              AND other.target_id = given.in_reply_to_account_id
                              AND other.state = 'accepted'))))
          AND (given.id, f.account_id) NOT IN (
              SELECT unwilling.status_id, unwilling.account_id FROM unwilling)
        UNION ALL
        SELECT DISTINCT given.id, t.account_id, false
        FROM given
        JOIN status_tags AS st ON st.status_id = given.id
        JOIN tag_follows AS t ON t.tag_id = st.tag_id
        JOIN members ON members.account_id = t.account_id
        LEFT JOIN follows AS f
          ON f.account_id = t.account_id
         AND f.target_id = given.account_id
         AND f.state = 'accepted'
        WHERE given.is_new
          AND given.visibility = 'public'
          AND given.reblog_of_id IS NULL
          AND (COALESCE(cardinality(f.languages), 0) = 0
               OR given.language IS NULL
               OR given.language = ANY(f.languages))
          AND (given.id, t.account_id) NOT IN (
              SELECT unwilling.status_id, unwilling.account_id FROM unwilling)
        UNION ALL
        SELECT given.id, given.account_id, false
        FROM given
        JOIN members ON members.account_id = given.account_id
    )
"""


def _fed(conflicts: str) -> str:
    return f"""
    fed AS (
        INSERT INTO home_feed (account_id, status_id, author_id, reblog_of_id)
        SELECT DISTINCT ON (readers.account_id, COALESCE(given.reblog_of_id, given.id))
            readers.account_id, given.id, given.account_id, given.reblog_of_id
        FROM readers
        JOIN given ON given.id = readers.status_id
        WHERE given.reblog_of_id IS NULL
           OR NOT EXISTS (
               SELECT 1 FROM home_feed AS h
               WHERE h.account_id = readers.account_id
                 AND (h.status_id = given.reblog_of_id OR h.reblog_of_id = given.reblog_of_id)
                 AND h.status_id > COALESCE((
                     SELECT w.status_id FROM home_feed AS w
                     WHERE w.account_id = readers.account_id
                     ORDER BY w.status_id DESC
                     OFFSET {_DUPLICATE_WINDOW} LIMIT 1), 0))
        ORDER BY readers.account_id, COALESCE(given.reblog_of_id, given.id), given.id
        {conflicts}
    )
    """


# Rows are taken in the order of their ids, so that two of these never wait for each other.
_COUNTERS = """
    authors AS (
        INSERT INTO account_counters (account_id, statuses, last_status_at)
        SELECT given.account_id, count(*), max((given.created_at AT TIME ZONE 'UTC')::date)
        FROM given
        WHERE given.is_new
          AND given.visibility <> 'direct'
        GROUP BY given.account_id
        ORDER BY given.account_id
        ON CONFLICT (account_id) DO UPDATE
        SET statuses = account_counters.statuses + EXCLUDED.statuses,
            last_status_at = GREATEST(account_counters.last_status_at, EXCLUDED.last_status_at)
    ), counters AS (
        INSERT INTO status_counters (status_id, replies, reblogs)
        SELECT added.status_id, sum(added.replies), sum(added.reblogs)
        FROM (
            SELECT given.in_reply_to_id AS status_id, 1 AS replies, 0 AS reblogs
            FROM given
            WHERE given.is_new
              AND given.in_reply_to_id IS NOT NULL
              AND given.visibility IN ('public', 'unlisted')
            UNION ALL
            SELECT given.reblog_of_id, 0, 1
            FROM given
            WHERE given.is_new
              AND given.reblog_of_id IS NOT NULL) AS added
        GROUP BY added.status_id
        ORDER BY added.status_id
        ON CONFLICT (status_id) DO UPDATE
        SET replies = status_counters.replies + EXCLUDED.replies,
            reblogs = status_counters.reblogs + EXCLUDED.reblogs
    )
"""


def _spreading(*, conflicts: str = "", columns: str = "given.id", joined: str = "") -> str:
    return f"""
    WITH {_GIVEN}, {_UNWILLING}, {_READERS}, {_fed(conflicts)}, {_COUNTERS},
    {search_words.indexing("s.id = ANY($1::bigint[])")}
    SELECT {columns}, given.mentioned, given.addressed, given.original_author_id,
        ARRAY(
            SELECT t.name
            FROM status_tags AS st
            JOIN tags AS t ON t.id = st.tag_id
            WHERE st.status_id = given.id
            ORDER BY t.name) AS tag_names,
        ARRAY(
            SELECT readers.account_id
            FROM readers
            WHERE readers.status_id = given.id
              AND given.reblog_of_id IS NULL
              AND readers.notify) AS watchers
    FROM given
    {joined}
    WHERE given.is_new
"""


_SPREAD = _spreading()
_SPREAD_WITH_NOTES = _spreading(
    columns="note.*",
    joined=f"JOIN ({notes.selecting('s.id = ANY($1::bigint[])')}) AS note ON note.id = given.id",
)
# Replies may be in some timelines already. To look for that costs a third of a large fan-out, and
# a new status is in none.
_SPREAD_WITH_ADOPTED = _spreading(conflicts="ON CONFLICT DO NOTHING")


_ADOPT = """
    WITH waiting AS (
        SELECT child.id, parent.id AS parent_id
        FROM statuses AS parent
        JOIN statuses AS child
            ON child.in_reply_to_uri = parent.uri
           AND child.in_reply_to_id IS NULL
        WHERE parent.uri = ANY($1::text[])
          AND parent.reblog_of_id IS NULL
        LIMIT $2
    ), adopted AS (
        UPDATE statuses AS child
        SET in_reply_to_id = parent.id,
            in_reply_to_account_id = CASE
                WHEN parent.account_id = child.account_id
                THEN COALESCE(parent.in_reply_to_account_id, parent.account_id)
                ELSE parent.account_id END,
            revision = child.revision + 1
        FROM waiting
        JOIN statuses AS parent ON parent.id = waiting.parent_id
        WHERE child.id = waiting.id
        RETURNING child.id, child.visibility, child.conversation_id,
            parent.id AS parent_id, parent.conversation_id AS parent_conversation_id
    ), counted AS (
        INSERT INTO status_counters (status_id, replies)
        SELECT adopted.parent_id, count(*)
        FROM adopted
        WHERE adopted.visibility IN ('public', 'unlisted')
        GROUP BY adopted.parent_id
        ORDER BY adopted.parent_id
        ON CONFLICT (status_id) DO UPDATE
        SET replies = status_counters.replies + EXCLUDED.replies
    )
    SELECT id, conversation_id, parent_conversation_id FROM adopted
"""

# A reply and what answers it, not all that its author said to be of the same conversation.
_MOVE = """
    WITH RECURSIVE below AS (
        SELECT s.id, s.conversation_id AS from_id, moved.into_id
        FROM unnest($1::bigint[], $2::bigint[]) AS moved(id, into_id)
        JOIN statuses AS s ON s.id = moved.id
        UNION
        SELECT s.id, below.from_id, below.into_id
        FROM below
        JOIN statuses AS s
            ON s.in_reply_to_id = below.id
           AND s.conversation_id = below.from_id
    )
    UPDATE statuses
    SET conversation_id = below.into_id
    FROM below
    WHERE statuses.id = below.id
"""


async def adopt(tx: Transaction, uris: Sequence[str]) -> list[int]:
    """Give replies that wait for these statuses their parent; returns the replies' ids.

    They join its conversation, with what answers them. At most MOST_ADOPTED are adopted at once.
    """
    rows = await tx.fetch(_ADOPT, list(uris), MOST_ADOPTED)
    moved = [row for row in rows if row["conversation_id"] != row["parent_conversation_id"]]
    if moved:
        ids = [row["id"] for row in moved]
        await tx.execute(_MOVE, ids, [row["parent_conversation_id"] for row in moved])
    return [row["id"] for row in rows]


class _Withdrawal(TypedDict):
    account_id: int
    visibility: str
    parent_id: int | None
    reblog_of_id: int | None
    conversation_id: int | None


# Counters are locked in the order of their ids here too.
_WITHDRAW = """
    WITH gone AS (
        SELECT * FROM jsonb_to_recordset($1::jsonb) AS g(
            account_id bigint, visibility text, parent_id bigint, reblog_of_id bigint,
            conversation_id bigint)
    ), less_statuses AS (
        SELECT account_id, count(*) AS number
        FROM gone
        WHERE visibility <> 'direct'
        GROUP BY account_id
    ), locked_authors AS MATERIALIZED (
        SELECT account_id
        FROM account_counters
        WHERE account_id IN (SELECT account_id FROM less_statuses)
        ORDER BY account_id
        FOR UPDATE
    ), authors AS (
        UPDATE account_counters AS c
        SET statuses = GREATEST(c.statuses - g.number, 0)
        FROM locked_authors
        JOIN less_statuses AS g USING (account_id)
        WHERE c.account_id = g.account_id
    ), less_reactions AS (
        SELECT
            COALESCE(reblog_of_id, parent_id) AS status_id,
            count(*) FILTER (
                WHERE reblog_of_id IS NULL
                  AND visibility IN ('public', 'unlisted')) AS replies,
            count(*) FILTER (WHERE reblog_of_id IS NOT NULL) AS reblogs
        FROM gone
        WHERE COALESCE(reblog_of_id, parent_id) IS NOT NULL
        GROUP BY 1
    ), locked_counters AS MATERIALIZED (
        SELECT status_id
        FROM status_counters
        WHERE status_id IN (SELECT status_id FROM less_reactions)
        ORDER BY status_id
        FOR UPDATE
    ), counters AS (
        UPDATE status_counters AS c
        SET replies = GREATEST(c.replies - g.replies, 0),
            reblogs = GREATEST(c.reblogs - g.reblogs, 0)
        FROM locked_counters
        JOIN less_reactions AS g USING (status_id)
        WHERE c.status_id = g.status_id
    ), talks AS (
        SELECT ac.id, (
            SELECT max(s.id)
            FROM statuses AS s
            WHERE s.conversation_id = ac.conversation_id
              AND s.visibility = 'direct'
              AND s.account_id = ANY(ac.participant_ids || ac.account_id)
              AND (s.account_id = ac.account_id
                   OR EXISTS (
                       SELECT 1 FROM mentions AS m
                       WHERE m.status_id = s.id AND m.account_id = ac.account_id))
              AND NOT EXISTS (
                  SELECT 1 FROM notifications AS n
                  WHERE n.account_id = ac.account_id AND n.status_id = s.id AND n.filtered)
            ) AS last_status_id
        FROM account_conversations AS ac
        WHERE ac.conversation_id IN (
            SELECT conversation_id FROM gone WHERE visibility = 'direct')
    ), ended AS (
        DELETE FROM account_conversations AS ac
        USING talks
        WHERE ac.id = talks.id AND talks.last_status_id IS NULL
    )
    UPDATE account_conversations AS ac
    SET last_status_id = talks.last_status_id
    FROM talks
    WHERE ac.id = talks.id AND talks.last_status_id IS NOT NULL
"""


async def withdraw(tx: Transaction, removed: Sequence[Removed]) -> None:
    """Take deleted statuses out of counters and conversations."""
    gone = [
        _Withdrawal(
            account_id=each.status.account_id,
            visibility=each.status.visibility,
            parent_id=each.status.in_reply_to_id,
            reblog_of_id=each.status.reblog_of_id,
            conversation_id=each.status.conversation_id,
        )
        for each in removed
    ]
    await tx.execute(_WITHDRAW, gone)
