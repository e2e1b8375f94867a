"""What stands in the way of who wants to register: blocked addresses, domains and networks."""

from dataclasses import dataclass
from datetime import date, datetime

from storage.canonical_email_blocks import canonical_hash
from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Barriers:
    """`refused`: nobody registers so; `needs_approval`: somebody looks first, whatever the mode."""

    refused: bool
    needs_approval: bool


async def registration_barriers(
    conn: Connection, email: str, address: str | None, now: datetime
) -> Barriers:
    """Return what stands in the way of an e-mail address that comes from an IP address."""
    row = await conn.fetchrow(
        """
        WITH met AS (
            SELECT false AS gently FROM canonical_email_blocks WHERE email_hash = $1
            UNION ALL
            SELECT allow_with_approval FROM email_domain_blocks WHERE domain = ANY($2::text[])
            UNION ALL
            SELECT severity = 'sign_up_requires_approval'
            FROM ip_blocks
            WHERE $3::text::inet <<= network
              AND (expires_at IS NULL OR expires_at > $4)
        )
        SELECT
            EXISTS (SELECT FROM met WHERE NOT gently) AS refused,
            EXISTS (SELECT FROM met WHERE gently) AS needs_approval
        """,
        canonical_hash(email),
        _domains(email),
        address,
        now,
    )
    return Barriers(**dict(row)) if row else Barriers(False, False)


async def count_attempt(tx: Transaction, email: str, today: date) -> None:
    """Count that somebody tried to register with an address, where its domain is blocked."""
    await tx.execute(
        """
        INSERT INTO email_domain_block_attempts AS counted (block_id, day, attempts)
        SELECT id, $2, 1
        FROM email_domain_blocks
        WHERE domain = ANY($1::text[])
        ON CONFLICT (block_id, day) DO UPDATE
        SET attempts = counted.attempts + 1
        """,
        _domains(email),
        today,
    )


def _domains(email: str) -> list[str]:
    """Return the domain of an address and all above it, as A-labels."""
    domain = email.strip().rpartition("@")[2].lower()
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        # No domain that could be blocked.
        return []
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
