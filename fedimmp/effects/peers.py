"""What follows when the allowlist changes."""

from datetime import datetime
from typing import Literal

from storage import audit, deliveries, events
from storage.database import Transaction

PeerAct = Literal["peer.add", "peer.remove"]


async def peers_changed(
    tx: Transaction,
    act: PeerAct,
    host: str,
    *,
    actor: str,
    detail: dict[str, object] | None = None,
    now: datetime,
) -> None:
    """Record the act, tell all processes, and drop what still waits for a removed host."""
    await audit.append(tx, actor=actor, action=act, target=host, detail=detail, now=now)
    if act == "peer.remove":
        await deliveries.drop_host(tx, host)
    await events.append(tx, "peers.changed", detail={"host": host})
