"""Traffic lights: how the office is, in sentences, each with the way to its cure."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from cryptography import x509

from fedimmp.app import App
from fedimmp.services.organising import life_over
from storage import organisation, oversight
from storage.organisation import Organisation
from storage.oversight import Numbers

Level = Literal["good", "look", "act"]
Cure = Literal["queues", "inbox", "peers", "reports", "members", "settings", ""]

# Younger work is simply being done.
_LATE: Final = timedelta(minutes=2)
_VERY_LATE: Final = timedelta(minutes=15)
_DRIFT: Final = timedelta(seconds=5)
_WRONG_TIME: Final = timedelta(seconds=60)
_LITTLE_SPACE: Final = 0.10
_NO_SPACE: Final = 0.03
_GIBIBYTE: Final = 1024**3
_SOME_DAYS: Final = 21
_FEW_DAYS: Final = 7
# Per cent of a manifest's life.
_WHOLE_LIFE: Final = 100
_OLD_AGE: Final = 90
_MIDDLE_AGE: Final = 50


@dataclass(frozen=True, slots=True)
class Light:
    """One thing that is well or not; `cure` names the section of the console that helps."""

    name: str
    level: Level
    sentence: str
    cure: Cure = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """All lights, and the numbers behind them."""

    lights: tuple[Light, ...]
    numbers: Numbers

    @property
    def level(self) -> Level:
        """The worst of the lights."""
        levels = {light.level for light in self.lights}
        return "act" if "act" in levels else "look" if "look" in levels else "good"


async def overview(app: App) -> Overview:
    """Look at the office."""
    now = app.now()
    async with app.db.reader() as conn:
        numbers = await oversight.count(conn, now)
        belonging = await organisation.find(conn)
    share, free = await asyncio.to_thread(_space, app.config.data_dir)
    lights = (
        work_light("Posts to other offices", numbers.deliveries_since, now, "queues"),
        work_light("Posts from other offices", numbers.inbox_since, now, "inbox"),
        work_light("Work in the background", numbers.jobs_since, now, "queues"),
        _parked(numbers),
        _refused(numbers),
        _peers(numbers),
        *(() if belonging is None else (manifest_light(belonging, now),)),
        *_people(numbers),
        disk_light(share, free),
        _clock(numbers.database_time, now),
        *await asyncio.to_thread(certificate_lights, app.config.server.tls_certificate, now),
        _mail(app),
    )
    return Overview(lights, numbers)


def work_light(name: str, since: datetime | None, now: datetime, cure: Cure) -> Light:
    """Return how work is whose oldest piece is due since a time."""
    waited = timedelta() if since is None else now - since
    if waited < _LATE:
        return Light(name, "good", "Nothing waits longer than it should.", cure)
    minutes = round(waited.total_seconds() / 60)
    level: Level = "act" if waited >= _VERY_LATE else "look"
    return Light(
        name,
        level,
        f"The oldest waits for {minutes} minutes. Is a worker running (`fedimmp serve`)?",
        cure,
    )


def _parked(numbers: Numbers) -> Light:
    aside, dead = numbers.deliveries_set_aside, numbers.deliveries_dead
    if not aside and not dead:
        return Light("What did not get through", "good", "Everything arrived.", "queues")
    return Light(
        "What did not get through",
        "look",
        f"{aside} set aside, {dead} given up: read why, then try again or drop them.",
        "queues",
    )


def _refused(numbers: Numbers) -> Light:
    name = "What was not understood"
    if not numbers.inbox_refused and not numbers.jobs_buried:
        return Light(name, "good", "Everything that came was processed.", "inbox")
    sentence = f"Activities of other offices that were refused or failed: {numbers.inbox_refused}."
    if numbers.jobs_buried:
        sentence += f" Jobs of our own that failed: {numbers.jobs_buried}."
    return Light(name, "look", f"{sentence} Read why.", "inbox")


def _peers(numbers: Numbers) -> Light:
    refusing, failing = numbers.hosts_refusing, numbers.hosts_failing
    if refusing:
        are = "office refuses" if refusing == 1 else "offices refuse"
        return Light(
            "Other offices", "act", f"{refusing} {are} us: we are probably not on a list.", "peers"
        )
    if failing:
        are = "office is" if failing == 1 else "offices are"
        return Light("Other offices", "look", f"{failing} {are} out of reach.", "peers")
    return Light("Other offices", "good", "All answer.", "peers")


def manifest_light(known: Organisation, now: datetime) -> Light:
    """Return how the organisation's list is: held back, over, in trouble, old, or well."""
    name, life = "The organisation's list", life_over(known, now)
    if known.held_version is not None:
        return Light(
            name,
            "act",
            f"Version {known.held_version} removes {len(known.held_removals)} offices at once and"
            " waits: look with `fedimmp org diff`, then `fedimmp org confirm`.",
            "peers",
        )
    if life >= _WHOLE_LIFE:
        return Light(name, "act", "It is over: nothing new is taken until it is renewed.", "peers")
    if known.trouble:
        return Light(name, "look", f"Its source: {known.trouble}", "peers")
    if known.version == 0:
        return Light(name, "look", "Nothing was received yet.", "peers")
    level: Level = "act" if life >= _OLD_AGE else "look" if life >= _MIDDLE_AGE else "good"
    return Light(name, level, f"Version {known.version}; {life} % of its time are over.", "peers")


