"""Applications, the codes that members grant them, and tokens (RFC 6749, RFC 7636, RFC 7009).

Scopes and redirect addresses come here already read from the request; what an application may ask
for is checked by the edge that shows it to the member.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from fedimmp.app import App
from fedimmp.effects.tokens import tokens_revoked
from fedimmp.errors import Refusal
from fedimmp.services.members import CLI
from storage import accounts, audit, authorised_applications, oauth
from storage.database import Transaction
from storage.ids import new_id
from storage.oauth import OAuthApp

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
CODE_LIFETIME: Final = timedelta(minutes=10)
_SECRET_BYTES: Final = 32


class GrantRefused(Refusal):
    """A refusal of the token endpoint: `code` is the machine's word of RFC 6749 section 5.2."""

    code: ClassVar[str] = "invalid_request"


class InvalidClient(GrantRefused):
    """The application is unknown, or its secret is wrong."""

    status = 401
    code = "invalid_client"
    default = "The application is unknown or its secret is wrong."


class InvalidGrant(GrantRefused):
    """The code does not hold: unknown, expired, used, another application's, or unproven."""

    code = "invalid_grant"
    default = "The authorization code is invalid, expired or used, or belongs to another request."


class UnauthorizedClient(GrantRefused):
    """The application asks for something that belongs to another one."""

    status = 403
    code = "unauthorized_client"
    default = "This token belongs to another application."


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """A new application and its secret, which is never shown again."""

    app: OAuthApp
    secret: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a member allows an application, as the consent page showed it."""

    app_id: int
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token's text, which is never shown again, and what it is good for."""

    token_id: int
    text: str
    scopes: tuple[str, ...]
    created_at: datetime


def hashed(text: str) -> bytes:
    """Return the form in which secrets, codes and tokens are stored: SHA-256 of random text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


async def register_app(
    app: App,
    *,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    website: str | None = None,
) -> RegisteredApp:
    """Register an application under a fresh client id and secret."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    client_id = secrets.token_urlsafe(_SECRET_BYTES)
    row = _app_row(app, client_id, secret, name, redirect_uris, scopes, website)
    async with app.db.writer() as tx:
        await oauth.insert_app(tx, row)
    return RegisteredApp(row, secret)


async def authorise(app: App, account_id: int, grant: Grant) -> str:
    """Grant an application what the member allowed, and return the code for its redirect."""
    code = secrets.token_urlsafe(_SECRET_BYTES)
    async with app.db.writer() as tx:
        await oauth.insert_code(
            tx,
            oauth.Code(
                code_hash=hashed(code),
                app_id=grant.app_id,
                account_id=account_id,
                redirect_uri=grant.redirect_uri,
                scopes=grant.scopes,
                code_challenge=grant.code_challenge,
                expires_at=app.now() + CODE_LIFETIME,
                used_at=None,
            ),
        )
    return code


async def check_client(app: App, client_id: str, client_secret: str) -> OAuthApp:
    """Return the application with this id and secret. Raises InvalidClient."""
    async with app.db.reader() as conn:
        client = await oauth.find_app(conn, client_id)
    if client is None or not hmac.compare_digest(client.secret_hash, hashed(client_secret)):
        raise InvalidClient
    return client


async def exchange(
    app: App, client: OAuthApp, code: str, *, redirect_uri: str, code_verifier: str | None
) -> IssuedToken:
    """Turn a code into a token, once. Raises InvalidGrant.

    A code that comes a second time was overheard: the token that it made is revoked
    (RFC 6749 section 4.1.2).
    """
    issued: IssuedToken | None = None
    async with app.db.writer() as tx:
        row = await oauth.find_code(tx, hashed(code))
        if row is None or row.app_id != client.id:
            raise InvalidGrant
        if row.used_at is not None:
            await tokens_revoked(
                tx, await oauth.revoke_tokens_of_code(tx, row.code_hash, app.now())
            )
        elif _holds(row, redirect_uri, code_verifier, app.now()):
            await oauth.update_code_used(tx, row.code_hash, app.now())
            issued = await issue(
                tx, app, client.id, row.account_id, row.scopes, code_hash=row.code_hash
            )
    # Raised after the commit, since the revocation must stay.
    if issued is None:
        raise InvalidGrant
    return issued


