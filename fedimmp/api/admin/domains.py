"""The allowlist, and limits on single offices."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from fedimmp.api.admin.listing import answer_rows, get_row
from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_barriers import DomainAllowForm, LimitForm, NewLimitForm
from fedimmp.entities.admin.barriers import domain_allow_entity, domain_block_entity
from fedimmp.errors import NotFound
from fedimmp.permissions import Permission
from fedimmp.services import limiting_peers, moderating, peering
from fedimmp.services.limiting_peers import Limited
from fedimmp.services.peer_terms import check_peer_host
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Handler, Route
from storage import peer_limits, peers
from storage.database import Connection
from storage.peer_limits import PeerLimit
from storage.peers import AllowedHost

_MOST: Final = 500


async def index_allows(call: Call) -> web.StreamResponse:
    """List the offices on the allowlist."""

    def render(found: Sequence[AllowedHost]) -> list[dict[str, Any]]:
        return [domain_allow_entity(each) for each in found]

    return await answer_rows(call, peers.list_allowed_page, render, maximum=_MOST)


async def allow(call: Call) -> web.StreamResponse:
    """Put an office on the allowlist; one that is there is answered as it is."""
    host = check_peer_host(call.app, (await call.form())["domain"])
    async with call.app.db.reader() as conn:
        known = await peers.find_allowed(conn, host=host)
    if known is None:
        actor = await moderating.name_of(call.app, call.viewer.account_id)
        await peering.add_peer(call.app, host, actor=actor)
        async with call.app.db.reader() as conn:
            known = await peers.find_allowed(conn, host=host)
    if known is None:
        raise NotFound
    return json_response(domain_allow_entity(known))


async def show_allow(call: Call) -> web.StreamResponse:
    """Show an office on the allowlist."""
    return json_response(domain_allow_entity(await get_row(call, _find_allowed)))


async def disallow(call: Call) -> web.StreamResponse:
    """Take an office off the allowlist; what it sent is hidden until it is allowed again."""
    known = await get_row(call, _find_allowed)
    actor = await moderating.name_of(call.app, call.viewer.account_id)
    await peering.remove_peer(call.app, known.host, actor=actor)
    return empty()


async def _find_allowed(conn: Connection, peer_id: int) -> AllowedHost | None:
    return await peers.find_allowed(conn, peer_id=peer_id)


async def index_blocks(call: Call) -> web.StreamResponse:
    """List the limits on single offices."""

    def render(found: Sequence[PeerLimit]) -> list[dict[str, Any]]:
        return [domain_block_entity(each) for each in found]

    return await answer_rows(call, peer_limits.list_page, render, maximum=_MOST)


async def block(call: Call) -> web.StreamResponse:
    """Limit an office: its files, its reports, how far its posts are heard, or everything."""
    form = await call.form()
    terms = _terms(form)
    try:
        made = await limiting_peers.limit(call.app, call.viewer.account_id, form["domain"], terms)
    except Limited as refusal:
        body = {
            "error": refusal.sentence,
            "existing_domain_block": domain_block_entity(refusal.existing),
        }
        return json_response(body, status=refusal.status)
    return json_response(domain_block_entity(made))


async def show_block(call: Call) -> web.StreamResponse:
    """Show the limit on an office."""
    return json_response(domain_block_entity(await get_row(call, peer_limits.find)))


async def change_block(call: Call) -> web.StreamResponse:
    """Change the limit on an office; what is absent stays as it is."""
    terms = _terms(await call.form())
    changed = await limiting_peers.change(call.app, call.viewer.account_id, call.path_id(), terms)
    return json_response(domain_block_entity(changed))


async def unblock(call: Call) -> web.StreamResponse:
    """Lift the limit on an office; one that was allowed before it was suspended is so again."""
    await limiting_peers.lift(call.app, call.viewer.account_id, call.path_id())
    return empty()


def _terms(form: dict[str, Any]) -> dict[str, Any]:
    """Return the terms that were given; an empty comment is none."""
    given = {
        name: form[name]
        for name in ("severity", "reject_media", "reject_reports", "obfuscate")
        if form.get(name) is not None
    }
    comments = ("private_comment", "public_comment")
    return given | {name: form[name] or None for name in comments if name in form}


def _may(handler: Handler) -> Handler:
    return permitted(Permission.MANAGE_FEDERATION, handler)


_ALLOWS: Final = "/api/v1/admin/domain_allows"
_BLOCKS: Final = "/api/v1/admin/domain_blocks"
_READ_ALLOWS: Final = ("admin:read:domain_allows",)
_WRITE_ALLOWS: Final = ("admin:write:domain_allows",)
_READ_BLOCKS: Final = ("admin:read:domain_blocks",)
_WRITE_BLOCKS: Final = ("admin:write:domain_blocks",)
_ONE_HOST: Final = (
    "A limit is about one host and not about its sub-domains: hosts are allowed one by one."
)

ROUTES = (
    Route(
        "GET",
        _ALLOWS,
        _may(index_allows),
        _READ_ALLOWS,
        returns="[Admin::DomainAllow]",
        paged="id",
    ),
    Route(
        "POST",
        _ALLOWS,
        _may(allow),
        _WRITE_ALLOWS,
        accepts=DomainAllowForm(),
        returns="Admin::DomainAllow",
    ),
    Route("GET", f"{_ALLOWS}/{{id}}", _may(show_allow), _READ_ALLOWS, returns="Admin::DomainAllow"),
    Route("DELETE", f"{_ALLOWS}/{{id}}", _may(disallow), _WRITE_ALLOWS, returns="{}"),
    Route(
        "GET",
        _BLOCKS,
        _may(index_blocks),
        _READ_BLOCKS,
        returns="[Admin::DomainBlock]",
        paged="id",
    ),
    Route(
        "POST",
        _BLOCKS,
        _may(block),
        _WRITE_BLOCKS,
        accepts=NewLimitForm(),
        returns="Admin::DomainBlock",
        deviation=_ONE_HOST,
    ),
    Route("GET", f"{_BLOCKS}/{{id}}", _may(show_block), _READ_BLOCKS, returns="Admin::DomainBlock"),
    Route(
        "PUT",
        f"{_BLOCKS}/{{id}}",
        _may(change_block),
        _WRITE_BLOCKS,
        accepts=LimitForm(),
        returns="Admin::DomainBlock",
    ),
    Route("DELETE", f"{_BLOCKS}/{{id}}", _may(unblock), _WRITE_BLOCKS, returns="{}"),
)
