"""Statuses that wait for their time, as their entity."""

from collections.abc import Iterable, Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.entities.media import media_entity
from fedimmp.entities.times import timestamp
from storage import scheduled_statuses
from storage.database import Connection
from storage.media import Media
from storage.scheduled_statuses import ScheduledStatus


async def render_scheduled(
    app: App, conn: Connection, scheduled: Sequence[ScheduledStatus]
) -> list[dict[str, Any]]:
    """Return ScheduledStatus entities in the order given, with one query for their files."""
    held = await scheduled_statuses.list_held(conn, [each.id for each in scheduled])
    return [_entity(app, each, held.get(each.id, ())) for each in scheduled]


def _entity(app: App, scheduled: ScheduledStatus, held: Iterable[Media]) -> dict[str, Any]:
    by_id = {each.id: each for each in held}
    wanted = scheduled.draft["media_ids"]
    return {
        "id": str(scheduled.id),
        "scheduled_at": timestamp(scheduled.scheduled_at),
        "params": _params(scheduled),
        "media_attachments": [media_entity(app, by_id[each]) for each in wanted if each in by_id],
    }


def _params(scheduled: ScheduledStatus) -> dict[str, Any]:
    """Return what was asked for; the ids of parent and application are numbers here."""
    draft = scheduled.draft
    params: dict[str, Any] = {
        "text": draft["text"],
        "poll": draft["poll"],
        "media_ids": _texts(draft["media_ids"]) or None,
        "sensitive": draft["sensitive"],
        "spoiler_text": draft["spoiler_text"] or None,
        "visibility": draft["visibility"],
        "in_reply_to_id": draft["in_reply_to_id"],
        "language": draft["language"],
        "scheduled_at": None,
        "idempotency": None,
        "with_rate_limit": True,
        "quoted_status_id": _text(draft["quoted_status_id"]),
        "quote_approval_policy": draft["quote_policy"],
        "allowed_mentions": _texts(draft["allowed_mentions"]),
    }
    if scheduled.application_id is not None:
        params["application_id"] = scheduled.application_id
    return params


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _texts(numbers: Sequence[int] | None) -> list[str] | None:
    return None if numbers is None else [str(each) for each in numbers]
