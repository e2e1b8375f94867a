"""Replies that came before what they answer, in the unluckiest order."""

from fedimmp.app import App
from fedimmp.inbound.gathering import fetch_parent
from tests.federation.foreign import Foreign
from tests.federation.members import account_id, follow_accepted, home, member, status_of


async def test_a_reply_committed_together_with_its_parent_finds_it(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    parent = bela.note("parent")
    reply = bela.note("child", inReplyTo=parent["id"])
    await bela.send(hq, bela.create(parent), bela.create(reply))
    await follow_accepted(ana, await account_id(hq, bela.uri))
    await _forget_each_other(hq, parent["id"], reply["id"])

    await fetch_parent(hq, {"uri": parent["id"], "ancestors": 3})

    first, second = await status_of(hq, parent["id"]), await status_of(hq, reply["id"])
    assert first is not None
    assert second is not None
    assert second.in_reply_to_id == first.id
    assert second.id in [status.id for status in await home(ana)]


async def _forget_each_other(hq: App, parent: str, reply: str) -> None:
    """Leave the rows as two transactions do that can't see each other."""
    async with hq.db.writer() as tx:
        await tx.execute(
            "UPDATE statuses SET in_reply_to_id = NULL, in_reply_to_uri = $2 WHERE uri = $1",
            reply,
            parent,
        )
        await tx.execute(
            "DELETE FROM home_feed USING statuses WHERE status_id = id AND uri = $1", reply
        )
        await tx.execute("UPDATE status_counters SET replies = 0")
