"""Times as apps insist on them: three decimals and Z, whatever the moment."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """Return an aware time as `YYYY-MM-DDTHH:MM:SS.mmmZ`; some apps read nothing else."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def maybe_timestamp(moment: datetime | None) -> str | None:
    """Return a time as `timestamp` does, and None for none."""
    return None if moment is None else timestamp(moment)
