"""The keys of the organisation's offices: whoever shows another one is somebody else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fedimmp.app import App
from fedimmp.effects.organisation import foreign_key_seen
from fedimmp.remote.member_keys import find_foreign_key
from fedimmp.services import manifest_members
from storage import jobs, organisation
from storage.database import Transaction

_CHECK_EVERY: Final = timedelta(days=1)


async def check_due(app: App, payload: Mapping[str, Any]) -> None:
    """Job: look at the key that an office shows, and let nothing pass while it is a foreign one."""
    host = str(payload["host"])
    async with app.db.reader() as conn:
        member = await organisation.find_member(conn, host)
    if member is None or member.state != "active":
        return
    foreign = await find_foreign_key(app, member)
    now = app.now()

    async def work(tx: Transaction) -> None:
        current = await organisation.find_member(tx, host)
        if current is None or current.keys != member.keys:
            return
        if await organisation.set_key_seen(tx, host, foreign_key=foreign, now=now):
            await manifest_members.apply(tx, app)
            await foreign_key_seen(tx, host, foreign, now)
        await jobs.enqueue(
            tx,
            "check_member_key",
            {"host": host},
            key=host,
            due_at=now + _CHECK_EVERY,
            host=host,
        )

    await app.db.transact(work)
