"""Which keys an office of the organisation shows, compared with those that the manifest names."""

from activitypub.manifest.keys import fingerprint_of_pem
from fedimmp.app import App
from fedimmp.remote.trust import instance_key
from storage.organisation import OrganisationMember


async def find_foreign_key(app: App, member: OrganisationMember) -> str | None:
    """Return the fingerprint of a key of its instance actor that is not its own, None if all are.

    Raises the errors of the protocol while its actor cannot be fetched.
    """
    actor = await app.client.get_instance_actor(member.host, await instance_key(app))
    shown = (fingerprint_of_pem(each.pem) for each in actor.keys)
    return next((each for each in shown if each not in member.keys), None)
