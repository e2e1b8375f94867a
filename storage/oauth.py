"""Applications, authorization codes and access tokens: rows of oauth_apps, oauth_codes, tokens.

Secrets, codes and tokens are known here only by their SHA-256 hash. Whether a grant is due is the
use-cases' business; times and hashes come from them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Connection, Record, Transaction
from storage.standings import Standing


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """A registered application."""

    id: int
    client_id: str
    secret_hash: bytes
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code; used_at is set once it was exchanged."""

    code_hash: bytes
    app_id: int
    account_id: int
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str | None
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; account_id is None when it speaks for the application alone."""

    id: int
    token_hash: bytes
    app_id: int
    account_id: int | None
    scopes: tuple[str, ...]
    code_hash: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stands behind a token, and what bars them at this moment."""

    token_id: int
    app_id: int
    account_id: int | None
    scopes: tuple[str, ...]
    role: str
    revoked: bool
    disabled: bool
    suspended: bool
    unconfirmed: bool
    unapproved: bool
    used_today: bool
    token_version: int
    account_version: int | None
    member_version: int | None

    @property
    def standing(self) -> Standing | None:
        """What a later look can be compared with; None of who is no member."""
        if self.account_version is None or self.member_version is None:
            return None
        return Standing(
            self.token_id, self.token_version, self.account_version, self.member_version
        )


