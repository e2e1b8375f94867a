"""What a member does with a post: favourite, boost, bookmark, pin, mute the conversation."""

from datetime import datetime

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.effects.features import status_pinned, status_unpinned
from fedimmp.effects.interactions import favourited, unfavourited
from fedimmp.effects.statuses import statuses_deleted, statuses_published
from fedimmp.errors import Forbidden, Invalid
from storage import interactions, members, removals, status_audiences, statuses
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.interactions import Favourite
from storage.statuses import NewStatus, Status, Visibility


async def favourite(app: App, account_id: int, status_id: int) -> None:
    """Favourite a post, or what a boost boosts; once. Raises NotFound and Forbidden."""

    async def work(tx: Transaction) -> None:
        now = app.now()
        status = await _original(tx, account_id, status_id)
        await _check_on_terms(tx, account_id, status)
        favourite_id = new_id(now)
        uri = app.uris.activity(account_id, favourite_id)
        new = Favourite(favourite_id, account_id, status.id, uri)
        stored = await interactions.insert_favourites(tx, [new], now)
        if stored:
            await favourited(tx, app, stored, now)

    await app.db.transact(work)


async def unfavourite(app: App, account_id: int, status_id: int) -> None:
    """Take a favourite back, also of a post that has become invisible since."""

    async def work(tx: Transaction) -> None:
        original_id = await _original_id(tx, status_id)
        gone = await interactions.delete_favourites(tx, [(account_id, original_id)])
        if gone:
            await unfavourited(tx, app, gone, app.now())
        else:
            await access_status(tx, account_id, status_id)

    await app.db.transact(work)


async def boost(
    app: App, account_id: int, status_id: int, visibility: Visibility | None = None
) -> int:
    """Boost a post and return the id of the boost; a second time, that of the first.

    Public and unlisted posts can be boosted, and own private ones for the same followers.
    """
    async with app.db.reader() as conn:
        member = await members.get(conn, account_id)

    async def work(tx: Transaction) -> int:
        now = app.now()
        original = await _original(tx, account_id, status_id)
        _check_boostable(original, account_id)
        await _check_on_terms(tx, account_id, original)
        earlier = await statuses.find_boost(tx, account_id, original.id)
        if earlier is not None:
            return earlier.id
        wanted = visibility or member.default_visibility
        new = _new_boost(app, account_id, original, wanted, now)
        stored = await statuses.insert_many(tx, [new])
        if not stored:
            # The same person boosted it at the same moment in another app.
            parallel = await statuses.find_boost(tx, account_id, original.id)
            return parallel.id if parallel else original.id
        await statuses_published(tx, app, stored, now)
        return stored[0].id

    return await app.db.transact(work, keep_plans=True)


async def unboost(app: App, account_id: int, status_id: int) -> int:
    """Take a boost back, also of a post that has become invisible; returns the original's id."""

    async def work(tx: Transaction) -> int:
        now = app.now()
        original_id = await _original_id(tx, status_id)
        wrapper = await statuses.find_boost(tx, account_id, original_id)
        if wrapper is None:
            await access_status(tx, account_id, status_id)
            return original_id
        removed = await removals.delete(tx, [wrapper.id], now)
        await statuses_deleted(tx, app, removed, now)
        return original_id

    return await app.db.transact(work)


async def bookmark(app: App, account_id: int, status_id: int) -> None:
    """Bookmark a post, or what a boost boosts. Nobody else learns of it."""
    async with app.db.writer() as tx:
        now = app.now()
        status = await _original(tx, account_id, status_id)
        await interactions.insert_bookmark(tx, new_id(now), account_id, status.id, now)


async def unbookmark(app: App, account_id: int, status_id: int) -> None:
    """Take a bookmark away."""
    async with app.db.writer() as tx:
        original_id = await _original_id(tx, status_id)
        if not await interactions.delete_bookmark(tx, account_id, original_id):
            await access_status(tx, account_id, status_id)


async def pin(app: App, account_id: int, status_id: int) -> None:
    """Show an own post on top of the profile; raises Invalid for others and for one too many."""

    async def work(tx: Transaction) -> None:
        now = app.now()
        status = await access_status(tx, account_id, status_id)
        if status.reblog_of_id is not None:
            raise Invalid("Validation failed: A boost cannot be pinned")
        if status.account_id != account_id:
            raise Invalid("Validation failed: Someone else's post cannot be pinned")
        if status.visibility == "direct":
            raise Invalid("Validation failed: A direct post cannot be pinned")
        if await interactions.is_pinned(tx, account_id, status_id):
            return
        pinned = await interactions.insert_pin(
            tx, new_id(now), account_id, status_id, now, limit=app.config.accounts.max_pins
        )
        if not pinned:
            raise Invalid("Validation failed: You have pinned the maximum number of posts already")
        await status_pinned(tx, app, status, now)

    await app.db.transact(work)


async def unpin(app: App, account_id: int, status_id: int) -> None:
    """Take a post from the top of the profile."""

    async def work(tx: Transaction) -> None:
        status = await access_status(tx, account_id, status_id)
        if await interactions.delete_pin(tx, account_id, status_id):
            await status_unpinned(tx, app, status, app.now())

    await app.db.transact(work)


async def mute_conversation(app: App, account_id: int, status_id: int) -> None:
    """Let nothing more of the post's conversation notify the member."""
    async with app.db.writer() as tx:
        conversation_id = await _conversation_id(tx, account_id, status_id)
        await interactions.mute_conversation(tx, account_id, conversation_id)


async def unmute_conversation(app: App, account_id: int, status_id: int) -> None:
    """Let the post's conversation notify the member again."""
    async with app.db.writer() as tx:
        conversation_id = await _conversation_id(tx, account_id, status_id)
        await interactions.unmute_conversation(tx, account_id, conversation_id)


async def _original(conn: Connection, account_id: int, status_id: int) -> Status:
    status = await access_status(conn, account_id, status_id)
    if status.reblog_of_id is None:
        return status
    return await access_status(conn, account_id, status.reblog_of_id)


async def _original_id(conn: Connection, status_id: int) -> int:
    """Return what the id stands for, whoever may see it; a missing one stands for itself."""
    status = await statuses.find(conn, status_id)
    return status_id if status is None else status.reblog_of_id or status.id


async def _conversation_id(conn: Connection, account_id: int, status_id: int) -> int:
    status = await _original(conn, account_id, status_id)
    if status.conversation_id is None:
        raise Invalid("Validation failed: This post belongs to no conversation")
    return status.conversation_id


async def _check_on_terms(conn: Connection, account_id: int, status: Status) -> None:
    """Whoever blocks an author can read on, but not take part."""
    if await status_audiences.blocks(conn, account_id, status.account_id):
        raise Forbidden


def _check_boostable(original: Status, account_id: int) -> None:
    match original.visibility:
        case "public" | "unlisted":
            return
        case "private" if original.account_id == account_id:
            return
    raise Forbidden


def _new_boost(
    app: App, account_id: int, original: Status, wanted: Visibility, now: datetime
) -> NewStatus:
    boost_id = new_id(now)
    if original.visibility == "private" or wanted == "direct":
        wanted = "private"
    return NewStatus(
        id=boost_id,
        uri=app.uris.activity(account_id, boost_id),
        account_id=account_id,
        local=True,
        visibility=wanted,
        created_at=now,
        reblog_of_id=original.id,
    )
