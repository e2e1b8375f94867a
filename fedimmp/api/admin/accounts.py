"""Accounts as staff sees them, and what staff does to them."""

from typing import Any, Final

from aiohttp import web

from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_accounts import AccountsForm, AccountsV2Form, ActionForm
from fedimmp.entities.accounts import roles_of
from fedimmp.entities.admin.accounts import render_admin_accounts
from fedimmp.permissions import Permission
from fedimmp.services import moderating, registering
from fedimmp.services.moderating import Lift, Verdict
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import moderation
from storage.members import Role
from storage.moderation import AccountFilter, Standing

_STANDINGS: Final[tuple[Standing, ...]] = (
    "active",
    "pending",
    "disabled",
    "silenced",
    "suspended",
    "sensitized",
)
_STAFF: Final[tuple[Role, ...]] = ("moderator", "admin", "owner")


async def index(call: Call) -> web.StreamResponse:
    """List accounts of this office and of others, narrowed by flags."""
    form = await call.form()
    local, remote = form["local"], form["remote"]
    wanted = AccountFilter(
        origin=None if bool(local) == bool(remote) else "local" if local else "remote",
        standings=[each for each in _STANDINGS if form[each]],
        roles=_STAFF if form["staff"] else None,
        **_words(form),
    )
    return await _answer_page(call, wanted, (*_STANDINGS, *_WORDS, "local", "remote", "staff"))


async def index_v2(call: Call) -> web.StreamResponse:
    """List accounts of this office and of others, narrowed by origin, status and role."""
    form = await call.form()
    roles: tuple[Role, ...] | None = _STAFF if form["permissions"] else None
    if form["role_ids"]:
        asked = roles_of(form["role_ids"])
        roles = tuple(each for each in asked if roles is None or each in roles)
    if form["invited_by"]:
        # Nobody comes by invitation here.
        roles = ()
    wanted = AccountFilter(
        origin=form["origin"],
        standings=[form["status"]] if form["status"] else [],
        roles=roles,
        **_words(form),
    )
    kept = ("origin", "status", "permissions", "role_ids[]", "invited_by", *_WORDS)
    return await _answer_page(call, wanted, kept)


_WORDS: Final = ("username", "display_name", "by_domain", "email", "ip")


def _words(form: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": form["username"] or None,
        "display_name": form["display_name"] or None,
        "domain": form["by_domain"] or None,
        "email": form["email"] or None,
        "address": form["ip"],
    }


async def _answer_page(
    call: Call, wanted: AccountFilter, keep: tuple[str, ...]
) -> web.StreamResponse:
    page = call.page(100, 200)
    asked = {name: value for name, value in call.request.query.items() if name in keep}
    await moderating.note_reading(
        call.app, call.viewer.account_id, "account.list", "accounts", filter=asked
    )
    async with call.app.db.reader() as conn:
        ids = await moderation.list_accounts(conn, wanted, page)
        entities = await render_admin_accounts(call.app, conn, ids)
    return paged(
        call,
        entities,
        first=ids[0] if ids else None,
        last=ids[-1] if ids else None,
        full=len(ids) == page.limit,
        keep=keep,
    )


async def show(call: Call) -> web.StreamResponse:
    """Show an account with what only staff sees of it: address, sign-ins, limits."""
    return await _answer(call, "account.show")


async def _answer(call: Call, note: str = "") -> web.StreamResponse:
    async with call.app.db.reader() as conn:
        account = await moderating.access_any_account(conn, call.path_id())
        (entity,) = await render_admin_accounts(call.app, conn, [account.id])
    if note:
        await moderating.note_reading(call.app, call.viewer.account_id, note, account.acct)
    return json_response(entity)


async def act(call: Call) -> web.StreamResponse:
    """Warn, disable, limit or suspend an account, and close the report that led to it."""
    form = await call.form()
    verdict = Verdict(
        action=form["type"],
        text=form["text"],
        report_id=form["report_id"],
        send_email=bool(form["send_email_notification"]),
    )
    await moderating.judge(call.app, call.viewer.account_id, call.path_id(), verdict)
    return empty()


async def approve(call: Call) -> web.StreamResponse:
    """Let in somebody who signed up and waits for approval."""
    actor = await moderating.name_of(call.app, call.viewer.account_id)
    await registering.approve(call.app, actor, call.path_id())
    return await _answer(call)


async def reject(call: Call) -> web.StreamResponse:
    """Turn away somebody who signed up and waits for approval; all they entered is forgotten."""
    actor = await moderating.name_of(call.app, call.viewer.account_id)
    await registering.reject(call.app, actor, call.path_id())
    return empty()


def _lifting(what: Lift, sentence: str) -> Handler:
    async def lift(call: Call) -> web.StreamResponse:
        await moderating.lift(call.app, call.viewer.account_id, call.path_id(), what)
        return await _answer(call)

    lift.__doc__ = sentence
    return lift


async def delete(call: Call) -> web.StreamResponse:
    """Delete a suspended account for good, with all that it ever said."""
    await moderating.delete_data(call.app, call.viewer.account_id, call.path_id())
    return empty()


_READ: Final = ("admin:read:accounts",)
_WRITE: Final = ("admin:write:accounts",)
_ACCOUNT: Final = "/api/v1/admin/accounts/{id}"
_MAY: Final = Permission.MANAGE_USERS
_LIFTS: Final[tuple[tuple[Lift, str], ...]] = (
    ("enable", "Let a disabled member sign in again."),
    ("unsensitive", "Stop covering the pictures of an account."),
    ("unsilence", "Show an account's public posts to everybody again."),
    ("unsuspend", "End a suspension of ours; all that the account said is there again."),
)


def _post(verb: str, handler: Handler, returns: str = "Admin::Account") -> Route:
    return Route("POST", f"{_ACCOUNT}/{verb}", permitted(_MAY, handler), _WRITE, returns=returns)


ROUTES = (
    Route(
        "GET",
        "/api/v1/admin/accounts",
        permitted(_MAY, index),
        _READ,
        accepts=AccountsForm(),
        returns="[Admin::Account]",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v2/admin/accounts",
        permitted(_MAY, index_v2),
        _READ,
        accepts=AccountsV2Form(),
        returns="[Admin::Account]",
        paged="id",
        deviation="Nobody comes by invitation, so `invited_by` finds nobody.",
    ),
    Route("GET", _ACCOUNT, permitted(_MAY, show), _READ, returns="Admin::Account"),
    Route(
        "DELETE",
        _ACCOUNT,
        permitted(Permission.DELETE_USER_DATA, delete),
        _WRITE,
        returns="{}",
        deviation="A suspended account's data stays until it is deleted so, however long ago.",
    ),
    Route(
        "POST",
        f"{_ACCOUNT}/action",
        permitted(_MAY, act),
        _WRITE,
        accepts=ActionForm(),
        returns="{}",
        deviation="There are no presets of warnings, so `warning_preset_id` is ignored.",
    ),
    _post("approve", approve),
    _post("reject", reject, "{}"),
    *(_post(what, _lifting(what, sentence)) for what, sentence in _LIFTS),
)
