"""Activities in which our actors speak about themselves, and the instance about others.

Each is ready to be enqueued, with its id; whom it goes to is decided by the effect that sends it.
"""

from collections.abc import Sequence
from typing import Any

from activitypub import writing
from activitypub.audience import PUBLIC, audience
from fedimmp.app import App
from storage.ids import new_id
from storage.statuses import Status
from storage.tags import Tag

Json = dict[str, Any]


def move(app: App, account_id: int, target_uri: str) -> Json:
    """Return the word of one of ours that it goes on as another actor."""
    actor = app.uris.actor(account_id)
    return writing.move(_fresh(app, account_id), actor, target_uri, app.uris.followers(account_id))


def delete_actor(app: App, account_id: int) -> Json:
    """Return the end of one of our actors."""
    actor = app.uris.actor(account_id)
    return writing.delete(_fresh(app, account_id), actor, actor)


def add_pin(app: App, status: Status) -> Json:
    """Return the Add of a post to those that its author shows first."""
    actor, to, cc = _audience(app, status)
    collection = app.uris.featured(status.account_id)
    return writing.add(_fresh(app, status.account_id), actor, status.uri, collection, to, cc)


def remove_pin(app: App, status: Status) -> Json:
    """Return the Remove of a post from those that its author shows first."""
    actor, to, cc = _audience(app, status)
    collection = app.uris.featured(status.account_id)
    return writing.remove(_fresh(app, status.account_id), actor, status.uri, collection, to, cc)


def add_tag(app: App, account_id: int, tag: Tag) -> Json:
    """Return the Add of a hashtag to the profile of one of ours.

    Its target is `featured`, where Mastodon looks for hashtags as well.
    """
    return writing.add(
        _fresh(app, account_id),
        app.uris.actor(account_id),
        outgoing_tag(app, tag),
        app.uris.featured(account_id),
        (PUBLIC,),
        (app.uris.followers(account_id),),
    )


def remove_tag(app: App, account_id: int, tag: Tag) -> Json:
    """Return the Remove of a hashtag from the profile of one of ours."""
    return writing.remove(
        _fresh(app, account_id),
        app.uris.actor(account_id),
        outgoing_tag(app, tag),
        app.uris.featured(account_id),
        (PUBLIC,),
        (app.uris.followers(account_id),),
    )


def outgoing_tag(app: App, tag: Tag) -> Json:
    """Return a hashtag as it stands in a collection."""
    return writing.hashtag(writing.Tag(tag.display_name, app.uris.tag(tag.name)))


def flag(app: App, object_uris: Sequence[str], comment: str) -> Json:
    """Return a report to another office, which this instance makes in nobody's name."""
    return writing.flag(
        app.uris.instance_activity(new_id(app.now())),
        app.uris.instance_actor,
        object_uris,
        comment,
    )


def _audience(app: App, status: Status) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    actor = app.uris.actor(status.account_id)
    to, cc = audience(status.visibility, actor, app.uris.followers(status.account_id), ())
    return actor, to, cc


def _fresh(app: App, account_id: int) -> str:
    return app.uris.activity(account_id, new_id(app.now()))
