"""Activities of peers become typed values."""

from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Activity
from activitypub.properties import audience_of, listed, time_of, uri_of
from activitypub.reading.parts import required_id, required_type
from activitypub.vocabulary import ACTIVITY_TYPES

MAX_OBJECTS = 100


def read_heading(document: dict[str, Any]) -> Activity:
    """Read who does what to which object, and no more; raises Malformed as read_activity does."""
    actors = listed(document.get("actor"))
    if len(actors) != 1 or (actor := uri_of(actors)) is None:
        raise Malformed("The activity must have exactly one actor with an https id.")
    objects = listed(document.get("object"))[:MAX_OBJECTS]
    if not all(isinstance(item, str | dict) for item in objects):
        raise Malformed("The object of the activity is neither an id nor an object.")
    return Activity(
        id=required_id(document, "activity"),
        type=required_type(document, ACTIVITY_TYPES),
        actor=actor,
        object=objects[0] if len(objects) == 1 else objects,
        raw=document,
    )


def read_activity(document: dict[str, Any]) -> Activity:
    """Read an activity; raises Malformed. Types that nobody knows are read as well."""
    heading = read_heading(document)
    return Activity(
        id=heading.id,
        type=heading.type,
        actor=heading.actor,
        object=heading.object,
        to=audience_of(document.get("to")),
        cc=audience_of(document.get("cc")),
        target=uri_of(document.get("target")),
        published=time_of(document.get("published")),
        raw=document,
    )
