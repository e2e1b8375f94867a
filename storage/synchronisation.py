"""Followers as two offices compare them: who follows across, and their digests (FEP-8fcf)."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Connection
from storage.follows import FollowState
from storage.fragments import account_is_present

# XOR is written for bits only, and those are read back as a number.
_DIGEST = (
    "bit_xor(('x' || encode(sha256(convert_to(follower.uri, 'UTF8')), 'hex'))::bit(256))::text"
)


@dataclass(frozen=True, slots=True)
class Followed:
    """An account with the collection of its followers and the digest of those who are ours."""

    uri: str
    followers_url: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class LocalFollow:
    """A follow, or a request, of one of our people, whose URI comes along."""

    id: int
    uri: str
    state: FollowState


async def digests_at(
    conn: Connection, pairs: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], str]:
    """Return digests of the followers that accounts have at hosts, by (account, host)."""
    records = await conn.fetch(
        f"""
        SELECT pair.account_id,
               pair.host,
               (SELECT {_DIGEST}
                  FROM follows f
                  JOIN accounts follower ON follower.id = f.account_id
                 WHERE f.target_id = pair.account_id
                   AND f.state = 'accepted'
                   AND follower.domain = pair.host
                   AND follower.deleted_at IS NULL) AS bits
          FROM unnest($1::bigint[], $2::text[]) AS pair (account_id, host)
        """,
        [account_id for account_id, _ in pairs],
        [host for _, host in pairs],
    )
    return {
        (record["account_id"], record["host"]): _hexadecimal(record["bits"]) for record in records
    }


async def list_followers_at(conn: Connection, account_id: int, host: str) -> list[str]:
    """Return the URIs of the followers that an account has at a host."""
    records = await conn.fetch(
        """
        SELECT follower.uri
          FROM follows f
          JOIN accounts follower ON follower.id = f.account_id
         WHERE f.target_id = $1
           AND f.state = 'accepted'
           AND follower.domain = $2
           AND follower.deleted_at IS NULL
         ORDER BY f.id
        """,
        account_id,
        host,
    )
    return [record["uri"] for record in records]


async def find_followed(conn: Connection, account_id: int) -> Followed | None:
    """Return an account with the digest of those of our people who follow it."""
    record = await conn.fetchrow(
        f"""
        SELECT account.uri,
               account.followers_url,
               (SELECT {_DIGEST}
                  FROM follows f
                  JOIN accounts follower ON follower.id = f.account_id
                 WHERE f.target_id = account.id
                   AND f.state = 'accepted'
                   AND follower.domain IS NULL
                   AND follower.deleted_at IS NULL) AS bits
          FROM accounts account
         WHERE account.id = $1
        """,
        account_id,
    )
    if record is None:
        return None
    return Followed(record["uri"], record["followers_url"], _hexadecimal(record["bits"]))


async def list_local_follows(conn: Connection, target_id: int) -> list[LocalFollow]:
    """Return the follows and requests of our people to an account."""
    records = await conn.fetch(
        """
        SELECT f.id, follower.uri, f.state
          FROM follows f
          JOIN accounts follower ON follower.id = f.account_id
         WHERE f.target_id = $1
           AND follower.domain IS NULL
           AND follower.deleted_at IS NULL
         ORDER BY f.id
        """,
        target_id,
    )
    return [LocalFollow(**dict(record)) for record in records]


async def list_not_following(
    conn: Connection, target_id: int, uris: Sequence[str], limit: int
) -> list[int]:
    """Return those of these people of ours who neither follow an account nor ask to."""
    records = await conn.fetch(
        f"""
        SELECT a.id
          FROM accounts a
          JOIN members ON members.account_id = a.id
         WHERE a.uri = ANY($2::text[])
           AND a.domain IS NULL
           AND {account_is_present("a")}
           AND NOT EXISTS (
               SELECT FROM follows f
                WHERE f.account_id = a.id
                  AND f.target_id = $1)
         ORDER BY a.id
         LIMIT $3
        """,
        target_id,
        list(uris),
        limit,
    )
    return [record["id"] for record in records]


def _hexadecimal(bits: str | None) -> str:
    return f"{int(bits or '0', 2):064x}"