async def insert_app(tx: Transaction, app: OAuthApp) -> None:
    """Store a new application; raises Conflict when its id or client_id is taken."""
    await tx.execute(
        """
        INSERT INTO oauth_apps
            (id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        app.id,
        app.client_id,
        app.secret_hash,
        app.name,
        app.website,
        list(app.redirect_uris),
        list(app.scopes),
        app.created_at,
    )


async def upsert_app(tx: Transaction, app: OAuthApp) -> int:
    """Store an application, or find the one that has its client_id already; returns its id."""
    row = await tx.fetchval(
        """
        INSERT INTO oauth_apps
            (id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (client_id) DO UPDATE
            SET name = EXCLUDED.name
        RETURNING id
        """,
        app.id,
        app.client_id,
        app.secret_hash,
        app.name,
        app.website,
        list(app.redirect_uris),
        list(app.scopes),
        app.created_at,
    )
    return int(row)


async def find_app(conn: Connection, client_id: str) -> OAuthApp | None:
    """Return the application with this client_id, if there is one."""
    row = await conn.fetchrow("SELECT * FROM oauth_apps WHERE client_id = $1", client_id)
    return _app(row) if row else None


async def find_app_by_id(conn: Connection, app_id: int) -> OAuthApp | None:
    """Return the application with this id, if there is one."""
    row = await conn.fetchrow("SELECT * FROM oauth_apps WHERE id = $1", app_id)
    return _app(row) if row else None


async def insert_code(tx: Transaction, code: Code) -> None:
    """Store a fresh authorization code."""
    await tx.execute(
        """
        INSERT INTO oauth_codes
            (code_hash, app_id, account_id, redirect_uri, scopes, code_challenge, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        code.code_hash,
        code.app_id,
        code.account_id,
        code.redirect_uri,
        list(code.scopes),
        code.code_challenge,
        code.expires_at,
    )


async def find_code(tx: Transaction, code_hash: bytes) -> Code | None:
    """Return the code and lock its row, so that two exchanges of it come one after the other."""
    row = await tx.fetchrow("SELECT * FROM oauth_codes WHERE code_hash = $1 FOR UPDATE", code_hash)
    if row is None:
        return None
    return Code(
        code_hash=row["code_hash"],
        app_id=row["app_id"],
        account_id=row["account_id"],
        redirect_uri=row["redirect_uri"],
        scopes=tuple(row["scopes"]),
        code_challenge=row["code_challenge"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
    )


async def update_code_used(tx: Transaction, code_hash: bytes, now: datetime) -> None:
    """Note that the code was exchanged."""
    await tx.execute("UPDATE oauth_codes SET used_at = $2 WHERE code_hash = $1", code_hash, now)


async def delete_expired_codes(tx: Transaction, before: datetime) -> int:
    """Forget codes that expired before this time; returns how many."""
    return await tx.execute("DELETE FROM oauth_codes WHERE expires_at < $1", before)


async def insert_token(tx: Transaction, token: Token) -> None:
    """Store a fresh access token."""
    await tx.execute(
        """
        INSERT INTO tokens (id, token_hash, app_id, account_id, scopes, code_hash, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        token.id,
        token.token_hash,
        token.app_id,
        token.account_id,
        list(token.scopes),
        token.code_hash,
        token.created_at,
    )


async def find_token(conn: Connection, token_hash: bytes) -> Token | None:
    """Return the token with this hash, revoked or not."""
    row = await conn.fetchrow("SELECT * FROM tokens WHERE token_hash = $1", token_hash)
    if row is None:
        return None
    return Token(
        id=row["id"],
        token_hash=row["token_hash"],
        app_id=row["app_id"],
        account_id=row["account_id"],
        scopes=tuple(row["scopes"]),
        code_hash=row["code_hash"],
        created_at=row["created_at"],
    )


async def find_caller(conn: Connection, token_hash: bytes, today: date) -> Caller | None:
    """Return who stands behind a token, in one statement; None for an unknown token.

    Revoked tokens and barred members are returned with their flags, since each gets another
    answer. Every caller of this must look at `revoked`, `disabled` and `suspended`;
    who is `unconfirmed` or `unapproved` counts as suspended, too.
    """
    row = await conn.fetchrow(
        """
        SELECT
            t.id AS token_id,
            t.app_id,
            t.account_id,
            t.scopes,
            COALESCE(m.role, '') AS role,
            t.revoked_at IS NOT NULL AS revoked,
            m.disabled_at IS NOT NULL OR (t.account_id IS NOT NULL AND m.account_id IS NULL)
                AS disabled,
            a.suspended_at IS NOT NULL OR a.deleted_at IS NOT NULL AS suspended,
            a.awaited_at IS NOT NULL AND m.confirmed_at IS NULL AS unconfirmed,
            a.awaited_at IS NOT NULL AND m.approved_at IS NULL AS unapproved,
            t.last_used_on IS NOT DISTINCT FROM $2 AS used_today,
            t.xmin AS token_version,
            a.xmin AS account_version,
            m.xmin AS member_version
        FROM tokens t
        LEFT JOIN accounts a ON a.id = t.account_id
        LEFT JOIN members m ON m.account_id = t.account_id
        WHERE t.token_hash = $1
        """,
        token_hash,
        today,
    )
    if row is None:
        return None
    return Caller(**{**dict(row), "scopes": tuple(row["scopes"])})


async def update_token_used(tx: Transaction, token_id: int, today: date) -> None:
    """Note the day on which a token was last used, and that its owner was here on that day."""
    await tx.execute(
        """
        WITH used AS (
            UPDATE tokens
            SET last_used_on = $2
            WHERE id = $1
                AND last_used_on IS DISTINCT FROM $2
            RETURNING account_id
        )
        INSERT INTO active_days (account_id, day)
        SELECT account_id, $2
        FROM used
        WHERE account_id IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        token_id,
        today,
    )


async def has_grant(conn: Connection, app_id: int, account_id: int, scopes: Sequence[str]) -> bool:
    """Tell whether the member holds a live token of this application with exactly these scopes."""
    found = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM tokens
            WHERE account_id = $2
                AND app_id = $1
                AND revoked_at IS NULL
                AND scopes @> $3::text[]
                AND scopes <@ $3::text[]
        )
        """,
        app_id,
        account_id,
        list(scopes),
    )
    return bool(found)


async def revoke_token(tx: Transaction, token_id: int, now: datetime) -> list[int]:
    """Revoke one token; returns its id, or nothing when it was revoked before."""
    return await _revoke(tx, "id = $1", token_id, now)


async def revoke_tokens_of_code(tx: Transaction, code_hash: bytes, now: datetime) -> list[int]:
    """Revoke the tokens that a code made; returns the ids of those that were live."""
    return await _revoke(tx, "code_hash = $1", code_hash, now)


async def revoke_tokens_of_account(tx: Transaction, account_id: int, now: datetime) -> list[int]:
    """Revoke every token of a member; returns the ids of those that were live."""
    return await _revoke(tx, "account_id = $1", account_id, now)


async def _revoke(tx: Transaction, condition: str, value: object, now: datetime) -> list[int]:
    # The condition is a literal of this module.
    rows = await tx.fetch(
        f"""
        UPDATE tokens
        SET revoked_at = $2
        WHERE {condition}
            AND revoked_at IS NULL
        RETURNING id
        """,
        value,
        now,
    )
    return [row["id"] for row in rows]


async def list_live_tokens(conn: Connection, account_id: int) -> list[int]:
    """Return the tokens of a member that were not revoked."""
    rows = await conn.fetch(
        "SELECT id FROM tokens WHERE account_id = $1 AND revoked_at IS NULL ORDER BY id", account_id
    )
    return [row["id"] for row in rows]


async def delete_codes_of_account(tx: Transaction, account_id: int) -> None:
    """Forget the codes that wait to be exchanged for a member."""
    await tx.execute("DELETE FROM oauth_codes WHERE account_id = $1", account_id)


async def owners_of_tokens(conn: Connection, token_ids: Sequence[int]) -> dict[int, int | None]:
    """Return the account behind each of these tokens."""
    rows = await conn.fetch(
        "SELECT id, account_id FROM tokens WHERE id = ANY($1::bigint[])", list(token_ids)
    )
    return {row["id"]: row["account_id"] for row in rows}


def _app(row: Record) -> OAuthApp:
    return OAuthApp(
        id=row["id"],
        client_id=row["client_id"],
        secret_hash=row["secret_hash"],
        name=row["name"],
        website=row["website"],
        redirect_uris=tuple(row["redirect_uris"]),
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
    )
