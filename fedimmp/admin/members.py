"""Members, and people of other offices: found, let in, limited, given roles and new passwords."""

from typing import Any, Final

from aiohttp import web

from fedimmp.admin import forms
from fedimmp.admin.desk import Desk, Filled, act_route, gone, links_between, page_route, submit
from fedimmp.entities.admin.accounts import render_admin_accounts
from fedimmp.errors import Invalid
from fedimmp.permissions import Permission, outranks
from fedimmp.services import members, moderating, registering, staffing
from fedimmp.services.moderating import Verdict
from fedimmp.services.staffing import NewMember
from storage import members as members_rows
from storage import moderation
from storage.moderation import AccountFilter

_STAFF: Final = ("moderator", "admin", "owner")


async def index(desk: Desk) -> web.StreamResponse:
    """List members, or people of other offices, and find some."""
    form = await desk.call.form()
    asked, is_local = form["q"], form["origin"] != "remote"
    status = form["status"]
    wanted = AccountFilter(
        origin="local" if is_local else "remote",
        standings=[status] if status and status != "staff" else [],
        roles=_STAFF if status == "staff" else None,
        username=asked.removeprefix("@") if "@" not in asked[1:] else None,
        email=asked if "@" in asked[1:] and is_local else None,
        domain=asked.rpartition("@")[2] if "@" in asked[1:] and not is_local else None,
    )
    page = desk.call.page(50, 200)
    noted = {name: value for name, value in form.items() if value}
    await moderating.note_reading(desk.app, desk.staff_id, "account.list", "accounts", filter=noted)
    async with desk.app.db.reader() as conn:
        ids = await moderation.list_accounts(conn, wanted, page)
        accounts = await render_admin_accounts(desk.app, conn, ids)
    links = links_between(desk, ids, page)
    return desk.page("members.html", "members", accounts=accounts, asked=form, links=links)


async def show_new(desk: Desk) -> web.StreamResponse:
    """Show the form that lets somebody in."""
    return await _new(desk, Filled())


async def create(desk: Desk) -> web.StreamResponse:
    """Let somebody in, and show the link by which they choose a password."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        _check_new(form)
        wish = NewMember(form["username"], form["email"], form["display_name"], form["role"])
        account_id, link = await staffing.create(desk.app, desk.staff_id, wish)
        return desk.page(
            "link.html", "members", link=link, username=wish.username, account_id=account_id
        )

    async def again(filled: Filled) -> web.StreamResponse:
        return await _new(desk, filled)

    return await submit(desk, work, again, dangerous=True)


def _check_new(form: dict[str, Any]) -> None:
    problems = {}
    for name, check in (("username", members.check_username), ("email", members.check_email)):
        try:
            check(form[name])
        except Invalid as refusal:
            problems[name] = f"{refusal.sentence}."
    if problems:
        raise Invalid("Something is wrong; it is said beside each field", details=problems)


async def _new(desk: Desk, filled: Filled) -> web.Response:
    roles = staffing.grantable(desk.visitor.role)
    return desk.page("member_new.html", "members", status=filled.status, filled=filled, roles=roles)


async def show(desk: Desk) -> web.StreamResponse:
    """Show what the office knows of somebody, and what can be done."""
    return await _show(desk, Filled())


async def _show(desk: Desk, filled: Filled) -> web.Response:
    async with desk.app.db.reader() as conn:
        account = await moderating.access_any_account(conn, desk.call.path_id())
        (entity,) = await render_admin_accounts(desk.app, conn, [account.id])
        member = await members_rows.find(conn, account.id)
    await moderating.note_reading(desk.app, desk.staff_id, "account.show", account.acct)
    role = desk.visitor.role
    is_self = account.id == desk.staff_id
    return desk.page(
        "account.html",
        "members",
        status=filled.status,
        filled=filled,
        known=entity,
        role=member.role if member else None,
        is_self=is_self,
        is_below=not is_self and outranks(role, member.role if member else None),
        roles=staffing.grantable(role),
        has_mail=desk.app.config.mail.host is not None,
    )


def _path(desk: Desk) -> str:
    return f"/admin/accounts/{desk.call.path_id()}"


def _again(desk: Desk) -> Any:
    async def again(filled: Filled) -> web.StreamResponse:
        return await _show(desk, filled)

    return again


async def judge(desk: Desk) -> web.StreamResponse:
    """Warn, disable, limit or suspend somebody."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        verdict = Verdict(form["action"], text=form["text"], send_email=bool(form["send_email"]))
        await moderating.judge(desk.app, desk.staff_id, desk.call.path_id(), verdict)
        return gone(_path(desk), "done")

    return await submit(desk, work, _again(desk), dangerous=True)


