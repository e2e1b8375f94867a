"""What offices tell each other about the manifest of their organisation: that there is news."""

from activitypub import writing
from activitypub.manifest import PATH
from activitypub.writing.context import Json
from fedimmp.app import App
from storage.ids import new_id


def news(app: App, version: int) -> Json:
    """Return the activity that says that there is this version; who trusts it fetches it."""
    return writing.update_manifest(
        app.uris.instance_activity(new_id(app.now())),
        app.uris.instance_actor,
        f"{app.uris.origin}{PATH}/timestamp.json",
        version,
    )
