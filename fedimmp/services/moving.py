"""Members who come from, or go on as, another account; and the followers who come along."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from activitypub.errors import Malformed, ProtocolError
from activitypub.uris import check_http_uri
from activitypub.webfinger import parse_resource
from fedimmp.app import App
from fedimmp.effects import relationships as relationship_effects
from fedimmp.effects.accounts import MOVE_PAUSE, account_moved, account_updated
from fedimmp.errors import Invalid, NotFound
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.remote.actors import fetch_actor, find_actor
from fedimmp.remote.budget import Budget
from fedimmp.services.members import CLI
from storage import accounts, audit, follows, moves, relationships
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Transaction
from storage.follows import Follow
from storage.ids import new_id

ALIASES_MAXIMUM: Final = 20
_FETCHES: Final = 3
_AT_ONCE: Final = 100


async def add_alias(app: App, account_id: int, name: str, *, actor: str = CLI) -> str:
    """Let a member be known by another account, a handle or URI, and return that one's URI.

    The other account may then move here. `actor` is who does it, for the audit log, here and below.
    Raises Invalid with a sentence, NotFound.
    """
    other = await _resolve(app, name)
    if other.id == account_id:
        raise Invalid("Nobody can be their own alias")
    async with app.db.writer() as tx:
        account = await accounts.get(tx, account_id)
        if other.uri not in account.also_known_as:
            if len(account.also_known_as) >= ALIASES_MAXIMUM:
                raise Invalid(f"A member has at most {ALIASES_MAXIMUM} aliases")
            await _set_aliases(tx, app, account, [*account.also_known_as, other.uri])
            await _record(tx, app, actor, "add_alias", account, alias=other.uri)
    return other.uri


async def remove_alias(app: App, account_id: int, name: str, *, actor: str = CLI) -> None:
    """Let a member no longer be known by another account. Raises NotFound for one that is none."""
    async with app.db.reader() as conn:
        account = await accounts.get(conn, account_id)
    uri = name if name in account.also_known_as else (await _resolve(app, name)).uri
    async with app.db.writer() as tx:
        account = await accounts.get(tx, account_id)
        if uri not in account.also_known_as:
            raise NotFound(f"{name} is no alias of {account.username}")
        kept = [each for each in account.also_known_as if each != uri]
        await _set_aliases(tx, app, account, kept)
        await _record(tx, app, actor, "remove_alias", account, alias=uri)


async def move_member(app: App, account_id: int, name: str, *, actor: str = CLI) -> Account:
    """Let a member go on as another account, a handle or URI, which must name this one its alias.

    Followers are called along, and the old profile shows where to. Raises Invalid with a sentence.
    """
    target = await _resolve(app, name)

    async def work(tx: Transaction) -> Account:
        now = app.now()
        account = await accounts.get(tx, account_id)
        found = await accounts.get(tx, target.id)
        _check_move(account, found)
        moved_at = (await moves.lock(tx, account_id)).moved_at
        if moved_at is not None and moved_at > now - MOVE_PAUSE:
            raise Invalid(f"{account.username} has moved within the last {MOVE_PAUSE.days} days")
        await moves.set_moved(tx, account.id, found.id, now)
        await account_moved(tx, app, account, found, now)
        await _record(tx, app, actor, "move", account, target=found.uri)
        return found

    return await app.db.transact(work)


async def stay(app: App, account_id: int, *, actor: str = CLI) -> None:
    """Take the sign off the profile of a member who has moved; followers do not come back."""
    async with app.db.writer() as tx:
        now = app.now()
        if not await moves.clear_moved(tx, account_id, now):
            raise NotFound("This member has not moved")
        account = await accounts.get(tx, account_id)
        await account_updated(tx, app, [account], now)
        await _record(tx, app, actor, "stay", account)


async def move_followers(app: App, payload: Mapping[str, Any]) -> None:
    """Job: let our followers of one account follow another, and block or mute it as before.

    Nobody is notified. Whoever has a lock, and everybody at another office, is asked first.
    """
    account_id, target_id = int(payload["account_id"]), int(payload["target_id"])

    async def carry(tx: Transaction) -> None:
        now = app.now()
        await moves.carry_notes(tx, account_id, target_id)
        await moves.carry_mutes(tx, account_id, target_id, new_id(now), now)

    await app.db.transact(carry)
    while await app.db.transact(lambda tx: _block_some(tx, app, account_id, target_id)):
        pass
    while await app.db.transact(lambda tx: _move_some(tx, app, account_id, target_id)):
        pass


async def _block_some(tx: Transaction, app: App, account_id: int, target_id: int) -> int:
    """Carry some blocks over; returns how many there were."""
    now = app.now()
    blocks = await moves.carry_blocks(tx, account_id, target_id, new_id(now), now, limit=_AT_ONCE)
    for block in blocks:
        between = await relationships.delete_follows_between(tx, block.account_id, target_id)
        await relationship_effects.follow_rejected(tx, app, between, now)
    await relationship_effects.blocked(tx, app, blocks, now)
    return len(blocks)


async def _move_some(tx: Transaction, app: App, account_id: int, target_id: int) -> int:
    """Move some followers; returns how many there were."""
    target = await accounts.find_reachable(tx, target_id)
    if target is None or target.suspended_at is not None:
        return 0
    now = app.now()
    old = await follows.lock_local_followers(tx, account_id, _AT_ONCE)
    at_once = target.is_local and not target.locked
    new = await follows.copy_follows(
        tx,
        [(follow.id, *_fresh(app, follow, place, now)) for place, follow in enumerate(old)],
        target.id,
        "accepted" if at_once else "pending",
        now,
    )
    await moves.carry_lists(tx, account_id, target.id, [follow.account_id for follow in new])
    began = relationship_effects.followed if at_once else relationship_effects.follow_requested
    await began(tx, app, new, now, quietly=True)
    ended = await follows.delete_follows(tx, [follow.id for follow in old])
    await relationship_effects.unfollowed(tx, app, ended, now)
    return len(old)


def _fresh(app: App, follow: Follow, place: int, now: datetime) -> tuple[int, str]:
    # Ids of one moment could be equal; those that follow one another are not.
    follow_id = new_id(now) + (place << 16)
    return follow_id, app.uris.activity(follow.account_id, follow_id)


def _check_move(account: Account, target: Account) -> None:
    if target.id == account.id:
        raise Invalid("Nobody can move to where they are")
    if account.uri not in target.also_known_as:
        raise Invalid(
            f"{target.acct} does not know {account.username} as its own:"
            f" add {account.uri} to its aliases first"
        )
    if target.moved_to_id is not None:
        raise Invalid(f"{target.acct} has moved itself")
    if target.suspended_at is not None or target.deleted_at is not None:
        raise Invalid(f"{target.acct} is not available")


async def _record(
    tx: Transaction, app: App, actor: str, act: str, account: Account, **detail: object
) -> None:
    action = f"member.{act}"
    await audit.append(
        tx, actor=actor, action=action, target=account.username, detail=detail, now=app.now()
    )


async def _set_aliases(tx: Transaction, app: App, account: Account, uris: list[str]) -> None:
    now = app.now()
    changed = await accounts.update(tx, account.id, {"also_known_as": uris}, now)
    if changed is not None:
        await account_updated(tx, app, [changed], now)


async def _resolve(app: App, name: str) -> Account:
    """Return the account with a handle or URI, of another office as it is at this moment."""
    known = await _find_local(app, name)
    if known is not None:
        return known
    try:
        username, host = ("", "") if "/" in name else parse_resource(name.strip().lstrip("@"))
        uri = check_http_uri(name) if "/" in name else ""
    except Malformed as error:
        raise Invalid(f"{name} is neither a handle nor the address of an account") from error
    budget = Budget(_FETCHES)
    try:
        actor = await (
            fetch_actor(app, uri, budget) if uri else find_actor(app, username, host, budget)
        )
    except ProtocolError as error:
        raise Invalid(f"{name} is not to be had: {error}") from error
    async with app.db.writer() as tx:
        return await accounts.get(tx, await upsert_actor(tx, app, actor, app.now()))


async def _find_local(app: App, name: str) -> Account | None:
    username = name.strip().lstrip("@").removesuffix(f"@{app.uris.host}")
    async with app.db.reader() as conn:
        known = await accounts.find_by_uri(conn, name)
        if known is None and "@" not in username and "/" not in username:
            known = await accounts.find_by_handle(conn, username, None)
            if known is None:
                raise Invalid(f"There is no member {username} here")
    if known is None or not known.is_local:
        return None
    if known.id == INSTANCE_ACCOUNT_ID or known.deleted_at is not None:
        raise Invalid(f"{name} is nobody's account")
    return known
