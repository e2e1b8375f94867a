"""Who sends a request to us: the host is judged first, then the signature, then the sender.

Nothing is fetched from, and no name is looked up of, a host that is not on the allowlist
(draft-cavage-12 and RFC 9421).
"""

import logging
from dataclasses import dataclass

from activitypub.documents import parse_document
from activitypub.errors import Gone, Malformed, NotTrusted, ProtocolError, Unreachable
from activitypub.objects import Actor
from activitypub.ownership import check_key_owner
from activitypub.properties import uri_of
from activitypub.signatures.claims import Claim
from activitypub.signatures.keys import VerifyKey, load_public
from activitypub.signatures.message import Message
from activitypub.signatures.requests import check_claim, read_claim, verify
from activitypub.uris import host_of
from fedimmp.app import App
from fedimmp.effects.organisation import pull_soon
from fedimmp.errors import BadRequest, Forbidden, Refusal, Unauthorized, Unavailable
from fedimmp.inbound.pinning import check_pinned, find_refusal
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.remote.keys import fetch_key
from storage import account_keys, knocks, trust
from storage.account_keys import PublicKey
from storage.knocks import NewKnock

logger = logging.getLogger(__name__)

_MISMATCH = "The signature does not match the key."
# How long a peer that could not be reached, or not be trusted, is spared the next attempt.
_PAUSE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Signer:
    """The remote account that signed a request. `suspended` is always False unless accepted.

    key is the one that verified the signature, None for a farewell that nothing can verify.
    """

    account_uri: str
    host: str
    account_id: int
    suspended: bool = False
    key: PublicKey | None = None


@dataclass(frozen=True, slots=True)
class Knock:
    """A signed request of an allowed host whose signature is not verified yet.

    known is the key as we have it, None for one that we never saw.
    """

    claim: Claim
    known: PublicKey | None


class KeyGone(Unauthorized):
    """The key's document was deleted by its office (410), so nothing can be verified by it."""


async def authenticate(app: App, message: Message) -> Signer:
    """Return who signed the request.

    Raises Unauthorized without an acceptable signature, BadRequest where its headers are malformed,
    Forbidden for a host that is not allowed or a suspended or deleted account, Unavailable while
    the key cannot be fetched.
    """
    knock = await identify(app, message)
    signer = await prove(app, message, knock)
    if signer.suspended:
        raise Forbidden("This account is suspended here.")
    return signer


async def identify(app: App, message: Message, *, remembered: bool = False) -> Knock:
    """Judge what needs neither a fetch nor a key: the host, then coverage, clock and digest.

    With `remembered` a key may come from memory: the caller then asks its row before it acts.
    """
    try:
        claim = read_claim(message)
    except ProtocolError as error:
        raise _refusal(error) from error
    known = app.inbox.keys.get(claim.key_id) if remembered else None
    if known is None:
        known = await find_key(app, claim.key_id, message.body)
    try:
        check_claim(message, claim, origin=app.uris.origin, now=app.now())
    except ProtocolError as error:
        raise _refusal(error) from error
    return Knock(claim, known)


async def prove(app: App, message: Message, knock: Knock) -> Signer:
    """Verify the signature, fetching the key where it is unknown, or once where it has changed.

    A suspended signer is returned as such, since its own Delete still counts. Raises as
    `authenticate`, and KeyGone where the key's office has deleted it.
    """
    known = knock.known
    if known is None or not _verifies(app, message, knock.claim, known):
        known = await learn_key(app, knock.claim.key_id, known)
        if not _verifies(app, message, knock.claim, known):
            raise Unauthorized(_MISMATCH)
    return owner_of(app, known)


async def find_key(app: App, key_id: str, body: bytes = b"") -> PublicKey | None:
    """Return a key as we have it, None for an unknown one; raises Forbidden by its host.

    `body` is what it is to prove: what a stranger says in it is shown to administrators.
    """
    host = host_of(key_id)
    if host == app.uris.host:
        # Our own people never come from outside.
        raise Forbidden("Nobody of this instance is accepted from outside.")
    async with app.db.reader() as conn:
        known = await account_keys.find_public(conn, key_id)
        if known is not None and known.domain == host:
            state = known.peer_state
        else:
            state = await trust.state_of(conn, host, app.now())
    if state not in trust.TALKING or (known is not None and known.domain != host):
        raise await refusal_of(app, host, state, key_id, body)
    return known


async def refusal_of(app: App, host: str, state: str | None, key_id: str, body: bytes) -> Forbidden:
    """Return why nothing is taken from a host, and have administrators see that it knocked."""
    if state == "draining":
        async with app.db.reader() as conn:
            foreign = await find_refusal(conn, host)
        if foreign is not None:
            await _note_knock(app, host, key_id, body)
            return foreign
        return Forbidden(f"{host} is leaving: this instance takes nothing new from it.")
    await _note_knock(app, host, key_id, body)
    return Forbidden(f"{host} is not on the allowlist of this instance.")


def _verifies(app: App, message: Message, claim: Claim, known: PublicKey) -> bool:
    try:
        key = parsed_key(app, known.public_pem)
        return verify(message, claim, key, origin=app.uris.origin)
    except ProtocolError as error:
        raise Unauthorized(str(error)) from error


