"""Reports as their entity, for the one who made them."""

from typing import Any

from fedimmp.entities.times import maybe_timestamp, timestamp
from storage.reports import Report


def report_entity(report: Report, target: Any) -> dict[str, Any]:
    """Return the Report entity around the Account entity of whom was reported."""
    return {
        "id": str(report.id),
        "action_taken": report.resolved_at is not None,
        "action_taken_at": maybe_timestamp(report.resolved_at),
        "category": report.category,
        "comment": report.comment,
        "forwarded": report.forwarded,
        "created_at": timestamp(report.created_at),
        "status_ids": [str(each) for each in report.status_ids],
        "collection_ids": None,
        "rule_ids": list(report.rule_ids) or None,
        "target_account": target,
    }
