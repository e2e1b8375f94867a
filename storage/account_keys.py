"""The keys that sign for an account. Private parts are kept for our own only, sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction

Algorithm = Literal["rsa", "ed25519"]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with what decides whether its owner may speak. `peer_state` is None for our own, and
    `removed` as soon as an entry has expired.

    `suspended` means by us, and not by the owner's own office.
    """

    key_id: str
    account_id: int
    account_uri: str
    domain: str | None
    algorithm: Algorithm
    public_pem: str
    fetched_at: datetime | None
    suspended: bool
    deleted: bool
    peer_state: str | None


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A private key of one of our own, as the key vault sealed it."""

    key_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key before it is stored; `private_sealed` only for our own."""

    key_id: str
    algorithm: Algorithm
    public_pem: str
    private_sealed: bytes | None = None


async def find_public(conn: Connection, key_id: str) -> PublicKey | None:
    """Return a key with the present standing of its owner, in one statement."""
    record = await conn.fetchrow(
        """
        SELECT k.key_id,
               k.account_id,
               a.uri AS account_uri,
               a.domain,
               k.algorithm,
               k.public_pem,
               k.fetched_at,
               a.suspended_at IS NOT NULL AND NOT a.suspended_by_origin AS suspended,
               a.deleted_at IS NOT NULL AS deleted,
               CASE WHEN p.expires_at <= now() THEN 'removed' ELSE p.state END AS peer_state
          FROM account_keys k
          JOIN accounts a ON a.id = k.account_id
          LEFT JOIN peers p ON p.host = a.domain
         WHERE k.key_id = $1
        """,
        key_id,
    )
    return None if record is None else PublicKey(**dict(record))


async def list_public(conn: Connection, account_id: int) -> list[NewKey]:
    """Return the public keys of an account, the RSA key first."""
    records = await conn.fetch(
        """
        SELECT key_id,
               algorithm,
               public_pem
          FROM account_keys
         WHERE account_id = $1
         ORDER BY algorithm DESC, key_id
        """,
        account_id,
    )
    return [NewKey(**dict(record)) for record in records]


async def private_of(
    conn: Connection, account_id: int, algorithm: Algorithm = "rsa"
) -> SealedKey | None:
    """Return the sealed private key of one of our own accounts."""
    record = await conn.fetchrow(
        """
        SELECT key_id,
               private_sealed AS sealed
          FROM account_keys
         WHERE account_id = $1
           AND algorithm = $2
           AND private_sealed IS NOT NULL
         ORDER BY created_at DESC
         LIMIT 1
        """,
        account_id,
        algorithm,
    )
    return None if record is None else SealedKey(**dict(record))


async def insert_own(tx: Transaction, account_id: int, keys: Sequence[NewKey]) -> None:
    """Store the first keys of one of our own accounts."""
    await tx.execute(
        """
        INSERT INTO account_keys (key_id, account_id, algorithm, public_pem, private_sealed)
        SELECT k.key_id, $1, k.algorithm, k.public_pem, k.private_sealed
          FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[])
               AS k (key_id, algorithm, public_pem, private_sealed)
        """,
        account_id,
        [key.key_id for key in keys],
        [key.algorithm for key in keys],
        [key.public_pem for key in keys],
        [key.private_sealed for key in keys],
    )


async def replace_remote(
    tx: Transaction, account_id: int, keys: Sequence[NewKey], now: datetime
) -> None:
    """Make these the only keys of a remote account.

    A key id that another account holds already stays with its holder: whose it is was checked when
    it was stored, and a key never changes its owner.
    """
    await tx.execute(
        """
        WITH given AS (
            SELECT *
              FROM unnest($2::text[], $3::text[], $4::text[])
                   AS k (key_id, algorithm, public_pem)
        ), gone AS (
            DELETE FROM account_keys
             WHERE account_id = $1
               AND key_id <> ALL($2::text[])
               AND private_sealed IS NULL
        )
        INSERT INTO account_keys AS stored (key_id, account_id, algorithm, public_pem, fetched_at)
        SELECT key_id, $1, algorithm, public_pem, $5
          FROM given
        ON CONFLICT (key_id) DO UPDATE
           SET algorithm = EXCLUDED.algorithm,
               public_pem = EXCLUDED.public_pem,
               fetched_at = EXCLUDED.fetched_at
         WHERE stored.account_id = EXCLUDED.account_id
           AND stored.private_sealed IS NULL
        """,
        account_id,
        [key.key_id for key in keys],
        [key.algorithm for key in keys],
        [key.public_pem for key in keys],
        now,
    )
