"""What follows when somebody else, or nobody any more, is trusted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from fedimmp.effects import notices
from storage import audit, backlog, events, inbox_hosts, jobs, knocks, severed_follows
from storage.database import Transaction
from storage.trust import TALKING, Turn

PeerAct = Literal[
    "peer.add",
    "peer.limit",
    "peer.unlimit",
    "peer.drain",
    "peer.remove",
    "peer.block",
    "peer.unblock",
    "peer.forget",
    "peer.expire",
    "peer.manifest",
]


# An event wakes; who needs to know which hosts it is about reads the table.
_MOST_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Act:
    """What was done about other offices: to which host or wildcard, and by whom."""

    name: PeerAct
    target: str
    actor: str
    detail: dict[str, Any] = field(default_factory=dict)


async def trust_changed(tx: Transaction, act: Act, turns: Sequence[Turn], now: datetime) -> None:
    """Record the act, tell all processes, and let each host that it is about come or go.

    With a host that goes, follows end and what waits for it is dropped. With one that comes they
    are there again, what waits is tried at once, and it is asked what it runs.
    """
    ended = [turn.host for turn in turns if turn.ended]
    for host in ended:
        await notices.host_severed(tx, host, now)
        await severed_follows.sever(tx, host, now)
    if ended:
        await backlog.drop_hosts(tx, ended)
    opened = [turn.host for turn in turns if turn.opened]
    if opened:
        await severed_follows.restore(tx, opened)
    welcome = opened if act.name != "peer.add" else [t.host for t in turns if t.after in TALKING]
    if welcome:
        await inbox_hosts.give_new_chance(tx, welcome, now)
    for host in welcome:
        await jobs.enqueue(tx, "read_nodeinfo", {"host": host}, key=host, host=host)
    await knocks.forget(tx, [t.host for t in turns if t.after in TALKING or t.after == "blocked"])
    await audit.append(
        tx,
        actor=act.actor,
        action=act.name,
        target=act.target,
        detail=act.detail | _told(turns),
        now=now,
    )
    changed = [turn.host for turn in turns]
    await events.append(tx, "peers.changed", detail={"hosts": changed[:_MOST_NAMED]})


def _told(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return how hosts stood before and stand now, where that changed."""
    changes = {turn.host: f"{turn.before or 'unknown'} -> {turn.after}" for turn in turns}
    changed = {turn.host: changes[turn.host] for turn in turns if turn.changed}
    return {"hosts": changed} if changed else {}
