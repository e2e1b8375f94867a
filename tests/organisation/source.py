"""A publishing office that a test can corrupt: it hands out what it is told to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiohttp import web

from activitypub.manifest import PATH, signing
from activitypub.manifest.content import Manifest, Member
from activitypub.manifest.keys import OrganisationKey
from activitypub.manifest.signing import Draft, Quorum
from tests.protocol.peers import Page, Peer

WHOLE_KEY = "sha256:" + "0" * 64


def members(*hosts: str) -> tuple[Member, ...]:
    """Return offices of these hosts."""
    return tuple(Member(host, (WHOLE_KEY,)) for host in sorted(hosts))


class Publisher:
    """Makes and signs versions, as they should be or not."""

    def __init__(self, *, keys: int = 3, needed: int = 2) -> None:
        self.people = [OrganisationKey.generate() for _ in range(keys)]
        self.office = OrganisationKey.generate()
        self.needed = needed
        self.roots: list[bytes] = []
        self.now = datetime.now(UTC)
        self.add_root()

    @property
    def fingerprint(self) -> str:
        return signing.root_fingerprint(self.roots[0])

    def quorum(self) -> Quorum:
        return Quorum(tuple(key.public for key in self.people), self.needed, self.office.public)

    def add_root(
        self, *, by: Sequence[OrganisationKey] | None = None, life: timedelta = timedelta(days=700)
    ) -> None:
        """Let the present keys have their say from the next version on, signed by these."""
        root = signing.new_root(self.quorum(), version=len(self.roots) + 1, expires=self.now + life)
        for key in self.people[: self.needed] if by is None else by:
            root = signing.sign_root(root, key)
        self.roots.append(root)

    def draft(
        self,
        version: int,
        hosts: Sequence[Member],
        *,
        life: timedelta = timedelta(days=90),
        confirmed: Sequence[str] = (),
        organisation_id: str = "corp.example",
    ) -> Draft:
        """Return a version that nobody has signed."""
        issued = self.now.replace(microsecond=0)
        manifest = Manifest(
            organisation_id,
            "Corp",
            version,
            issued,
            issued + life,
            tuple(hosts),
            frozenset(confirmed),
        )
        return signing.new_targets(manifest)

    def publish(
        self,
        version: int,
        hosts: Sequence[Member],
        *,
        by: Sequence[OrganisationKey] | None = None,
        stamp: int | None = None,
        stamp_life: timedelta = timedelta(days=3),
        life: timedelta = timedelta(days=90),
        confirmed: Sequence[str] = (),
        organisation_id: str = "corp.example",
    ) -> dict[str, bytes]:
        """Return the files of a version, signed by these people, or by as many as must."""
        draft = self.draft(
            version, hosts, life=life, confirmed=confirmed, organisation_id=organisation_id
        )
        for key in self.people[: self.needed] if by is None else by:
            draft = signing.sign_draft(draft, key)
        return signing.publish(
            draft,
            self.roots,
            self.office,
            snapshot_version=stamp or version,
            timestamp_version=stamp or version,
            stamp_expires=self.now + stamp_life,
        )


def serve(peer: Peer, files: dict[str, bytes], *, content_type: str = "application/json") -> None:
    """Let an office hand out these files and no others."""
    for path in [path for path in peer.pages if path.startswith(PATH)]:
        del peer.pages[path]
    for name, raw in files.items():
        peer.pages[f"{PATH}/{name}"] = _page(raw, content_type)


def _page(raw: bytes, content_type: str) -> Page:
    return lambda _request: web.Response(body=raw, content_type=content_type)
