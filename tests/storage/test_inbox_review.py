"""What is kept of refused activities and of deleted ids is bounded; the oldest go first."""

from datetime import datetime, timedelta

from storage import inbox, inbox_review, removals, trust
from storage.database import Transaction
from storage.inbox import NewReceipt
from storage.trust_entries import Terms

PORTO, LIMA = "porto.example", "lima.example"
MINUTE = timedelta(minutes=1)


async def _refuse(tx: Transaction, host: str, count: int, now: datetime) -> list[int]:
    """Let so many activities of a host arrive and be parked; returns their ids, oldest first."""
    await trust.establish(tx, host, "allowed", Terms(), by="tests", now=now)
    actor = f"https://{host}/users/bela"
    news = [NewReceipt(actor, f"{actor}/{n}", host, "Like", b"{}") for n in range(count)]
    await inbox.receive(tx, news, now)
    held = await inbox.lease(tx, now, actors=1, receipts=count, lasting=MINUTE)
    ids = [receipt.id for receipt in held.receipts]
    await inbox.finish(tx, [], dict.fromkeys(ids, "refused"), now)
    await inbox.release(tx, held, now)
    return ids


async def test_a_host_keeps_its_newest_refused_ones(tx: Transaction, now: datetime) -> None:
    crowded = await _refuse(tx, PORTO, 5, now)
    few = await _refuse(tx, LIMA, 2, now)

    assert await inbox_review.trim_refused(tx, 3, limit=10) == 2

    kept = await inbox_review.list_receipts(tx)
    assert [each.id for each in kept] == [*reversed(few), *reversed(crowded[2:])]
    assert await inbox_review.trim_refused(tx, 3, limit=10) == 0


async def test_a_host_keeps_its_newest_tombstones_and_we_all_of_ours(
    tx: Transaction, now: datetime
) -> None:
    for host in (PORTO, LIMA):
        await trust.establish(tx, host, "allowed", Terms(), by="tests", now=now)
    for number in range(5):
        at = now + number * MINUTE
        await removals.bury(tx, [f"https://{PORTO}/{number}"], PORTO, at)
        await removals.bury(tx, [f"https://hq.example/{number}"], "", at)
    await removals.bury(tx, [f"https://{LIMA}/1"], LIMA, now)

    assert await removals.trim_tombstones(tx, 3, limit=10) == 2

    rows = await tx.fetch("SELECT uri FROM tombstones WHERE host <> '' ORDER BY uri")
    assert [row["uri"] for row in rows] == [
        f"https://{LIMA}/1",
        *(f"https://{PORTO}/{number}" for number in (2, 3, 4)),
    ]
    assert await tx.fetchval("SELECT count(*) FROM tombstones WHERE host = ''") == 5


async def test_what_waits_is_counted_with_its_bytes(tx: Transaction, now: datetime) -> None:
    await _refuse(tx, PORTO, 2, now)
    actor = f"https://{PORTO}/users/caio"
    news = [NewReceipt(actor, f"{actor}/{n}", PORTO, "Like", b"x" * 100) for n in range(4)]
    await inbox.receive(tx, news, now)

    assert await inbox_review.count_waiting(tx, PORTO, most=10) == (4, 400)
    assert await inbox_review.count_waiting(tx, PORTO, most=3) == (3, 300)
    assert await inbox_review.count_waiting(tx, LIMA, most=3) == (0, 0)


async def test_what_is_done_keeps_no_body_and_is_not_tried_again(
    tx: Transaction, now: datetime
) -> None:
    await trust.establish(tx, PORTO, "allowed", Terms(), by="tests", now=now)
    actor = f"https://{PORTO}/users/bela"
    news = [NewReceipt(actor, f"{actor}/{n}", PORTO, "Like", b"{}") for n in range(2)]
    await inbox.receive(tx, news, now)
    held = await inbox.lease(tx, now, actors=1, receipts=2, lasting=MINUTE)
    done, gathering = (receipt.id for receipt in held.receipts)

    await inbox.finish(tx, [done], {}, now, gathering=[gathering])

    bodies = [await inbox_review.get_receipt(tx, each) for each in (done, gathering)]
    assert [found[1] for found in bodies if found is not None] == [b"", b"{}"]
    assert await inbox_review.retry(tx, [done, gathering], now) == []
    assert await inbox_review.drop(tx, [done, gathering]) == []
