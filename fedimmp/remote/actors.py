"""Fetches actors, and makes sure that a handle belongs to the one who claims it."""

from activitypub.errors import Malformed, NotTrusted
from activitypub.objects import Actor
from activitypub.signatures.keys import SigningKey
from fedimmp.app import App
from fedimmp.remote.budget import Budget
from fedimmp.remote.trust import check_uri, instance_key
from storage import accounts


async def fetch_actor(app: App, uri: str, budget: Budget) -> Actor:
    """Fetch an actor from its own origin.

    Raises the errors of the protocol: NotTrusted, Unreachable, Gone, Malformed, TooLarge, and
    BudgetSpent.
    """
    budget.spend(await check_uri(app, uri))
    key = await instance_key(app)
    actor = await app.client.get_actor(uri, key)
    await check_handle(app, actor, key)
    return actor


async def find_actor(app: App, username: str, host: str, budget: Budget) -> Actor:
    """Find an actor by its handle; raises as `fetch_actor`.

    A host may lend its name to the people of another allowed one; these are known by the host of
    their ids all the same, so that no name here depends on what somebody else says. The answer of
    WebFinger counts only where the actor claims the same name in return.
    """
    await check_uri(app, f"https://{host}/")
    budget.spend()
    uri = await app.client.webfinger(username, host, await instance_key(app))
    actor = await fetch_actor(app, uri, budget)
    if accounts.username_key(actor.username) != accounts.username_key(username):
        raise Malformed(f"The actor behind {username}@{host} has another name.")
    return actor


async def check_handle(app: App, actor: Actor, key: SigningKey) -> None:
    """Raise NotTrusted where another actor holds the handle and WebFinger still names that one.

    An office may be set up anew under its old name; a name within an office is its to give. But
    one actor must not take the handle of a neighbour by saying so.
    """
    host = await check_uri(app, actor.id)
    async with app.db.reader() as conn:
        holder = await accounts.find_by_handle(conn, actor.username, host)
    if holder is None or holder.uri == actor.id:
        return
    if await app.client.webfinger(actor.username, host, key) != actor.id:
        raise NotTrusted(f"The handle {actor.username}@{host} belongs to another actor.")
