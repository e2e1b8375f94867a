"""Measures, rankings and cohorts as their entities; all totals are text."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from fedimmp.entities.times import timestamp
from storage.dimensions import Entry
from storage.statistics import IN_BYTES, CohortCell, Frequency, Measured, midnight


def measure_entity(key: str, found: Measured) -> dict[str, Any]:
    """Return the Admin::Measure entity."""
    entity: dict[str, Any] = {
        "key": key,
        "unit": "bytes" if key in IN_BYTES else None,
        "total": str(found.total),
        "previous_total": str(found.previous),
        "data": [
            {"date": timestamp(midnight(day)), "value": str(value)}
            for day, value in found.days.items()
        ],
    }
    if key in IN_BYTES:
        entity["human_value"] = human_size(found.total)
    return entity


def ranking_entity(key: str, found: Sequence[Entry]) -> dict[str, Any]:
    """Return the Admin::Dimension entity of a ranking."""
    data = [{"key": e.key, "human_key": e.key, "value": str(e.value)} for e in found]
    return {"key": key, "data": data}


def space_entity(found: Sequence[Entry]) -> dict[str, Any]:
    """Return the Admin::Dimension entity of how many bytes are taken."""
    data = [
        {
            "key": each.key,
            "human_key": {"postgresql": "PostgreSQL", "media": "Media storage"}[each.key],
            "value": str(each.value),
            "unit": "bytes",
            "human_value": human_size(each.value),
        }
        for each in found
    ]
    return {"key": "space_usage", "data": data}


def versions_entity(found: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Return the Admin::Dimension entity of (key, name, version) of what runs here."""
    data = [
        {"key": key, "human_key": name, "value": version, "human_value": version}
        for key, name, version in found
    ]
    return {"key": "software_versions", "data": data}


def cohort_entities(cells: Sequence[CohortCell], frequency: Frequency) -> list[dict[str, Any]]:
    """Return the Admin::Cohort entities of cells that are in order."""
    return [
        {
            "period": _stamp(cohort),
            "frequency": frequency,
            "data": [
                {
                    "date": _stamp(cell.period),
                    "rate": cell.present / cell.size if cell.size else 0.0,
                    "value": str(cell.present),
                }
                for cell in row
            ],
        }
        for cohort, row in groupby(cells, key=lambda cell: cell.cohort)
    ]


def _stamp(moment: datetime) -> str:
    return timestamp(moment.replace(tzinfo=UTC))


def human_size(size: int) -> str:
    """Return a number of bytes as people read it, such as `1.5 MiB`."""
    value = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
