"""An organisation in tests: its keys, its publishing office, and offices that follow it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from activitypub.manifest.content import Member
from activitypub.manifest.keys import OrganisationKey
from fedimmp.services import organising, publishing_manifest
from fedimmp.services.organising import Taken
from storage import organisation
from tests.wire.offices import Office, settled

LOOPBACK = ("127.0.0.0/8", "::1/128")


class Clock:
    """The time of day, which a test can move on."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **ahead: float) -> None:
        self._ahead += timedelta(**ahead)


@dataclass
class Company:
    """hq publishes; `people` are the three keys of which two must sign."""

    hq: Office
    clock: Clock
    people: list[OrganisationKey] = field(
        default_factory=lambda: [OrganisationKey.generate() for _ in range(3)]
    )
    fingerprint: str = ""

    async def found(self, *, life_days: int = 90) -> None:
        """Begin the organisation, with hq as its only office."""
        self.fingerprint = await publishing_manifest.found(
            self.hq.app,
            "corp.example",
            "Corp",
            [key.public for key in self.people],
            needed=2,
            life_days=life_days,
            actor="tests",
        )
        await self.list(self.hq)

    async def list(self, *offices: Office) -> None:
        """Put offices on the list as it will be."""
        for office in offices:
            async with office.app.db.reader() as conn:
                own = await publishing_manifest.own_member(conn, office.app)
            member = Member(
                own.host,
                own.keys,
                office=own.office,
                time_zone="Europe/Lisbon",
                contact="it@corp.example",
                networks=LOOPBACK,
            )
            await publishing_manifest.put_member(self.hq.app, member, actor="tests")

    async def sign(self, keys: Sequence[OrganisationKey] | None = None) -> None:
        for key in self.people[:2] if keys is None else keys:
            await publishing_manifest.sign(self.hq.app, key, actor="tests")

    async def publish(self) -> int:
        """Sign and publish; return the version."""
        await self.sign()
        return (await publishing_manifest.publish(self.hq.app, actor="tests")).version

    async def spread(self, *offices: Office) -> int:
        """Sign and publish, and let all that follows happen; nobody does anything elsewhere."""
        # Who asked a moment ago does not ask again at once.
        self.clock.move(seconds=10)
        version = await self.publish()
        await settled(self.hq, *offices)
        return version

    async def carry(self, office: Office) -> Taken:
        """Bring what hq has published to an office by hand, on whatever day: nothing is signed."""
        async with self.hq.app.db.reader() as conn:
            files = await organisation.read_files(conn)
        return await organising.import_files(office.app, files)

    async def join(self, *offices: Office) -> None:
        """Let offices follow the list; nobody does anything else there."""
        for office in offices:
            await organising.subscribe(
                office.app, self.hq.host, self.fingerprint, networks=LOOPBACK, actor="tests"
            )
        await settled(self.hq, *offices)


async def states(office: Office) -> dict[str, str]:
    """Return how an office stands to others."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch("SELECT host, state FROM peers ORDER BY host")
        return {row["host"]: row["state"] for row in rows}


async def acts(office: Office, action: str) -> list[dict[str, object]]:
    """Return the details of what the audit log has of an action, the oldest first."""
    async with office.app.db.reader() as conn:
        rows = await conn.fetch("SELECT detail FROM audit WHERE action = $1 ORDER BY id", action)
        return [row["detail"] for row in rows]
