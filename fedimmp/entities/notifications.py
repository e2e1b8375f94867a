"""Notifications as entities, one by one and in groups, whole pages at a time.

Of each viewer the last page of either is kept: as long as nothing that it shows has changed, which
is asked each time, neither have its bytes.
"""

import html
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from fedimmp.app import App
from fedimmp.entities.filters import has_filters
from fedimmp.entities.notification_parts import Entity, Parts, load_rows, render_parts
from fedimmp.entities.times import timestamp
from fedimmp.render.notices import sentence_of
from storage.database import Connection
from storage.notification_groups import Group
from storage.notifications import Notification

_WITH_STATUS: Final = frozenset(
    (
        "mention",
        "status",
        "reblog",
        "favourite",
        "poll",
        "update",
        "quote",
        "quoted_update",
    )
)
# What each app can be expected to show without saying so.
_BASELINE: Final = frozenset(
    (
        "mention",
        "status",
        "reblog",
        "follow",
        "follow_request",
        "favourite",
        "poll",
        "update",
        "admin.sign_up",
        "admin.report",
    )
)
# Under which name an entity carries what it is about.
_SUBJECTS: Final = {
    "admin.report": "report",
    "severed_relationships": "event",
    "moderation_warning": "moderation_warning",
}


# What a row that a page shows takes, roughly.
_ROW_BYTES: Final = 800


async def render_notifications(
    app: App,
    conn: Connection,
    notifications: Sequence[Notification],
    viewer_id: int,
    *,
    supported_types: Sequence[str] | None = None,
) -> list[Entity]:
    """Return the Notification entities in the given order, in a fixed number of queries.

    Within them are parts of JSON, for `orjson.dumps`. Left out are those about a status that the
    viewer may not see any more. Types that are neither common nor among `supported_types`, where
    these are given, carry a sentence to show instead.
    """
    rows = await load_rows(conn, notifications, (), viewer_id)
    parts = await render_parts(app, conn, rows, viewer_id)
    return _entities(notifications, parts, supported_types)


async def render_page(
    app: App,
    conn: Connection,
    notifications: Sequence[Notification],
    viewer_id: int,
    *,
    supported_types: Sequence[str] | None = None,
) -> bytes:
    """Return what `render_notifications` does as JSON."""
    return await _kept(
        app,
        conn,
        ("notifications", viewer_id),
        notifications,
        (),
        (tuple(notifications), supported_types),
        lambda parts: _entities(notifications, parts, supported_types),
    )


def _entities(
    notifications: Sequence[Notification], parts: Parts, supported_types: Sequence[str] | None
) -> list[Entity]:
    entities = []
    for each in notifications:
        about = _about(each, parts)
        if about is None or each.from_account_id not in parts.people:
            continue
        entity: Entity = {
            "id": str(each.id),
            "type": each.type,
            "group_key": each.key,
            "created_at": timestamp(each.created_at),
            "account": parts.person(each.from_account_id),
            **about,
            **_fallback(each, parts, supported_types),
        }
        if (status := parts.status_of(each)) is not None:
            entity["status"] = status
        if each.filtered:
            entity["filtered"] = True
        entities.append(entity)
    return entities


async def render_groups(
    app: App,
    conn: Connection,
    groups: Sequence[Group],
    viewer_id: int,
    *,
    partial_avatars: bool = False,
    supported_types: Sequence[str] | None = None,
    with_page: bool = True,
) -> bytes:
    """Return the GroupedNotificationsResults entity as JSON, in a fixed number of queries.

    With `partial_avatars` only the latest person of each group comes whole. `with_page` adds what
    is said of the members of each group that are on this page.
    """
    return await _kept(
        app,
        conn,
        ("groups", viewer_id),
        [group.notification for group in groups],
        [each for group in groups for each in group.sample_account_ids],
        (tuple(groups), partial_avatars, supported_types, with_page),
        lambda parts: _results(
            groups,
            parts,
            supported_types,
            partial_avatars=partial_avatars,
            with_page=with_page,
        ),
    )


