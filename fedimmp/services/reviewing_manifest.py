"""What administrators see of the organisation: how it stands, its troubles, what will change."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from activitypub.manifest import signing, verifying
from activitypub.manifest.content import Manifest, Member, read_manifest, read_member, write_member
from activitypub.manifest.verifying import Needed
from fedimmp.app import App
from fedimmp.errors import Conflict, NotFound
from fedimmp.services.organising import NEVER, life_over
from storage import organisation, organisation_draft
from storage.database import Connection
from storage.organisation import Organisation, OrganisationMember


@dataclass(frozen=True, slots=True)
class Overview:
    """How the organisation stands; `fingerprint` is that of the present root, `quorum` a phrase.

    Each warning is a sentence that says what to do.
    """

    organisation: Organisation
    members: tuple[OrganisationMember, ...]
    fingerprint: str
    quorum: str
    life_over: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an office."""

    host: str
    what: str


async def overview(app: App) -> Overview:
    """Return how the organisation stands; raises NotFound for an office that belongs to none."""
    now = app.now()
    async with app.db.reader() as conn:
        known = await _get(conn)
        members = await organisation.list_members(conn)
        files = await organisation.read_files(conn)
    root = signing.latest_root(files) if files else None
    quorum = None if root is None else signing.quorum_of(root)
    percent = life_over(known, now)
    return Overview(
        known,
        tuple(members),
        known.fingerprint if root is None else signing.root_fingerprint(root),
        "" if quorum is None else f"{quorum.needed} of {len(quorum.people)} keys",
        percent,
        tuple(_warnings(app, known, members, percent)),
    )


def _warnings(
    app: App, known: Organisation, members: Sequence[OrganisationMember], percent: int
) -> list[str]:
    found = []
    if not known.version:
        found.append("No list is known here yet.")
    if percent >= 100:
        found.append("The list has expired: it stays as it is, and nothing is added any more.")
    elif percent >= 50:
        found.append(f"{percent} % of the list's life is over: a newer one must be signed.")
    if known.trouble:
        found.append(known.trouble)
    found += [
        f"{each.host} shows the key {each.foreign_key}, which the list does not name: is it its new"
        " one, or somebody else?"
        for each in members
        if each.foreign_key
    ]
    own = next((each for each in members if each.host == app.uris.host), None)
    if members and (own is None or own.state != "active"):
        found.append("The list does not name this office: others do not talk to it because of it.")
    return found


async def verify_copy(app: App) -> int:
    """Check the copy that is kept here from its root on, and return its version.

    Raises NotFound without one, Refused where it is not as it was signed.
    """
    async with app.db.reader() as conn:
        known = await _get(conn)
        files = await organisation.read_files(conn)
    if not files or known.issued_at is None:
        raise NotFound("There is no list here yet.")
    latest = signing.version_of(signing.latest_root(files))
    offered: dict[str, bytes | None] = {**files, f"{latest + 1}.root.json": None}
    roots = (raw for name, raw in files.items() if name.endswith(".root.json"))
    root = next((raw for raw in roots if signing.root_fingerprint(raw) == known.fingerprint), None)
    if root is None:
        raise Conflict("The root that was trusted at first is not here any more.")
    # What holds stays what it is after its time: it is judged as of the day when it was issued.
    trusted = {f"{signing.version_of(root)}.root.json": root}
    judged = await asyncio.to_thread(verifying.verify, trusted, offered, known.issued_at)
    if isinstance(judged, Needed):
        raise Conflict(f"A part of the list is not here: {judged.name}.")
    return judged.manifest.version


async def changes(app: App) -> list[Change]:
    """Return what the next version, or the one that waits for a confirmation, would change."""
    async with app.db.reader() as conn:
        known = await _get(conn)
        before = {each.host: _said(each) for each in await organisation.list_members(conn)}
        after = {each.host: each for each in await _next_members(conn, known)}
    return [
        Change(host, what)
        for host in sorted(before | after)
        if (what := _difference(before.get(host), after.get(host)))
    ]


async def _next_members(conn: Connection, known: Organisation) -> Sequence[Member]:
    if known.held_version is not None:
        return _manifest_in(await organisation.read_files(conn, held=True)).members
    draft = await organisation_draft.find(conn)
    if draft is None:
        return [_said(each) for each in await organisation.list_members(conn)]
    return [read_member(each) for each in draft.members]


def _manifest_in(files: dict[str, bytes]) -> Manifest:
    return read_manifest(next(raw for name, raw in files.items() if name.startswith("targets/")))


def _said(member: OrganisationMember) -> Member:
    return Member(
        host=member.host,
        keys=member.keys,
        state=member.state,
        scope=member.scope,
        office=member.office,
        time_zone=member.time_zone,
        contact=member.contact,
        networks=member.networks,
    )


def _difference(before: Member | None, after: Member | None) -> str:
    if before == after:
        return ""
    if before is None:
        return "is added"
    if after is None:
        return "is listed no more"
    if before.state != after.state:
        return f"{before.state} -> {after.state}"
    said, says = write_member(before), write_member(after)
    return "changes " + ", ".join(name for name in said if said[name] != says[name])


async def _get(conn: Connection) -> Organisation:
    known = await organisation.find(conn)
    if known is None:
        raise NotFound(NEVER)
    return known
