"""Takes an activity in: authenticated, stored durably, answered; processing comes later."""

import functools
from collections.abc import Sequence

from activitypub.errors import Malformed, ProtocolError, TooLarge
from activitypub.objects import Activity
from activitypub.ownership import is_key_of
from activitypub.properties import uri_of
from activitypub.signatures.message import Message
from activitypub.uris import host_of
from activitypub.vocabulary import ACTIVITY_TYPES
from fedimmp.app import App
from fedimmp.errors import BadRequest, Forbidden, Unauthorized, Unavailable
from fedimmp.errors import TooLarge as TooLargeRefusal
from fedimmp.inbound.authenticate import KeyGone, Knock, Signer, identify, prove, refusal_of
from fedimmp.inbound.proving import find_author
from fedimmp.inbound.reading import OF_SUSPENDED, parse_heading
from fedimmp.inbound.synchronising import compare_followers
from storage import accounts, inbox, inbox_review, trust
from storage.accounts import Account
from storage.inbox import NewReceipt, Standing

# What one host may have waiting, looked at every few seconds.
MOST_WAITING = 100_000
MOST_WAITING_BYTES = 256 * 1024 * 1024
_SUSPENDED = "This account is suspended here."


async def receive(app: App, message: Message) -> str | None:
    """Return the activity's id once it is stored for good; None when it needs no processing.

    Raises Unauthorized, Forbidden, Unavailable as `authenticate` does, BadRequest for what is no
    activity, TooLarge.
    """
    for remembered in (True, False):
        knock = await identify(app, message, remembered=remembered)
        signer = await _authenticated(app, message, knock)
        if signer is None:
            return None
        activity = _read(message.body)
        if remembered and activity.actor != signer.account_uri:
            # The statement that stores it asks about its actor only, so the signer is asked before.
            continue
        author = await find_author(app, message.body, activity, signer)
        if author.suspended and activity.type not in OF_SUSPENDED:
            raise Forbidden(_SUSPENDED)
        if activity.type not in ACTIVITY_TYPES:
            # Servers announce much that is nothing to us; that is no error of theirs.
            return None
        await _check_backlog(app, author.host)
        receipt = _receipt(activity, author, message.body)
        match await app.inbox.receipts.submit(receipt, functools.partial(_store, app)):
            case "taken":
                await compare_followers(app, message, knock.claim, signer)
                return activity.id
            case "stranger":
                raise await _refusal(app, author, message.body)
            case "suspended":
                raise Forbidden(_SUSPENDED)
            case "deleted":
                raise Forbidden("This account was deleted.")
        # The key from memory is no longer the one of its row, so that one is asked.
        app.inbox.keys.forget(receipt.key_id or "")
    raise Unauthorized("The key of the signature was replaced a moment ago.")


async def _authenticated(app: App, message: Message, knock: Knock) -> Signer | None:
    """Return who signed, None for the farewell of somebody whom we never knew."""
    try:
        if knock.known is None and await _is_farewell_of_stranger(app, knock, message.body):
            return None
        return await prove(app, message, knock)
    except KeyGone:
        return await _farewell_of_known(app, knock, message.body)


async def _refusal(app: App, author: Signer, body: bytes) -> Forbidden:
    """Return why nothing is taken from somebody whose key was known a moment ago."""
    async with app.db.reader() as conn:
        state = await trust.state_of(conn, author.host, app.now())
    key_id = author.account_uri if author.key is None else author.key.key_id
    return await refusal_of(app, author.host, state, key_id, body)


async def _check_backlog(app: App, host: str) -> None:
    """Raise Unavailable while too much of what the host sent still waits to be processed."""
    full = app.inbox.backlogs.get(host)
    if full is None:
        # Whoever comes meanwhile need not look as well.
        app.inbox.backlogs.put(host, False)
        async with app.db.reader() as conn:
            number, size = await inbox_review.count_waiting(conn, host, most=MOST_WAITING)
        full = number >= MOST_WAITING or size >= MOST_WAITING_BYTES
        app.inbox.backlogs.put(host, full)
    if full:
        raise Unavailable(f"Too much of what {host} sent waits here.", retry_after=60)


def _receipt(activity: Activity, author: Signer, body: bytes) -> NewReceipt:
    return NewReceipt(
        actor_uri=activity.actor,
        activity_uri=activity.id,
        host=author.host,
        type=activity.type,
        body=body,
        takes_back=activity.type in OF_SUSPENDED,
        key_id=author.key.key_id if author.key else None,
        public_pem=author.key.public_pem if author.key else None,
    )


async def _store(app: App, receipts: Sequence[NewReceipt]) -> list[Standing]:
    now = app.now()
    return await app.db.transact(lambda tx: inbox.receive(tx, receipts, now))


def _read(body: bytes) -> Activity:
    try:
        return parse_heading(body)
    except TooLarge as error:
        raise TooLargeRefusal(str(error)) from error
    except ProtocolError as error:
        raise BadRequest(str(error)) from error


def _deleted_self(body: bytes) -> str | None:
    """Return the actor that a Delete says is gone, None for anything else."""
    try:
        activity = parse_heading(body)
    except (Malformed, TooLarge):
        return None
    if activity.type != "Delete" or uri_of(activity.object) != activity.actor:
        return None
    return activity.actor


async def _find_account(app: App, uri: str) -> Account | None:
    async with app.db.reader() as conn:
        return await accounts.find_by_uri(conn, uri)


async def _is_farewell_of_stranger(app: App, knock: Knock, body: bytes) -> bool:
    """Tell whether somebody whom we never knew says to be gone: then there is nothing to do.

    Large offices send this about everyone to everyone; no key is fetched for it.
    """
    actor = _deleted_self(body)
    if actor is None or host_of(actor) != knock.claim.key_host:
        return False
    return await _find_account(app, actor) is None


async def _farewell_of_known(app: App, knock: Knock, body: bytes) -> Signer:
    """Accept the Delete of a known account for whose own key its office answers 410."""
    actor = _deleted_self(body)
    account = None if actor is None else await _find_account(app, actor)
    if account is None or account.domain != knock.claim.key_host or account.deleted_at is not None:
        raise Unauthorized("Your key is gone, so the signature cannot be verified.")
    if not is_key_of(knock.claim.key_id, account.uri):
        raise Unauthorized("The key is not the one of the account that says to be gone.")
    return Signer(account.uri, account.domain, account.id)
