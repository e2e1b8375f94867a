"""What follows when the allowlist changes."""

from datetime import datetime
from typing import Literal

from fedimmp.effects import notices
from storage import audit, backlog, events, inbox_hosts, jobs
from storage.database import Transaction

PeerAct = Literal["peer.add", "peer.remove", "peer.block"]


async def peers_changed(
    tx: Transaction,
    act: PeerAct,
    host: str,
    *,
    actor: str,
    detail: dict[str, object] | None = None,
    now: datetime,
) -> None:
    """Record the act, tell all processes, and drop what still waits for a removed or blocked host.

    What waits for one that is added, perhaps anew, is tried at once, and it is asked what it runs.
    """
    if act != "peer.add":
        await notices.host_severed(tx, host, now)
    await audit.append(tx, actor=actor, action=act, target=host, detail=detail, now=now)
    if act != "peer.add":
        await backlog.drop_host(tx, host)
    else:
        await inbox_hosts.give_new_chance(tx, host, now)
        await jobs.enqueue(tx, "read_nodeinfo", {"host": host}, key=host, host=host)
    await events.append(tx, "peers.changed", detail={"host": host})
