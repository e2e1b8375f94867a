"""What administrators do with deliveries that did not get through: look, try again, forget."""

from collections.abc import Sequence

from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.services.peer_terms import check_peer_host
from storage import audit, backlog
from storage.backlog import Filter, State, Undelivered
from storage.database import Transaction


async def list_deliveries(
    app: App, *, states: Sequence[State], host: str | None, limit: int
) -> list[Undelivered]:
    """Return the newest deliveries in these states; raises Invalid for what is no host."""
    wanted = Filter(host=None if host is None else check_peer_host(app, host), states=states)
    async with app.db.reader() as conn:
        return await backlog.list_undelivered(conn, wanted, limit=limit)


async def get_delivery(app: App, delivery_id: int, *, actor: str) -> tuple[Undelivered, bytes]:
    """Return a delivery and the activity that it carries; raises NotFound.

    It may be a private post, so it is written down that `actor` has seen it.
    """
    async with app.db.writer() as tx:
        found = await backlog.list_undelivered(tx, Filter(ids=[delivery_id]), limit=1)
        body = await backlog.find_body(tx, delivery_id)
        if not found or body is None:
            raise _unknown(delivery_id)
        await audit.append(
            tx, actor=actor, action="delivery.show", target=str(delivery_id), now=app.now()
        )
    return found[0], body


async def retry(app: App, delivery_ids: Sequence[int], *, actor: str) -> int:
    """Have deliveries tried again at once; returns how many.

    Raises NotFound, and changes nothing, if one of them is not there.
    """

    async def work(tx: Transaction) -> int:
        await _check_known(tx, delivery_ids)
        return await _retry(tx, app, Filter(ids=delivery_ids), _named(delivery_ids), actor)

    return await app.db.transact(work)


async def retry_host(app: App, host: str, *, states: Sequence[State], actor: str) -> int:
    """Have all deliveries to an office in these states tried again; returns how many."""
    name = check_peer_host(app, host)
    wanted = Filter(host=name, states=states)
    return await app.db.transact(lambda tx: _retry(tx, app, wanted, name, actor))


async def drop(app: App, delivery_ids: Sequence[int], *, actor: str) -> int:
    """Forget deliveries; returns how many.

    Raises NotFound, and changes nothing, if one of them is not there.
    """

    async def work(tx: Transaction) -> int:
        await _check_known(tx, delivery_ids)
        return await _drop(tx, app, Filter(ids=delivery_ids), _named(delivery_ids), actor)

    return await app.db.transact(work)


async def drop_host(app: App, host: str, *, states: Sequence[State], actor: str) -> int:
    """Forget all deliveries to an office in these states; returns how many."""
    name = check_peer_host(app, host)
    wanted = Filter(host=name, states=states)
    return await app.db.transact(lambda tx: _drop(tx, app, wanted, name, actor))


async def _retry(tx: Transaction, app: App, wanted: Filter, target: str, actor: str) -> int:
    now = app.now()
    count = await backlog.retry(tx, wanted, now)
    if count:
        detail: dict[str, object] = {"deliveries": count}
        await audit.append(
            tx, actor=actor, action="delivery.retry", target=target, detail=detail, now=now
        )
    return count


async def _drop(tx: Transaction, app: App, wanted: Filter, target: str, actor: str) -> int:
    count = await backlog.drop(tx, wanted)
    if count:
        detail: dict[str, object] = {"deliveries": count}
        await audit.append(
            tx, actor=actor, action="delivery.drop", target=target, detail=detail, now=app.now()
        )
    return count


async def _check_known(tx: Transaction, delivery_ids: Sequence[int]) -> None:
    found = await backlog.list_undelivered(tx, Filter(ids=delivery_ids), limit=len(delivery_ids))
    known = {each.id for each in found}
    for delivery_id in delivery_ids:
        if delivery_id not in known:
            raise _unknown(delivery_id)


def _unknown(delivery_id: int) -> NotFound:
    return NotFound(f"There is no delivery {delivery_id}; it may have arrived.")


def _named(delivery_ids: Sequence[int]) -> str:
    return " ".join(str(each) for each in sorted(set(delivery_ids))[:20])