async def lift(desk: Desk) -> web.StreamResponse:
    """Lift a limit."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await moderating.lift(desk.app, desk.staff_id, desk.call.path_id(), form["what"])
        return gone(_path(desk), "done")

    return await submit(desk, work, _again(desk))


async def decide(desk: Desk) -> web.StreamResponse:
    """Let in somebody who signed up, or turn them away."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        if form["decision"] == "approve":
            await registering.approve(desk.app, desk.visitor.username, desk.call.path_id())
            return gone(_path(desk), "done")
        await registering.reject(desk.app, desk.visitor.username, desk.call.path_id())
        return gone("/admin/members", "done")

    return await submit(desk, work, _again(desk))


async def change_role(desk: Desk) -> web.StreamResponse:
    """Give a member another role."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await staffing.set_role(
            desk.app, desk.staff_id, desk.call.path_id(), form["role"], seen=form["seen"]
        )
        return gone(_path(desk), "changed")

    return await submit(desk, work, _again(desk), dangerous=True)


async def change_email(desk: Desk) -> web.StreamResponse:
    """Give a member another address."""

    async def work(form: dict[str, Any]) -> web.StreamResponse:
        await staffing.change_email(desk.app, desk.staff_id, desk.call.path_id(), form["email"])
        return gone(_path(desk), "changed")

    return await submit(desk, work, _again(desk), dangerous=True)


async def make_link(desk: Desk) -> web.StreamResponse:
    """Show a link by which a member chooses a new password."""

    async def work(_form: dict[str, Any]) -> web.StreamResponse:
        account_id = desk.call.path_id()
        link = await staffing.make_link(desk.app, desk.staff_id, account_id)
        async with desk.app.db.reader() as conn:
            member = await members_rows.get(conn, account_id)
        return desk.page(
            "link.html", "members", link=link, username=member.username, account_id=account_id
        )

    return await submit(desk, work, _again(desk), dangerous=True)


async def delete(desk: Desk) -> web.StreamResponse:
    """Delete a suspended account for good."""

    async def work(_form: dict[str, Any]) -> web.StreamResponse:
        await moderating.delete_data(desk.app, desk.staff_id, desk.call.path_id())
        return gone("/admin/members", "removed")

    return await submit(desk, work, _again(desk), dangerous=True)


_USERS: Final = Permission.MANAGE_USERS
_ACCESS: Final = Permission.MANAGE_USER_ACCESS
_ACCOUNT: Final = "/admin/accounts/{id}"

ROUTES: Final = (
    page_route("/admin/members", _USERS, index, accepts=forms.MembersQuery()),
    page_route("/admin/members/new", _ACCESS, show_new),
    act_route("/admin/members/new", _ACCESS, create, accepts=forms.NewMemberForm()),
    page_route(_ACCOUNT, _USERS, show),
    act_route(f"{_ACCOUNT}/judge", _USERS, judge, accepts=forms.JudgeForm()),
    act_route(f"{_ACCOUNT}/lift", _USERS, lift, accepts=forms.LiftForm()),
    act_route(f"{_ACCOUNT}/applicant", _USERS, decide, accepts=forms.ApplicantForm()),
    act_route(f"{_ACCOUNT}/role", Permission.MANAGE_ROLES, change_role, accepts=forms.RoleForm()),
    act_route(f"{_ACCOUNT}/email", _ACCESS, change_email, accepts=forms.EmailForm()),
    act_route(f"{_ACCOUNT}/link", _ACCESS, make_link, accepts=forms.ActForm()),
    act_route(f"{_ACCOUNT}/delete", Permission.DELETE_USER_DATA, delete, accepts=forms.ActForm()),
)
