"""Accounts as staff sees them: Admin::Account, whole pages at a time."""

from collections.abc import Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity, moved_entities, role_entity
from fedimmp.entities.times import timestamp
from storage import accounts, moderation
from storage.accounts import AccountView
from storage.database import Connection
from storage.moderation import AccountDossier


async def render_admin_accounts(
    app: App, conn: Connection, account_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the Admin::Account entities of those that exist, in the order of the ids.

    The number of queries is fixed, but for one more where somebody has moved.
    """
    views = await accounts.load_views(conn, account_ids)
    moved = await moved_entities(app, conn, views.values())
    dossiers = await moderation.load_dossiers(conn, account_ids)
    return [
        _entity(views[each], dossiers[each], account_entity(app, views[each]) | moved.get(each, {}))
        for each in account_ids
        if each in views and each in dossiers
    ]


def _entity(view: AccountView, known: AccountDossier, shown: dict[str, Any]) -> dict[str, Any]:
    account = view.account
    visits = [{"ip": each.address, "used_at": timestamp(each.at)} for each in known.visits]
    entity: dict[str, Any] = {
        "id": str(account.id),
        "username": account.username,
        "domain": account.domain,
        "created_at": timestamp(account.created_at),
        "email": known.email,
        "ip": visits[0]["ip"] if visits else None,
        "ips": visits,
        "locale": known.locale,
        "invite_request": known.reason,
        "role": None if known.role is None else role_entity(known.role),
        "confirmed": known.confirmed,
        "approved": known.approved,
        "disabled": known.disabled,
        "sensitized": account.sensitized_at is not None,
        "silenced": account.silenced_at is not None,
        "suspended": known.suspended,
        "account": shown,
    }
    if known.application_id is not None:
        entity["created_by_application_id"] = str(known.application_id)
    return entity
