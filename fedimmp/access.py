"""The one door to what a person may see. Private and missing look the same: NotFound."""

from fedimmp.errors import NotFound
from storage import accounts
from storage.accounts import Account
from storage.database import Connection


async def access_account(conn: Connection, _viewer_id: int | None, account_id: int) -> Account:
    """Return an account that is neither deleted nor of an office that is not allowed.

    A suspended one is returned too; its entity shows no more than who it is. Raises NotFound.
    """
    account = await accounts.find_reachable(conn, account_id)
    if account is None:
        raise NotFound
    return account