def _refusal(error: ProtocolError) -> Refusal:
    """Return 400 for headers that nobody can read, else 401."""
    return BadRequest(str(error)) if isinstance(error, Malformed) else Unauthorized(str(error))


def parsed_key(app: App, pem: str) -> VerifyKey:
    """Return a stored key ready to verify; raises Malformed."""
    key = app.inbox.parsed.get(pem)
    if key is None:
        key = load_public(pem)
        app.inbox.parsed.put(pem, key)
    return key


def owner_of(app: App, known: PublicKey) -> Signer:
    """Return whose key it is; raises Forbidden for a deleted account."""
    if known.deleted:
        raise Forbidden("This account was deleted.")
    if not known.suspended:
        app.inbox.keys.put(known.key_id, known)
    host = known.domain or host_of(known.account_uri)
    return Signer(known.account_uri, host, known.account_id, known.suspended, known)


async def learn_key(app: App, key_id: str, stale: PublicKey | None) -> PublicKey:
    """Fetch the key and its owner, store both, and return the key as stored.

    Concurrent requests with one unknown key cause one fetch; `stale` is what did not fit. Raises
    Unauthorized, Forbidden, Unavailable.
    """
    await app.inbox.fetching.acquire(key_id)
    try:
        async with app.db.reader() as conn:
            known = await account_keys.find_public(conn, key_id)
        if known is not None and (stale is None or known.public_pem != stale.public_pem):
            return known
        _check_recent(app, key_id, stale)
        try:
            await check_pinned(app, host_of(key_id))
            owner = await _fetch_owner(app, key_id)
        except (Unauthorized, Forbidden, Unavailable) as refusal:
            _note_failure(app, key_id, stale, refusal)
            raise
        if stale is None:
            app.inbox.fruitless.refund(host_of(key_id))
        return await _store_owner(app, key_id, owner)
    finally:
        app.inbox.fetching.release(key_id)


def _check_recent(app: App, key_id: str, stale: PublicKey | None) -> None:
    """Refuse what would be fetched again too soon: rubbish must not make us fetch each time."""
    failure = app.inbox.failed.get(key_id)
    if failure is not None:
        refusal, sentence = failure
        raise refusal(sentence)
    if stale is not None:
        if app.inbox.refetched.get(stale.account_uri):
            raise Unauthorized(_MISMATCH)
        app.inbox.refetched.put(stale.account_uri, True)
    elif not app.inbox.fruitless.spend(host := host_of(key_id)):
        # Anybody may name keys that do not exist: a peer must not be flooded through us.
        raise Unavailable(f"Too many keys of {host} could not be fetched.", retry_after=60)


def _note_failure(
    app: App, key_id: str, stale: PublicKey | None, refusal: Unauthorized | Forbidden | Unavailable
) -> None:
    if isinstance(refusal, Unauthorized):
        app.inbox.failed.put(key_id, (type(refusal), refusal.sentence))
        return
    # What an administrator can mend, here or there, is tried again soon.
    app.inbox.failed.put(key_id, (type(refusal), refusal.sentence), seconds=_PAUSE_SECONDS)
    if stale is not None:
        app.inbox.refetched.forget(stale.account_uri)


async def _fetch_owner(app: App, key_id: str) -> Actor:
    try:
        owner = await fetch_key(app, key_id)
        check_key_owner(key_id, owner.id)
        for key in owner.keys:
            if key.id == key_id:
                load_public(key.pem)
        return owner
    except Unreachable as error:
        raise Unavailable(f"Your key could not be fetched: {error}", retry_after=30) from error
    except NotTrusted as error:
        raise Forbidden(str(error)) from error
    except Gone as error:
        gone = KeyGone if error.status == 410 else Unauthorized
        raise gone(f"Your key is not there: {error}") from error
    except ProtocolError as error:
        raise Unauthorized(str(error)) from error


async def _store_owner(app: App, key_id: str, owner: Actor) -> PublicKey:
    now = app.now()
    async with app.db.writer() as tx:
        await upsert_actor(tx, app, owner, now)
        known = await account_keys.find_public(tx, key_id)
    if known is None or known.account_uri != owner.id:
        raise Unauthorized("The key belongs to another account.")
    if known.peer_state not in trust.TALKING:
        raise Forbidden(f"{host_of(key_id)} is not on the allowlist of this instance.")
    return known


async def _note_knock(app: App, host: str, key_id: str, body: bytes) -> None:
    """Count a refused host for the administrators: a flood of them must fill neither log nor table.

    Nothing is asked of the host, whoever it is, and what it says of its actor is not believed. The
    organisation's manifest may name it by now, so its source is asked, seldom.
    """
    count, is_new = app.inbox.knocks.count(host)
    if is_new:
        logger.info("refused a request of %s, which is not on the allowlist", host)
    if count:
        async with app.db.writer() as tx:
            actor_uri, actor_host = _claimed_actor(body)
            knock = NewKnock(host, key_id, actor_uri, actor_host, count)
            await knocks.record(tx, knock, app.now())
            await pull_soon(tx, app.now())


def _claimed_actor(body: bytes) -> tuple[str | None, str | None]:
    """Return whom a body names as its actor, and that one's host; None where it names nobody."""
    try:
        actor = uri_of(parse_document(body).get("actor"))
        return (None, None) if actor is None else (actor, host_of(actor))
    except ProtocolError:
        return None, None
