"""What an office is shown around a post: its replies, and the posts of a conversation.

What apps show is the matter of `storage.threads`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Connection, Record
from storage.fragments import status_is_visible_to_host


@dataclass(frozen=True, slots=True)
class Response:
    """A post as a collection lists it."""

    id: int
    uri: str


# Of peers only what is for everybody: what they told us in confidence is theirs to show. Nobody is
# led to people who block them, nor to those whom they block.
_LISTED = f"""
    {status_is_visible_to_host("s", "$2::text")}
    AND (s.local OR s.visibility IN ('public', 'unlisted'))
    AND s.reblog_of_id IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM blocks AS block
        WHERE (block.account_id = s.account_id AND block.target_id = $3)
           OR (block.account_id = $3 AND block.target_id = s.account_id))
    AND s.id > $4
"""


async def list_replies(
    conn: Connection, status_id: int, *, host: str, reader_id: int, above: int, limit: int
) -> list[Response]:
    """Return the replies to a post that a reader at this host may see, oldest first.

    The page begins after the id `above`.
    """
    rows = await conn.fetch(
        f"""
        SELECT s.id, s.uri
        FROM statuses AS s
        WHERE s.in_reply_to_id = $1
          AND {_LISTED}
        ORDER BY s.id
        LIMIT $5
        """,
        status_id,
        host,
        reader_id,
        above,
        limit,
    )
    return _responses(rows)


async def list_conversation(
    conn: Connection, uri: str, *, host: str, reader_id: int, above: int, limit: int
) -> list[Response]:
    """Return the posts of a conversation that a reader at this host may see, oldest first."""
    rows = await conn.fetch(
        f"""
        SELECT s.id, s.uri
        FROM statuses AS s
        WHERE s.conversation_id = (SELECT id FROM conversations WHERE uri = $1)
          AND {_LISTED}
        ORDER BY s.id
        LIMIT $5
        """,
        uri,
        host,
        reader_id,
        above,
        limit,
    )
    return _responses(rows)


def _responses(rows: Sequence[Record]) -> list[Response]:
    return [Response(row["id"], row["uri"]) for row in rows]
