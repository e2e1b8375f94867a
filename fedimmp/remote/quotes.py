"""Fetches proofs of consent from the office of the author who gives it."""

from activitypub.objects import Authorization
from fedimmp.app import App
from fedimmp.remote.budget import Budget
from fedimmp.remote.trust import check_uri, instance_key


async def fetch_authorization(app: App, uri: str, budget: Budget) -> Authorization:
    """Fetch a proof; whose it has to be, and about what, is for ownership to check.

    Raises NotTrusted, Unreachable, Gone, Malformed, TooLarge, BudgetSpent.
    """
    await check_uri(app, uri)
    budget.spend()
    return await app.client.get_authorization(uri, await instance_key(app))
