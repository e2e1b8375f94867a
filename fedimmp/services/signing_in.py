"""Sign-in in the browser: passwords behind a throttle, and the sessions that follow."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.errors import TooMany, Unauthorized
from fedimmp.services import members
from storage import members as members_rows
from storage import sessions, sign_in
from storage.members import Member
from storage.sessions import Session, SignedIn
from storage.sign_in import Bucket

_TOKEN_BYTES: Final = 32
# One address may fail for several people, and one person from several addresses.
_SHARED: Final = 5
_UNCONFIRMED: Final = (
    "Your e-mail address is not confirmed yet. Open the link in the mail that was sent to it."
)
_UNAPPROVED: Final = "The people who run this office have not let you in yet. You will get a mail."
_WRONG: Final = "That name and password do not belong together. Check both and try again."


@dataclass(frozen=True, slots=True)
class NewSession:
    """A fresh session: its cookie, known to the browser alone, and how long it lasts."""

    cookie: str
    lifetime: timedelta


async def sign_in_member(
    app: App,
    login: str,
    password: str,
    *,
    address: str,
    address_factor: float = 1.0,
    ip: str | None = None,
) -> NewSession:
    """Open a session for the member with this user name or e-mail address and password.

    `address` is where the request comes from, `address_factor` how many people sit behind it, and
    `ip` what staff sees of it.
    Raises Unauthorized with a sentence that does not tell what was wrong, and TooMany after too
    many failures for the name and address together, for the name, or for the address.
    """
    buckets = _buckets(app, login, address, address_factor)
    await _check_throttle(app, buckets)
    member = await members.check_password(app, login, password)
    if member is None:
        raise Unauthorized(_WRONG)
    if member.is_awaited:
        # Said only to those who know the password.
        raise Unauthorized(_UNCONFIRMED if member.confirmed_at is None else _UNAPPROVED)
    fresh_hash = None
    if app.passwords.is_outdated(member.password_hash):
        fresh_hash = await app.passwords.hash(password)
    return await _open_session(app, member, buckets, fresh_hash, ip)


async def confirm_password(
    app: App,
    signed_in: SignedIn,
    cookie: str,
    password: str,
    *,
    address: str,
    address_factor: float = 1.0,
) -> None:
    """Note that whoever sits at a signed-in browser knows the member's password.

    Raises Unauthorized for a wrong one, and TooMany as signing in does.
    """
    buckets = _buckets(app, signed_in.username, address, address_factor)
    await _check_throttle(app, buckets)
    member = await members.check_password(app, signed_in.username, password)
    if member is None or member.account_id != signed_in.account_id:
        raise Unauthorized("This is not your password")
    pair, name, shared = (bucket.name for bucket in buckets)
    async with app.db.writer() as tx:
        await sessions.set_confirmed(tx, session_hash(cookie), app.now())
        await sign_in.forgive(tx, (name, shared), (pair,))


async def sign_out(app: App, cookie: str) -> None:
    """End the session of this cookie; an unknown one is no error."""
    async with app.db.writer() as tx:
        await sessions.delete(tx, session_hash(cookie))


async def find_signed_in(app: App, cookie: str) -> SignedIn | None:
    """Return the member behind a session cookie, None when it is over or the member is barred."""
    async with app.db.reader() as conn:
        return await sessions.find_signed_in(conn, session_hash(cookie), app.now())


def session_hash(cookie: str) -> bytes:
    """Return the form in which a session's cookie is stored."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()


async def _check_throttle(app: App, buckets: tuple[Bucket, ...]) -> None:
    now = app.now()
    pause = timedelta(seconds=app.config.accounts.sign_in_pause_seconds)
    async with app.db.writer() as tx:
        until = await sign_in.count_attempt(
            tx, buckets, window_start=now - pause, blocked_until=now + pause, now=now
        )
    if until is not None:
        raise _paused(until, now)


def _paused(until: datetime, now: datetime) -> TooMany:
    seconds = max(1, round((until - now).total_seconds()))
    return TooMany(
        f"There were too many failed attempts to sign in. Try again in {_duration(seconds)}.",
        retry_after=seconds,
    )


def _duration(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _buckets(app: App, login: str, address: str, address_factor: float) -> tuple[Bucket, ...]:
    # Hashed, since people type their password into the wrong field.
    name = hashlib.sha256(
        members_rows.email_key(login).encode("utf-8", "surrogatepass")
    ).hexdigest()[:32]
    limit = app.config.accounts.sign_in_failures
    return (
        Bucket(f"pair:{name}:{address}", limit),
        Bucket(f"name:{name}", limit * _SHARED),
        Bucket(f"address:{address}", round(limit * _SHARED * address_factor)),
    )


async def _open_session(
    app: App, member: Member, buckets: tuple[Bucket, ...], fresh_hash: str | None, ip: str | None
) -> NewSession:
    cookie = secrets.token_urlsafe(_TOKEN_BYTES)
    lifetime = timedelta(days=app.config.accounts.session_days)
    pair, name, address = (bucket.name for bucket in buckets)
    async with app.db.writer() as tx:
        session = Session(
            id_hash=session_hash(cookie),
            account_id=member.account_id,
            csrf_token=secrets.token_urlsafe(_TOKEN_BYTES),
            created_at=app.now(),
            expires_at=app.now() + lifetime,
            # Without the zone of a link-local address.
            address=ip and ip.partition("%")[0],
        )
        if not await sessions.insert(tx, session, member.password_hash):
            raise Unauthorized(_WRONG)
        if fresh_hash is not None:
            await sign_in.update_password_hash(
                tx, member.account_id, member.password_hash, fresh_hash
            )
        await sign_in.forgive(tx, (name, address), (pair,))
    return NewSession(cookie, lifetime)
