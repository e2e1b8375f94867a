"""Whom we may ask, and in whose name we ask: the instance actor signs every fetch."""

from activitypub.errors import NotTrusted
from activitypub.signatures.keys import SigningKey
from activitypub.uris import host_of
from fedimmp.app import App
from storage import trust
from storage.accounts import INSTANCE_ACCOUNT_ID


async def instance_key(app: App) -> SigningKey:
    """Return the key of the instance actor."""
    async with app.db.reader() as conn:
        return await app.keys.signing_key(conn, INSTANCE_ACCOUNT_ID)


async def check_uri(app: App, uri: str) -> str:
    """Return the host of a document's URI; raises NotTrusted unless it is an allowed peer.

    The client asks about hosts again before it connects, and there also trusts hosts that serve
    media only: no document may come from those.
    """
    host = host_of(uri)
    if host == app.uris.host:
        raise NotTrusted("Nothing of this instance is fetched over the network.")
    async with app.db.reader() as conn:
        if not await trust.is_allowed(conn, host, app.now()):
            raise NotTrusted(f"{host} is not on the allowlist of this instance.")
    return host
