"""Notifications as entities, one by one and in groups, whole pages at a time."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fedimmp.app import App
from fedimmp.entities.accounts import account_entity
from fedimmp.entities.reports import report_entity
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.times import timestamp
from fedimmp.render.notices import sentence_of
from storage import accounts, notification_subjects, severances, statuses
from storage.accounts import AccountView
from storage.database import Connection
from storage.notification_groups import Group
from storage.notification_subjects import StaffWarning
from storage.notifications import Notification
from storage.reports import Report
from storage.severances import Severance

Entity = dict[str, Any]

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


@dataclass(frozen=True, slots=True)
class _Parts:
    """All that the notifications of a page refer to, by id."""

    people: Mapping[int, AccountView]
    statuses: Mapping[int, Entity]
    subjects: Mapping[tuple[str, int], Entity]
    # What notifications are about that no person did.
    names: Mapping[int, str]

    def status_of(self, notification: Notification) -> Entity | None:
        """Return the status of a notification, None without one or where it is hidden."""
        return self.statuses.get(notification.status_id or 0)


async def render_notifications(
    app: App,
    conn: Connection,
    notifications: Sequence[Notification],
    viewer_id: int,
    *,
    supported_types: Sequence[str] | None = None,
) -> list[Entity]:
    """Return the Notification entities in the given order, in a fixed number of queries.

    Left out are those about a status that the viewer may not see any more. Types that are neither
    common nor among `supported_types`, where these are given, carry a sentence to show instead.
    """
    parts = await _load(app, conn, notifications, (), viewer_id)
    entities = []
    for each in notifications:
        about = _about(each, parts)
        if about is None:
            continue
        entity: Entity = {
            "id": str(each.id),
            "type": each.type,
            "group_key": each.key,
            "created_at": timestamp(each.created_at),
            "account": account_entity(app, parts.people[each.from_account_id]),
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
) -> Entity:
    """Return the GroupedNotificationsResults entity, in a fixed number of queries.

    With `partial_avatars` only the latest person of each group comes whole. `with_page` adds what
    is said of the members of each group that are on this page.
    """
    samples = [each for group in groups for each in group.sample_account_ids]
    notifications = [group.notification for group in groups]
    parts = await _load(app, conn, notifications, samples, viewer_id)
    shown = [(group, _about(group.notification, parts)) for group in groups]
    kept = [(group, about) for group, about in shown if about is not None]
    latest = [each for group, _ in kept for each in group.sample_account_ids[:1]]
    everybody = [each for group, _ in kept for each in group.sample_account_ids]
    whole = dict.fromkeys(latest if partial_avatars else everybody)
    about_statuses = [parts.status_of(group.notification) for group, _ in kept]
    results: Entity = {
        "accounts": [account_entity(app, parts.people[each]) for each in whole],
        "statuses": list({each["id"]: each for each in about_statuses if each}.values()),
        "notification_groups": [
            _group(group, about, parts, with_page=with_page)
            | _fallback(group.notification, parts, supported_types)
            for group, about in kept
        ],
    }
    if partial_avatars:
        rest = dict.fromkeys(each for each in everybody if each not in whole)
        results["partial_accounts"] = [_partial(app, parts.people[each]) for each in rest]
    return results


def _group(group: Group, about: Entity, parts: _Parts, *, with_page: bool) -> Entity:
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
    if (status := parts.status_of(group.notification)) is not None:
        entity["status_id"] = status["id"]
    return entity


def _about(each: Notification, parts: _Parts) -> Entity | None:
    """Return what an entity says of its subject; None when the subject is gone or hidden."""
    if each.type in _WITH_STATUS and parts.status_of(each) is None:
        return None
    if (name := _SUBJECTS.get(each.type)) is None:
        return {}
    subject = parts.subjects.get((each.type, each.subject_id or 0))
    return None if subject is None else {name: subject}


def _fallback(each: Notification, parts: _Parts, supported_types: Sequence[str] | None) -> Entity:
    if supported_types is None or each.type in _BASELINE or each.type in supported_types:
        return {}
    name = parts.names.get(each.id) or parts.people[each.from_account_id].account.display_name
    title = sentence_of(each.type, name or parts.people[each.from_account_id].account.acct)
    details = {"summary": None, "details": None, "description": None}
    return {"fallback": {"title": html.escape(title), **details}}


def _partial(app: App, view: AccountView) -> Entity:
    whole = account_entity(app, view)
    names = ("id", "acct", "url", "avatar", "avatar_static", "avatar_description", "locked", "bot")
    return {name: whole[name] for name in names}


async def _load(
    app: App,
    conn: Connection,
    notifications: Sequence[Notification],
    further_people: Sequence[int],
    viewer_id: int,
) -> _Parts:
    status_ids = {each.status_id for each in notifications if each.status_id is not None}
    # Who follows somebody no longer was told of posts that they may not read any more.
    visible = await statuses.list_visible(conn, viewer_id, sorted(status_ids))
    rendered = await render_statuses(app, conn, sorted(visible), viewer_id)
    reports = await _load_of(
        conn, notifications, "admin.report", notification_subjects.load_reports
    )
    events = await _load_of(conn, notifications, "severed_relationships", severances.load)
    warnings = await _load_of(
        conn, notifications, "moderation_warning", notification_subjects.load_warnings
    )
    people = await accounts.load_views(
        conn,
        [
            *(each.from_account_id for each in notifications),
            *further_people,
            *(report.target_id for report in reports.values()),
        ],
    )
    return _Parts(
        people,
        {int(status["id"]): status for status in rendered},
        _subjects(app, people, reports, events, warnings),
        {
            each.id: events[each.subject_id].target_name
            for each in notifications
            if each.type == "severed_relationships" and each.subject_id in events
        },
    )


def _subjects(
    app: App,
    people: Mapping[int, AccountView],
    reports: Mapping[int, Report],
    events: Mapping[int, Severance],
    warnings: Mapping[int, StaffWarning],
) -> dict[tuple[str, int], Entity]:
    subjects: dict[tuple[str, int], Entity] = {}
    for report in reports.values():
        target = account_entity(app, people[report.target_id])
        subjects["admin.report", report.id] = report_entity(report, target)
    for event in events.values():
        subjects["severed_relationships", event.id] = _severance(event)
    for warning in warnings.values():
        if warning.target_id in people:
            target = account_entity(app, people[warning.target_id])
            subjects["moderation_warning", warning.id] = _warning(warning, target)
    return subjects


async def _load_of(
    conn: Connection, notifications: Sequence[Notification], kind: str, load: Any
) -> Any:
    ids = sorted(
        {each.subject_id for each in notifications if each.type == kind and each.subject_id}
    )
    return await load(conn, ids) if ids else {}


def _severance(event: Severance) -> Entity:
    return {
        "id": str(event.id),
        "type": event.type,
        "purged": False,
        "target_name": event.target_name,
        "followers_count": event.followers_count,
        "following_count": event.following_count,
        "created_at": timestamp(event.created_at),
    }


def _warning(warning: StaffWarning, target: Entity) -> Entity:
    return {
        "id": str(warning.id),
        "action": warning.action,
        "text": warning.text,
        "status_ids": None,
        "target_account": target,
        "appeal": None,
        "created_at": timestamp(warning.created_at),
    }
