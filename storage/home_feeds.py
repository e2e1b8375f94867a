"""What a new or ended follow, of people or hashtags, changes in written home timelines.

No foreign key guards the rows, since it costs a look-up for each: whoever writes one holds its
status meanwhile, and a trigger takes out what is deleted.
"""

from collections.abc import Sequence

from storage import fragments
from storage.database import Transaction

# So many of the latest posts of somebody newly followed come into the home timeline.
_RECENT = 40


_MERGE = f"""
    INSERT INTO home_feed (account_id, status_id, author_id, reblog_of_id)
    SELECT f.account_id, s.id, s.account_id, s.reblog_of_id
      FROM unnest($1::bigint[], $2::bigint[]) AS pair (account_id, target_id)
      JOIN follows f
        ON f.account_id = pair.account_id
       AND f.target_id = pair.target_id
       AND f.state = 'accepted'
      JOIN members m ON m.account_id = f.account_id
     CROSS JOIN LATERAL (
           SELECT *
             FROM statuses
            WHERE statuses.account_id = f.target_id
              AND statuses.visibility <> 'direct'
            ORDER BY statuses.id DESC
            LIMIT {_RECENT}
              FOR KEY SHARE) AS s
     WHERE (s.reblog_of_id IS NULL
            OR (f.reblogs
                AND NOT EXISTS (
                    SELECT FROM home_feed h
                     WHERE h.account_id = f.account_id
                       AND (h.status_id = s.reblog_of_id
                            OR h.reblog_of_id = s.reblog_of_id))))
       AND (COALESCE(cardinality(f.languages), 0) = 0
            OR s.language IS NULL
            OR s.language = ANY(f.languages))
       AND ((s.in_reply_to_id IS NULL AND s.in_reply_to_uri IS NULL)
            OR s.in_reply_to_account_id IN (s.account_id, f.account_id)
            OR EXISTS (
                SELECT FROM follows other
                 WHERE other.account_id = f.account_id
                   AND other.target_id = s.in_reply_to_account_id
                   AND other.state = 'accepted'))
       AND NOT EXISTS (
            SELECT FROM list_accounts la
              JOIN lists ON lists.id = la.list_id
             WHERE la.account_id = f.target_id
               AND lists.account_id = f.account_id
               AND lists.exclusive)
    ON CONFLICT DO NOTHING
"""


async def merge(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """Bring recent posts of those followed into home timelines, for (reader, followed) pairs.

    The rules are those of a new post: no replies to people that the reader does not follow, no
    boosts that are not wanted, nothing direct, nobody on an exclusive list.
    """
    await tx.execute(
        _MERGE,
        [reader for reader, _ in pairs],
        [followed for _, followed in pairs],
    )


async def unmerge(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """Take what the followed brought out of home timelines, for (reader, followed) pairs."""
    await tx.execute(
        """
        DELETE FROM home_feed h
         USING unnest($1::bigint[], $2::bigint[]) AS pair (account_id, target_id)
         WHERE h.account_id = pair.account_id
           AND h.author_id = pair.target_id
           AND NOT (h.reblog_of_id IS NULL AND EXISTS (
                SELECT FROM statuses s
                  JOIN status_tags st ON st.status_id = s.id
                  JOIN tag_follows t ON t.tag_id = st.tag_id
                 WHERE s.id = h.status_id
                   AND s.visibility = 'public'
                   AND t.account_id = h.account_id))
        """,
        [reader for reader, _ in pairs],
        [followed for _, followed in pairs],
    )


async def merge_tag(tx: Transaction, reader_id: int, tag_id: int) -> None:
    """Bring recent public posts with a hashtag into the home timeline of who now follows it."""
    await tx.execute(
        f"""
        INSERT INTO home_feed (account_id, status_id, author_id, reblog_of_id)
        SELECT m.account_id, s.id, s.account_id, NULL
          FROM members m
         CROSS JOIN LATERAL (
               SELECT recent.*
                 FROM status_tags st
                 JOIN statuses recent ON recent.id = st.status_id
                WHERE st.tag_id = $2
                  AND recent.visibility = 'public'
                  AND recent.reblog_of_id IS NULL
                ORDER BY st.status_id DESC
                LIMIT {_RECENT}
                  FOR KEY SHARE OF recent) AS s
          LEFT JOIN follows f
            ON f.account_id = m.account_id
           AND f.target_id = s.account_id
           AND f.state = 'accepted'
         WHERE m.account_id = $1
           AND (COALESCE(cardinality(f.languages), 0) = 0
                OR s.language IS NULL
                OR s.language = ANY(f.languages))
           AND {fragments.status_is_welcome("s", "m.account_id")}
           AND NOT EXISTS (
                SELECT FROM list_accounts la
                  JOIN lists ON lists.id = la.list_id
                 WHERE la.account_id = s.account_id
                   AND lists.account_id = m.account_id
                   AND lists.exclusive)
        ON CONFLICT DO NOTHING
        """,
        reader_id,
        tag_id,
    )


async def unmerge_tag(tx: Transaction, reader_id: int, tag_id: int) -> None:
    """Take what came by a hashtag alone out of the home timeline of who follows it no longer.

    What the reader wrote, or what people whom they follow did, stays, as does what has another
    hashtag that they follow.
    """
    await tx.execute(
        """
        DELETE FROM home_feed h
         USING status_tags st
         WHERE h.account_id = $1
           AND st.tag_id = $2
           AND st.status_id = h.status_id
           AND h.author_id <> $1
           AND NOT EXISTS (
                SELECT FROM follows f
                 WHERE f.account_id = $1
                   AND f.target_id = h.author_id
                   AND f.state = 'accepted')
           AND NOT EXISTS (
                SELECT FROM status_tags other
                  JOIN tag_follows t ON t.tag_id = other.tag_id
                 WHERE other.status_id = h.status_id
                   AND other.tag_id <> $2
                   AND t.account_id = $1)
        """,
        reader_id,
        tag_id,
    )


async def expel(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """Take everything of an author out of a reader's home, boosts by others too."""
    await tx.execute(
        """
        DELETE FROM home_feed h
         USING unnest($1::bigint[], $2::bigint[]) AS pair (account_id, target_id)
         WHERE h.account_id = pair.account_id
           AND (h.author_id = pair.target_id
                OR EXISTS (
                    SELECT FROM statuses s
                     WHERE s.id = h.reblog_of_id
                       AND s.account_id = pair.target_id))
        """,
        [reader for reader, _ in pairs],
        [author for _, author in pairs],
    )
