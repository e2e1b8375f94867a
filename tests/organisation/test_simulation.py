"""A hundred offices, a clock and a network of the test's own: all end up with the latest word.

Everything that judges is the real thing. Messages are lost, offices are cut off for hours, and
somebody on the way hands out what was the latest word once.
"""

import heapq
import itertools
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from activitypub.errors import Unreachable
from activitypub.manifest.content import Manifest
from activitypub.manifest.keys import OrganisationKey
from activitypub.manifest.verifying import Anchor, Refused, Verified, judge, names_needed
from fedimmp.services.manifest_members import removals_between
from fedimmp.services.organising import PULL_EVERY, RETRY_PAUSE
from tests.organisation.source import Publisher, members

OFFICES = 100
BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)
HEALED = BEGIN + timedelta(hours=6)
END = HEALED + timedelta(minutes=90)
LOSS = 0.2


@dataclass
class Office:
    """An office that follows the list."""

    host: str
    anchor: Anchor
    files: dict[str, bytes] = field(default_factory=dict)
    manifest: Manifest | None = None
    accepted: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    asks_at: datetime = BEGIN

    @property
    def version(self) -> int:
        return 0 if self.manifest is None else self.manifest.version


class World:
    """What happens when: a queue of events by time, and chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = BEGIN
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.hq = Publisher()
        self.hq.now = BEGIN
        self.hq.roots.clear()
        self.hq.add_root()
        self.history: list[dict[str, bytes]] = []
        self.cut_off: set[str] = set()
        hosts = [f"office{number:03}.example" for number in range(OFFICES)]
        anchor = Anchor(self.hq.fingerprint)
        self.offices = [Office(host, anchor) for host in hosts]
        self.listed = set(hosts)

    def at(self, moment: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), deed))

    def after(self, pause: timedelta, deed: Callable[[], None]) -> None:
        self.at(self.now + pause, deed)

    def run(self) -> None:
        while self._events:
            moment, _, deed = heapq.heappop(self._events)
            if moment > END:
                return
            self.now = moment
            deed()

    def publish(self) -> None:
        """Let hq give out the next version, now and then by other keys, and tell everybody."""
        version = len(self.history) + 1
        if version == 3:
            old = self.hq.people[:2]
            self.hq.people = [old[0], OrganisationKey.generate(), OrganisationKey.generate()]
            self.hq.add_root(by=[*old, *self.hq.people[1:]])
        self.listed.add(f"new{version}.example")
        self.hq.now = self.now
        listed = members(*self.listed)
        stamp = int(self.now.timestamp())
        self.history.append(self.hq.publish(version, listed, stamp=stamp))
        for office in self.offices:
            pause = timedelta(seconds=self.chance.uniform(0.1, 20))
            self.after(pause, lambda office=office: self.tell(office))  # type: ignore[misc]

    def passes(self, office: Office) -> bool:
        """Tell whether a message between hq and an office arrives."""
        if self.now >= HEALED:
            return True
        return office.host not in self.cut_off and self.chance.random() > LOSS

    def tell(self, office: Office) -> None:
        if self.passes(office):
            self.pull(office)

    def pull_on_time(self, office: Office) -> None:
        again = PULL_EVERY if self.pull(office) else RETRY_PAUSE * 4
        self.after(again, lambda: self.pull_on_time(office))

    def pull(self, office: Office) -> bool:
        """Let an office ask for the latest word; tells whether it got an answer."""
        try:
            verified = self._verified(office)
        except Unreachable:
            return False
        except Refused as refusal:
            office.refused.append(refusal.reason)
            return True
        manifest = verified.manifest
        before = () if office.manifest is None else office.manifest.members
        assert not removals_between(before, manifest).need_confirmation
        office.files, office.manifest = dict(verified.files), manifest
        office.anchor = Anchor(office.anchor.fingerprint, manifest.organisation_id)
        office.accepted.append(manifest.version)
        return True

    def _verified(self, office: Office) -> Verified:
        source = self._source()
        offered: dict[str, bytes | None] = {}
        for name in names_needed(office.files):
            if not self.passes(office):
                raise Unreachable("lost on the way")
            offered[name] = source.get(name)
        while True:
            judged = judge(office.anchor, office.files, offered, self.now)
            if isinstance(judged, Verified):
                return judged
            if not self.passes(office):
                raise Unreachable("lost on the way")
            offered[judged.name] = source.get(judged.name)

    def _source(self) -> dict[str, bytes]:
        """Return what is handed out: the latest word, or an old one by somebody on the way."""
        if self.now < HEALED and self.chance.random() < 0.2:
            return self.chance.choice(self.history)
        return self.history[-1]

    def cut(self) -> None:
        """Cut a third of the offices off until the next cut."""
        self.cut_off = {office.host for office in self.chance.sample(self.offices, OFFICES // 3)}


def test_a_hundred_offices_agree_once_the_network_heals() -> None:
    world = World(int(os.environ.get("FEDIMMP_SEED", "1")))
    for hours in (0, 1.5, 3, 5):
        world.at(BEGIN + timedelta(hours=hours), world.publish)
    for hours in (1, 2.5, 4):
        world.at(BEGIN + timedelta(hours=hours), world.cut)
    for office in world.offices:
        first = timedelta(minutes=world.chance.uniform(1, 60))
        world.at(BEGIN + first, lambda office=office: world.pull_on_time(office))  # type: ignore[misc]
    world.run()

    assert {office.version for office in world.offices} == {len(world.history)}
    for office in world.offices:
        assert office.accepted == sorted(office.accepted), office.host
    refused = {reason for office in world.offices for reason in office.refused}
    assert "rollback" in refused, "nobody ever tried to pass an old word off as the latest"
    last = world.offices[0].manifest
    assert all(office.manifest == last for office in world.offices)
