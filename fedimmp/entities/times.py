"""Times as apps insist on them: three decimals and Z, whatever the moment."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """Return an aware time as `YYYY-MM-DDTHH:MM:SS.mmmZ`; some apps read nothing else."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


def maybe_timestamp(moment: datetime | None) -> str | None:
    """Return a time as `timestamp` does, and None for none."""
    return None if moment is None else timestamp(moment)
