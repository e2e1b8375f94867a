"""Whether a caller still stands as they were found: asked within a statement that runs anyway.

The versions are those of the rows of the token, its owner and the owner's membership, which every
change renews (xmin): a revoked token, a suspension or another role all end a standing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows that were looked at, when a member's token was found good."""

    token_id: int
    token_version: int
    account_version: int
    member_version: int


def holds(first: int) -> str:
    """Return the condition that nothing has changed, in the four parameters from `first` on.

    It holds without a standing, too: then the caller was looked up just now.
    """
    return f"""(
        ${first}::bigint IS NULL
        OR (SELECT true
            FROM tokens AS token
            JOIN accounts AS owner ON owner.id = token.account_id
            JOIN members AS membership ON membership.account_id = token.account_id
            WHERE token.id = ${first}
              AND token.xmin = ${first + 1}::xid
              AND owner.xmin = ${first + 2}::xid
              AND membership.xmin = ${first + 3}::xid))"""


def arguments(standing: Standing | None) -> tuple[int | None, int | None, int | None, int | None]:
    """Return the four parameters of `holds`."""
    if standing is None:
        return None, None, None, None
    return (
        standing.token_id,
        standing.token_version,
        standing.account_version,
        standing.member_version,
    )
