"""The one door to what a person may see. Private and missing look the same: NotFound."""

from collections.abc import Sequence

from fedimmp.errors import NotFound
from storage import accounts, statuses
from storage.accounts import Account
from storage.database import Connection
from storage.statuses import Status


async def access_status(conn: Connection, viewer_id: int | None, status_id: int) -> Status:
    """Return a status that this viewer may see; of a boost, the boosted one may be seen too.

    Raises NotFound.
    """
    status = await statuses.find_visible(conn, viewer_id, status_id)
    if status is None:
        raise NotFound
    return status


async def access_statuses(
    conn: Connection, viewer_id: int | None, status_ids: Sequence[int]
) -> list[int]:
    """Return those of the ids that this viewer may see, in the order given."""
    visible = await statuses.list_visible(conn, viewer_id, status_ids)
    return [status_id for status_id in status_ids if status_id in visible]


async def access_account(conn: Connection, _viewer_id: int | None, account_id: int) -> Account:
    """Return an account that is neither deleted nor of an office that is not allowed.

    A suspended one is returned too; its entity shows no more than who it is. Raises NotFound.
    """
    account = await accounts.find_reachable(conn, account_id)
    if account is None:
        raise NotFound
    return account
