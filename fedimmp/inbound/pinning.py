"""The keys that the organisation's manifest names: an office that shows another one is refused."""

from datetime import timedelta
from typing import Final

from activitypub.errors import ProtocolError
from fedimmp.app import App
from fedimmp.errors import Forbidden, Unavailable
from fedimmp.remote.member_keys import find_foreign_key
from storage import jobs, organisation
from storage.database import Connection, Transaction
from storage.organisation import OrganisationMember

# What was seen of an office counts so long while its people's keys are unknown here.
_SEEN_LATELY: Final = timedelta(minutes=10)


async def check_pinned(app: App, host: str) -> None:
    """Look at the key that an office shows before anybody of it is believed.

    Raises Forbidden for a foreign one, Unavailable while it cannot be seen. Hosts that no manifest
    names are not asked.
    """
    now = app.now()
    async with app.db.reader() as conn:
        member = await organisation.find_member(conn, host)
    if member is None:
        return
    if member.key_checked_at is not None and member.key_checked_at > now - _SEEN_LATELY:
        return
    try:
        foreign = await find_foreign_key(app, member)
    except ProtocolError as error:
        raise Unavailable(f"The key of {host} could not be seen: {error}") from error

    async def work(tx: Transaction) -> None:
        if foreign is None:
            await organisation.set_key_seen(tx, host, foreign_key=None, now=now)
        else:
            await jobs.enqueue(tx, "check_member_key", {"host": host}, key=host, host=host)

    await app.db.transact(work)
    if foreign is not None:
        raise foreign_key_refusal(host, foreign)


async def find_refusal(conn: Connection, host: str) -> Forbidden | None:
    """Return why nothing is taken from an office that showed a foreign key, None for others."""
    member: OrganisationMember | None = await organisation.find_member(conn, host)
    if member is None or member.foreign_key is None:
        return None
    return foreign_key_refusal(host, member.foreign_key)


def foreign_key_refusal(host: str, foreign_key: str) -> Forbidden:
    """Return the refusal in plain words."""
    return Forbidden(
        f"{host} shows the key {foreign_key}, which the organisation's manifest does not name."
    )
