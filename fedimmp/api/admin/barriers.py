"""Who may not register, and from where nobody may come."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from fedimmp.api.admin.listing import answer_rows, get_row
from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_barriers import (
    CanonicalEmailForm,
    EmailDomainForm,
    EmailForm,
    IpBlockForm,
    NewIpBlockForm,
)
from fedimmp.entities.admin.barriers import (
    DAYS,
    canonical_email_block_entity,
    email_domain_block_entities,
    ip_block_entity,
)
from fedimmp.errors import BadRequest, Invalid
from fedimmp.permissions import Permission
from fedimmp.services import barring
from fedimmp.web.addresses import client_address
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import canonical_email_blocks, email_domain_blocks, ip_blocks
from storage.canonical_email_blocks import CanonicalEmailBlock, canonical_hash
from storage.email_domain_blocks import EmailDomainBlock
from storage.ip_blocks import IpBlock


async def index_email_domains(call: Call) -> web.StreamResponse:
    """List the domains of e-mail addresses with which nobody registers."""
    page = call.page(100, 200)
    async with call.app.db.reader() as conn:
        found = await email_domain_blocks.list_page(conn, page)
    return paged(
        call,
        await _email_domains(call, found),
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
    )


async def block_email_domain(call: Call) -> web.StreamResponse:
    """Let nobody register with an address of a domain, or only after a look at them."""
    form = await call.form()
    made = await barring.block_email_domain(
        call.app,
        call.viewer.account_id,
        form["domain"],
        allow_with_approval=bool(form["allow_with_approval"]),
    )
    return json_response((await _email_domains(call, [made]))[0])


async def show_email_domain(call: Call) -> web.StreamResponse:
    """Show a blocked domain of e-mail addresses, with a week of attempts to register."""
    found = await get_row(call, email_domain_blocks.find)
    return json_response((await _email_domains(call, [found]))[0])


async def unblock_email_domain(call: Call) -> web.StreamResponse:
    """Let people register with addresses of a domain again."""
    await barring.unblock_email_domain(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def _email_domains(call: Call, found: Sequence[EmailDomainBlock]) -> list[dict[str, Any]]:
    today = call.app.now().date()
    async with call.app.db.reader() as conn:
        attempts = await email_domain_blocks.attempts(
            conn, [each.id for each in found], today - timedelta(days=DAYS - 1)
        )
    return email_domain_block_entities(found, attempts, today)


async def index_ips(call: Call) -> web.StreamResponse:
    """List the networks from which nobody registers, or nobody comes at all."""

    def render(found: Sequence[IpBlock]) -> list[dict[str, Any]]:
        return [ip_block_entity(each) for each in found]

    return await answer_rows(call, ip_blocks.list_page, render)


async def block_ip(call: Call) -> web.StreamResponse:
    """Block an address or a network, for some seconds or for ever."""
    form = await call.form()
    made = await barring.block_network(
        call.app,
        call.viewer.account_id,
        form["ip"],
        severity=form["severity"],
        comment=form["comment"],
        expires_in=form["expires_in"],
        own_address=client_address(call.request, call.app.config.server.trusted_proxies),
    )
    return json_response(ip_block_entity(made))


async def show_ip(call: Call) -> web.StreamResponse:
    """Show a blocked network."""
    return json_response(ip_block_entity(await get_row(call, ip_blocks.find)))


async def change_ip(call: Call) -> web.StreamResponse:
    """Change the block of a network; what is absent stays as it is."""
    form = await call.form()
    names = {"ip": "network", "severity": "severity", "comment": "comment"}
    changes = {column: form[name] for name, column in names.items() if form.get(name) is not None}
    changed = await barring.change_network_block(
        call.app,
        call.viewer.account_id,
        call.path_id(),
        changes,
        expires_in=form.get("expires_in"),
        own_address=client_address(call.request, call.app.config.server.trusted_proxies),
    )
    return json_response(ip_block_entity(changed))


async def unblock_ip(call: Call) -> web.StreamResponse:
    """Lift the block of a network."""
    await barring.unblock_network(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def index_emails(call: Call) -> web.StreamResponse:
    """List the hashes of e-mail addresses that may not register."""
    return await answer_rows(call, canonical_email_blocks.list_page, _emails)


async def block_email(call: Call) -> web.StreamResponse:
    """Let nobody register with an address, however it is spelt; only its hash is kept."""
    form = await call.form()
    digest = canonical_hash(form["email"]) if form["email"] else form["canonical_email_hash"]
    if not digest:
        raise Invalid("Validation failed: Email can't be blank")
    made = await barring.block_email(call.app, call.viewer.account_id, digest)
    return json_response(canonical_email_block_entity(made))


async def show_email(call: Call) -> web.StreamResponse:
    """Show the hash of an address that may not register."""
    return json_response(
        canonical_email_block_entity(await get_row(call, canonical_email_blocks.find))
    )


async def test_email(call: Call) -> web.StreamResponse:
    """List the blocks that an address meets, however it is spelt."""
    form = await call.form()
    if not form["email"]:
        raise BadRequest("The parameter email is missing")
    async with call.app.db.reader() as conn:
        found = await canonical_email_blocks.list_matching(conn, form["email"])
    return json_response(_emails(found))


async def unblock_email(call: Call) -> web.StreamResponse:
    """Let an address register again."""
    await barring.unblock_email(call.app, call.viewer.account_id, call.path_id())
    return empty()


def _emails(found: Sequence[CanonicalEmailBlock]) -> list[dict[str, Any]]:
    return [canonical_email_block_entity(each) for each in found]


def _may(handler: Handler) -> Handler:
    return permitted(Permission.MANAGE_BLOCKS, handler)


_DOMAINS: Final = "/api/v1/admin/email_domain_blocks"
_IPS: Final = "/api/v1/admin/ip_blocks"
_EMAILS: Final = "/api/v1/admin/canonical_email_blocks"


def _read(path: str, handler: Handler, returns: str) -> Route:
    return Route("GET", path, _may(handler), _scopes("read", path), returns=returns)


def _delete(path: str, handler: Handler) -> Route:
    return Route("DELETE", path, _may(handler), _scopes("write", path), returns="{}")


def _scopes(verb: str, path: str) -> tuple[str]:
    return (f"admin:{verb}:{path.split('/')[4]}",)


ROUTES = (
    Route(
        "GET",
        _DOMAINS,
        _may(index_email_domains),
        _scopes("read", _DOMAINS),
        returns="[Admin::EmailDomainBlock]",
        paged="id",
    ),
    Route(
        "POST",
        _DOMAINS,
        _may(block_email_domain),
        _scopes("write", _DOMAINS),
        accepts=EmailDomainForm(),
        returns="Admin::EmailDomainBlock",
        deviation="Sub-domains are meant as well; servers that take in the mail are not looked up.",
    ),
    _read(f"{_DOMAINS}/{{id}}", show_email_domain, "Admin::EmailDomainBlock"),
    _delete(f"{_DOMAINS}/{{id}}", unblock_email_domain),
    Route(
        "GET",
        _IPS,
        _may(index_ips),
        _scopes("read", _IPS),
        returns="[Admin::IpBlock]",
        paged="id",
    ),
    Route(
        "POST",
        _IPS,
        _may(block_ip),
        _scopes("write", _IPS),
        accepts=NewIpBlockForm(),
        returns="Admin::IpBlock",
        deviation="A network in which the caller is cannot be shut out.",
    ),
    _read(f"{_IPS}/{{id}}", show_ip, "Admin::IpBlock"),
    Route(
        "PUT",
        f"{_IPS}/{{id}}",
        _may(change_ip),
        _scopes("write", _IPS),
        accepts=IpBlockForm(),
        returns="Admin::IpBlock",
    ),
    _delete(f"{_IPS}/{{id}}", unblock_ip),
    Route(
        "GET",
        _EMAILS,
        _may(index_emails),
        _scopes("read", _EMAILS),
        returns="[Admin::CanonicalEmailBlock]",
        paged="id",
    ),
    Route(
        "POST",
        _EMAILS,
        _may(block_email),
        _scopes("write", _EMAILS),
        accepts=CanonicalEmailForm(),
        returns="Admin::CanonicalEmailBlock",
    ),
    Route(
        "POST",
        f"{_EMAILS}/test",
        _may(test_email),
        _scopes("read", _EMAILS),
        accepts=EmailForm(),
        returns="[Admin::CanonicalEmailBlock]",
    ),
    _read(f"{_EMAILS}/{{id}}", show_email, "Admin::CanonicalEmailBlock"),
    _delete(f"{_EMAILS}/{{id}}", unblock_email),
)