async def issue_app_token(app: App, client: OAuthApp, scopes: Sequence[str]) -> IssuedToken:
    """Give an application a token of its own, without a member."""
    async with app.db.writer() as tx:
        return await issue(tx, app, client.id, None, scopes)


async def revoke(app: App, client: OAuthApp, token: str) -> None:
    """Revoke a token of this application; an unknown or dead one is no error (RFC 7009).

    Raises UnauthorizedClient for a token of another application.
    """
    async with app.db.writer() as tx:
        row = await oauth.find_token(tx, hashed(token))
        if row is None:
            return
        if row.app_id != client.id:
            raise UnauthorizedClient
        await tokens_revoked(tx, await oauth.revoke_token(tx, row.id, app.now()))


async def revoke_application(app: App, account_id: int, app_id: int) -> None:
    """End all that a member let an application do; no matter if it could do nothing."""
    async with app.db.writer() as tx:
        ended = await authorised_applications.revoke(tx, account_id, app_id, app.now())
        if ended:
            await tokens_revoked(tx, ended)


async def create_token(
    app: App, account_id: int, scopes: Sequence[str], app_name: str, *, actor: str = CLI
) -> str:
    """Make a token for a member without the browser, in the name of an internal application.

    `actor` is who does it, for the audit log.
    """
    # Nobody knows the secret and no redirect is registered, so this application can do no more.
    row = _app_row(
        app,
        client_id=f"internal:{hashed(app_name).hex()[:32]}",
        secret=secrets.token_urlsafe(_SECRET_BYTES),
        name=app_name,
        redirect_uris=(),
        scopes=(),
        website=None,
    )
    async with app.db.writer() as tx:
        app_id = await oauth.upsert_app(tx, row)
        issued = await issue(tx, app, app_id, account_id, scopes)
        await audit.append(
            tx,
            actor=actor,
            action="token.create",
            target=(await accounts.get(tx, account_id)).username,
            detail={"application": app_name, "scopes": list(scopes)},
            now=app.now(),
        )
    return issued.text


async def issue(
    tx: Transaction,
    app: App,
    app_id: int,
    account_id: int | None,
    scopes: Sequence[str],
    *,
    code_hash: bytes | None = None,
) -> IssuedToken:
    """Store a fresh token of an application, for a member or, with None, for itself."""
    issued = IssuedToken(
        token_id=new_id(app.now()),
        text=secrets.token_urlsafe(_SECRET_BYTES),
        scopes=tuple(dict.fromkeys(scopes)),
        created_at=app.now(),
    )
    await oauth.insert_token(
        tx,
        oauth.Token(
            id=issued.token_id,
            token_hash=hashed(issued.text),
            app_id=app_id,
            account_id=account_id,
            scopes=issued.scopes,
            code_hash=code_hash,
            created_at=issued.created_at,
        ),
    )
    return issued


def _holds(code: oauth.Code, redirect_uri: str, verifier: str | None, now: datetime) -> bool:
    if code.expires_at <= now or code.redirect_uri != redirect_uri:
        return False
    if code.code_challenge is None:
        # A verifier without a challenge means that the challenge was stripped on the way
        # (RFC 9700 section 2.1.1).
        return not verifier
    return verifier is not None and hmac.compare_digest(
        code.code_challenge.encode(), challenge_of(verifier).encode()
    )


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _app_row(
    app: App,
    client_id: str,
    secret: str,
    name: str,
    redirect_uris: Sequence[str],
    scopes: Sequence[str],
    website: str | None,
) -> OAuthApp:
    return OAuthApp(
        id=new_id(app.now()),
        client_id=client_id,
        secret_hash=hashed(secret),
        name=name,
        website=website,
        redirect_uris=tuple(redirect_uris),
        scopes=tuple(scopes),
        created_at=app.now(),
    )


async def note_token_used(app: App, token_id: int, today: date) -> None:
    """Note that a token was used on this day, which members see in their list of applications."""
    async with app.db.writer() as tx:
        await oauth.update_token_used(tx, token_id, today)
