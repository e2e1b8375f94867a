"""What waits for other offices or did not get through, and what came from them and was refused."""

from typing import Any, Final

import orjson
from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, page_route, submit
from fedimmp.errors import Invalid
from fedimmp.permissions import Permission
from fedimmp.services import deliveries, inboxes
from storage import inbox_hosts
from storage.backlog import STATES
from storage.inbox_review import REFUSED

_SHOWN: Final = 100


async def index(desk: Desk) -> web.StreamResponse:
    """Show how each office takes what we send, and what waits or failed."""
    return await _index(desk, await desk.call.form(), Filled())


async def _index(desk: Desk, asked: dict[str, Any], filled: Filled) -> web.Response:
    async with desk.app.db.reader() as conn:
        hosts = await inbox_hosts.list_hosts(conn)
    states = (asked["state"],) if asked["state"] else STATES
    found, alert = [], filled
    try:
        found = await deliveries.list_deliveries(
            desk.app, states=states, host=asked["host"] or None, limit=_SHOWN
        )
    except Invalid as refusal:
        alert = Filled(asked, {"host": refusal.sentence}, refusal.sentence, refusal.status)
    return desk.page(
        "queues.html",
        "queues",
        status=alert.status,
        filled=alert,
        hosts=hosts,
        deliveries=found,
        asked=asked,
        limit=_SHOWN,
    )


async def act(desk: Desk) -> web.StreamResponse:
    """Have deliveries tried again, or drop them."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        count = await _act(desk, form)
        done = "retried" if form["act"] == "retry" else "dropped"
        return gone("/admin/queues", done if count else "nothing")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _index(desk, {"host": "", "state": None}, filled)

    sent = (await desk.call.params()).get("act")
    return await submit(desk, work, again, dangerous=sent == "drop")


async def _act(desk: Desk, form: dict[str, Any]) -> int:
    actor, ids, host = desk.visitor.username, form["ids"], form["host"]
    if ids:
        do = deliveries.retry if form["act"] == "retry" else deliveries.drop
        return await do(desk.app, ids, actor=actor)
    if not host:
        raise Invalid("Choose some of them first")
    do_host = deliveries.retry_host if form["act"] == "retry" else deliveries.drop_host
    states = (form["state"],) if form["state"] else STATES
    return await do_host(desk.app, host, states=states, actor=actor)


async def show(desk: Desk) -> web.StreamResponse:
    """Show a delivery and the activity that it carries."""
    found, body = await deliveries.get_delivery(
        desk.app, desk.call.path_id(), actor=desk.visitor.username
    )
    return desk.page("delivery.html", "queues", delivery=found, document=_readable(body))


async def index_inbox(desk: Desk) -> web.StreamResponse:
    """Show what other offices sent and was refused here, or waits."""
    return await _inbox(desk, await desk.call.form(), Filled())


async def _inbox(desk: Desk, asked: dict[str, Any], filled: Filled) -> web.Response:
    states = (asked["state"],) if asked["state"] else REFUSED
    found, alert = [], filled
    try:
        found = await inboxes.list_receipts(
            desk.app, states=states, host=asked["host"] or None, limit=_SHOWN
        )
    except Invalid as refusal:
        alert = Filled(asked, {"host": refusal.sentence}, refusal.sentence, refusal.status)
    return desk.page(
        "inbox.html",
        "inbox",
        status=alert.status,
        filled=alert,
        receipts=found,
        asked=asked,
        limit=_SHOWN,
    )


async def act_inbox(desk: Desk) -> web.StreamResponse:
    """Have activities of other offices processed again, or forget them."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await _act_inbox(desk, form)
        return gone("/admin/inbox", "retried" if form["act"] == "retry" else "dropped")

    async def again(filled: Filled) -> web.StreamResponse:
        return await _inbox(desk, {"host": "", "state": None}, filled)

    sent = (await desk.call.params()).get("act")
    return await submit(desk, work, again, dangerous=sent == "drop")


async def _act_inbox(desk: Desk, form: dict[str, Any]) -> None:
    actor, ids, host = desk.visitor.username, form["ids"], form["host"]
    if ids:
        do = inboxes.retry if form["act"] == "retry" else inboxes.drop
        await do(desk.app, ids, actor=actor)
    elif host:
        do_host = inboxes.retry_host if form["act"] == "retry" else inboxes.drop_host
        await do_host(desk.app, host, actor=actor)
    else:
        raise Invalid("Choose some of them first")


async def show_receipt(desk: Desk) -> web.StreamResponse:
    """Show an activity that came, and why it was refused."""
    found, body = await inboxes.get_receipt(
        desk.app, desk.call.path_id(), actor=desk.visitor.username
    )
    return desk.page("receipt.html", "inbox", receipt=found, document=_readable(body))


def _readable(body: bytes) -> str:
    """Return a JSON document with line breaks, as it is if it is none."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


_MAY: Final = Permission.MANAGE_FEDERATION

ROUTES: Final = (
    page_route("/admin/queues", _MAY, index, accepts=forms.QueuesQuery()),
    act_route("/admin/queues", _MAY, act, accepts=forms.QueuesForm()),
    page_route("/admin/queues/{id}", _MAY, show),
    page_route("/admin/inbox", _MAY, index_inbox, accepts=forms.InboxQuery()),
    act_route("/admin/inbox", _MAY, act_inbox, accepts=forms.InboxForm()),
    page_route("/admin/inbox/{id}", _MAY, show_receipt),
)