async def _kept(
    app: App,
    conn: Connection,
    place: tuple[str, int],
    notifications: Sequence[Notification],
    further_people: Sequence[int],
    asked: tuple[object, ...],
    render: Callable[[Parts], Any],
) -> bytes:
    """Return the page kept at a place, or a new one where anything of it has changed."""
    _, viewer_id = place
    rows = await load_rows(conn, notifications, further_people, viewer_id)
    state = (asked, rows.state)
    kept: tuple[object, bytes] | None = app.pages.get(place)
    is_kept = kept is not None and kept[0] == state and not rows.has_subjects
    if kept is not None and is_kept and not await has_filters(app, conn, viewer_id):
        return kept[1]
    parts = await render_parts(app, conn, rows, viewer_id)
    text = orjson.dumps(render(parts))
    if parts.lasting:
        count = len(notifications) + len(rows.people) + len(rows.statuses)
        app.pages.put(place, (state, text), len(text) + _ROW_BYTES * count)
    return text


def _results(
    groups: Sequence[Group],
    parts: Parts,
    supported_types: Sequence[str] | None,
    *,
    partial_avatars: bool,
    with_page: bool,
) -> Entity:
    shown = [(group, _about(group.notification, parts)) for group in groups]
    kept = [(group, about) for group, about in shown if about is not None]
    latest = [each for group, _ in kept for each in group.sample_account_ids[:1]]
    everybody = [each for group, _ in kept for each in group.sample_account_ids]
    whole = dict.fromkeys(latest if partial_avatars else everybody)
    about_statuses = {
        group.notification.status_id: status
        for group, _ in kept
        if (status := parts.status_of(group.notification)) is not None
    }
    results: Entity = {
        "accounts": [parts.person(each) for each in whole],
        "statuses": list(about_statuses.values()),
        "notification_groups": [
            _group(group, about, parts, with_page=with_page)
            | _fallback(group.notification, parts, supported_types)
            for group, about in kept
        ],
    }
    if partial_avatars:
        rest = dict.fromkeys(each for each in everybody if each not in whole)
        results["partial_accounts"] = [_partial(parts.people[each]) for each in rest]
    return results


def _group(group: Group, about: Entity, parts: Parts, *, with_page: bool) -> Entity:
    entity: Entity = {
        "group_key": group.key,
        "notifications_count": group.count,
        "type": group.notification.type,
        "most_recent_notification_id": group.most_recent_id,
        "sample_account_ids": [str(each) for each in group.sample_account_ids],
        **about,
    }
    if with_page:
        entity["page_min_id"] = str(group.page_min_id)
        entity["page_max_id"] = str(group.page_max_id)
        entity["latest_page_notification_at"] = timestamp(group.latest_at)
    if parts.status_of(group.notification) is not None:
        entity["status_id"] = str(group.notification.status_id)
    return entity


def _about(each: Notification, parts: Parts) -> Entity | None:
    """Return what an entity says of its subject; None when the subject is gone or hidden."""
    if each.type in _WITH_STATUS and parts.status_of(each) is None:
        return None
    if (name := _SUBJECTS.get(each.type)) is None:
        return {}
    subject = parts.subjects.get((each.type, each.subject_id or 0))
    return None if subject is None else {name: subject}


def _fallback(each: Notification, parts: Parts, supported_types: Sequence[str] | None) -> Entity:
    if supported_types is None or each.type in _BASELINE or each.type in supported_types:
        return {}
    name = parts.names.get((each.type, each.subject_id or 0))
    person = orjson.loads(parts.people[each.from_account_id])
    title = sentence_of(each.type, name or person["display_name"] or person["acct"])
    details = {"summary": None, "details": None, "description": None}
    return {"fallback": {"title": html.escape(title), **details}}


def _partial(person: bytes) -> Entity:
    whole = orjson.loads(person)
    names = ("id", "acct", "url", "avatar", "avatar_static", "avatar_description", "locked", "bot")
    return {name: whole[name] for name in names}