def _people(numbers: Numbers) -> Iterator[Light]:
    reports, waiting = numbers.reports_open, numbers.applicants
    are = "report is" if reports == 1 else "reports are"
    yield Light(
        "Reports",
        "look" if reports else "good",
        f"{reports} {are} open." if reports else "None is open.",
        "reports",
    )
    if waiting:
        wait = "person waits" if waiting == 1 else "people wait"
        yield Light("Sign-ups", "look", f"{waiting} {wait} to be let in or to confirm.", "members")


def disk_light(share: float, free: int) -> Light:
    """Return how a disk is of which this share and so many bytes are free."""
    sentence = f"{free / _GIBIBYTE:.1f} GiB are free, {share:.0%} of the disk of the data folder."
    level: Level = "act" if share < _NO_SPACE else "look" if share < _LITTLE_SPACE else "good"
    return Light("Disk", level, sentence, "settings")


def _clock(theirs: datetime, ours: datetime) -> Light:
    seconds = abs(theirs - ours)
    if seconds < _DRIFT:
        return Light("Clock", "good", "The database and this server agree on the time.")
    return Light(
        "Clock",
        "act" if seconds >= _WRONG_TIME else "look",
        f"The database and this server differ by {round(seconds.total_seconds())} seconds: other"
        " offices refuse what is signed at a wrong time. Let both follow the same time server.",
    )


def certificate_lights(file: Path | None, now: datetime) -> list[Light]:
    """Return how the certificate in a file is; without a file there is nothing to say."""
    if file is None:
        # A proxy in front shows its own, which we do not see.
        return []
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes())
        ends = min(each.not_valid_after_utc for each in chain)
    except (OSError, ValueError):
        return [Light("Certificate", "act", f"{file} cannot be read.", "settings")]
    days = (ends - now).days
    level: Level = "act" if days < _FEW_DAYS else "look" if days < _SOME_DAYS else "good"
    return [Light("Certificate", level, f"It holds until {ends:%Y-%m-%d}.", "settings")]


def _mail(app: App) -> Light:
    if app.config.mail.host is None:
        return Light("Mail", "good", "Not set up: links are handed over by you.", "settings")
    return Light("Mail", "good", f"Sent through {app.config.mail.host}.", "settings")


def _space(folder: Path) -> tuple[float, int]:
    usage = shutil.disk_usage(folder)
    return usage.free / usage.total, usage.free
