"""What administrators do with activities that arrived: look, try again, forget."""

from collections.abc import Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.services.peer_terms import check_peer_host
from storage import audit, inbox_review
from storage.database import Transaction
from storage.inbox_review import KeptReceipt, ReceiptState

# So many in one transaction.
_AT_ONCE = 1000


async def list_receipts(
    app: App, *, states: Sequence[ReceiptState], host: str | None, limit: int
) -> list[KeptReceipt]:
    """Return the newest activities in these states; raises Invalid for what is no host."""
    name = None if host is None else check_peer_host(app, host)
    async with app.db.reader() as conn:
        return await inbox_review.list_receipts(conn, states=states, host=name, limit=limit)


async def get_receipt(app: App, receipt_id: int, *, actor: str) -> tuple[KeptReceipt, bytes]:
    """Return an activity and its body, empty once it is done; raises NotFound.

    It may be a private post, so it is written down that `actor` has seen it.
    """
    async with app.db.writer() as tx:
        found = await inbox_review.get_receipt(tx, receipt_id)
        if found is None:
            raise NotFound(f"There is no received activity {receipt_id}.")
        await _record(tx, "inbox.show", [receipt_id], actor=actor, now=app.now())
    return found


async def retry(app: App, receipt_ids: Sequence[int], *, actor: str) -> None:
    """Have activities processed again, in their order, each among the others of its actor.

    Raises NotFound, and changes nothing, if one of them is not there or is done.
    """
    now = app.now()
    async with app.db.writer() as tx:
        found = await inbox_review.retry(tx, receipt_ids, now)
        _check_all(receipt_ids, found)
        await _record(tx, "inbox.retry", receipt_ids, actor=actor, now=now)


async def retry_host(app: App, host: str, *, actor: str) -> int:
    """Have all that a host sent and that was refused processed again; returns how many.

    What is refused again meanwhile is not tried a second time.
    """
    name = check_peer_host(app, host)
    began = app.now()
    count = 0
    while True:
        async with app.db.writer() as tx:
            found = await inbox_review.retry_host(
                tx, name, app.now(), refused_before=began, limit=_AT_ONCE
            )
            if not found:
                await _record_host(tx, "inbox.retry", name, count, actor=actor, now=app.now())
                return count
        count += len(found)


async def drop(app: App, receipt_ids: Sequence[int], *, actor: str) -> None:
    """Forget activities; raises NotFound, and changes nothing, if one is not there or is done."""
    async with app.db.writer() as tx:
        found = await inbox_review.drop(tx, receipt_ids)
        _check_all(receipt_ids, found)
        await _record(tx, "inbox.drop", receipt_ids, actor=actor, now=app.now())


async def drop_host(app: App, host: str, *, actor: str) -> int:
    """Forget all that a host sent and that was refused; returns how many."""
    name = check_peer_host(app, host)
    count = 0
    while True:
        async with app.db.writer() as tx:
            gone = await inbox_review.drop_host(tx, name, limit=_AT_ONCE)
            if not gone:
                await _record_host(tx, "inbox.drop", name, count, actor=actor, now=app.now())
                return count
        count += gone


def _check_all(wanted: Sequence[int], found: Sequence[int]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise NotFound(f"There is no received activity {missing[0]}, or it is done.")


async def _record(
    tx: Transaction, action: str, receipt_ids: Sequence[int], *, actor: str, now: datetime
) -> None:
    target = " ".join(str(each) for each in receipt_ids[:20])
    detail: dict[str, object] = {"count": len(receipt_ids)}
    await audit.append(tx, actor=actor, action=action, target=target, detail=detail, now=now)


async def _record_host(
    tx: Transaction, action: str, host: str, count: int, *, actor: str, now: datetime
) -> None:
    detail: dict[str, object] = {"count": count}
    await audit.append(tx, actor=actor, action=action, target=host, detail=detail, now=now)
