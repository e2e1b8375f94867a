"""Fetches the owner of a key that signed something."""

from activitypub.objects import Actor
from fedimmp.app import App
from fedimmp.remote.actors import check_handle
from fedimmp.remote.trust import check_uri, instance_key


async def fetch_key(app: App, key_id: str) -> Actor:
    """Fetch the actor that owns a key and lists it; its document came from its own origin.

    Raises NotTrusted, Unreachable, Gone, Malformed, NotAuthentic, TooLarge.
    """
    await check_uri(app, key_id)
    key = await instance_key(app)
    _public, owner = await app.client.get_key(key_id, key)
    await check_handle(app, owner, key)
    return owner
