"""What notifications refer to: people, statuses and the subjects of those that no person caused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fedimmp.app import App
from fedimmp.entities.account_pages import render_rows
from fedimmp.entities.filters import has_filters
from fedimmp.entities.reports import report_entity
from fedimmp.entities.status_pages import is_kept, render_by_id
from fedimmp.entities.times import timestamp
from storage import account_snapshots, notification_subjects, severances, status_snapshots
from storage.database import Connection, Record
from storage.notification_subjects import StaffWarning
from storage.notifications import Notification
from storage.reports import Report
from storage.severances import Severance
from storage.status_snapshots import Snapshot, values_of

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of all that the notifications of a page refer to."""

    people: Sequence[Record]
    statuses: Sequence[Snapshot]
    reports: Mapping[int, Report]
    events: Mapping[int, Severance]
    warnings: Mapping[int, StaffWarning]

    @property
    def state(self) -> tuple[object, ...]:
        """What these parts of a page may be kept under, as long as they have no subjects."""
        return values_of(self.people), tuple(each.key for each in self.statuses)

    @property
    def has_subjects(self) -> bool:
        """Whether there are any that no snapshot tells about."""
        return bool(self.reports or self.events or self.warnings)


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the notifications of a page refer to, by id. With `lasting`, its state tells all."""

    people: Mapping[int, bytes]
    statuses: Mapping[int, Any]
    subjects: Mapping[tuple[str, int], Entity]
    # What those are about that no person caused, by type and subject.
    names: Mapping[tuple[str, int], str]
    lasting: bool

    def person(self, account_id: int) -> orjson.Fragment:
        """Return the Account entity of somebody."""
        return orjson.Fragment(self.people[account_id])

    def status_of(self, notification: Notification) -> Any:
        """Return the status of a notification, None without one or where it is hidden."""
        return self.statuses.get(notification.status_id or 0)


async def load_rows(
    conn: Connection,
    notifications: Sequence[Notification],
    further_people: Sequence[int],
    viewer_id: int,
) -> Rows:
    """Return the rows, in two queries, and one more for each kind of subject that there is."""
    status_ids = {each.status_id for each in notifications if each.status_id is not None}
    reports = await _of_kind(
        conn, notifications, "admin.report", notification_subjects.load_reports
    )
    events = await _of_kind(conn, notifications, "severed_relationships", severances.load)
    warnings = await _of_kind(
        conn, notifications, "moderation_warning", notification_subjects.load_warnings
    )
    people = {
        *(each.from_account_id for each in notifications),
        *further_people,
        *(report.target_id for report in reports.values()),
    }
    return Rows(
        await account_snapshots.load(conn, sorted(people)),
        # Who follows somebody no longer was told of posts that they may not read any more.
        await status_snapshots.load_shown(conn, viewer_id, sorted(status_ids)),
        reports,
        events,
        warnings,
    )


async def _of_kind(
    conn: Connection, notifications: Sequence[Notification], kind: str, load: Any
) -> Any:
    ids = sorted(
        {each.subject_id for each in notifications if each.type == kind and each.subject_id}
    )
    return await load(conn, ids) if ids else {}


async def render_parts(app: App, conn: Connection, rows: Rows, viewer_id: int) -> Parts:
    """Render what rows stand for; what is kept needs no query."""
    people = await render_rows(app, conn, rows.people)
    shown = await render_by_id(app, conn, rows.statuses, viewer_id)
    is_lasting = not (
        rows.has_subjects
        or len(shown) < len(rows.statuses)
        or await has_filters(app, conn, viewer_id)
    )
    return Parts(
        people,
        shown,
        _subjects(rows, people),
        {("severed_relationships", each.id): each.target_name for each in rows.events.values()},
        is_lasting and all(map(is_kept, shown.values())),
    )


def _subjects(rows: Rows, people: Mapping[int, bytes]) -> dict[tuple[str, int], Entity]:
    subjects: dict[tuple[str, int], Entity] = {}
    for report in rows.reports.values():
        target = orjson.Fragment(people[report.target_id])
        subjects["admin.report", report.id] = report_entity(report, target)
    for event in rows.events.values():
        subjects["severed_relationships", event.id] = _severance(event)
    for warning in rows.warnings.values():
        if warning.target_id in people:
            target = orjson.Fragment(people[warning.target_id])
            subjects["moderation_warning", warning.id] = _warning(warning, target)
    return subjects


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


def _warning(warning: StaffWarning, target: orjson.Fragment) -> Entity:
    return {
        "id": str(warning.id),
        "action": warning.action,
        "text": warning.text,
        "status_ids": None,
        "target_account": target,
        "appeal": None,
        "created_at": timestamp(warning.created_at),
    }
