"""The office that publishes: the list of the organisation is changed, signed and given out here.

People's keys are never stored: who signs brings their own. How a manifest is taken, by this office
and by all others alike, is in `organising`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from activitypub.errors import Malformed, TooLarge
from activitypub.manifest import signing
from activitypub.manifest.content import (
    Manifest,
    Member,
    MemberState,
    check_organisation_id,
    check_text,
    read_member,
    write_member,
)
from activitypub.manifest.keys import OrganisationKey, PublicKey, fingerprint_of_pem
from activitypub.manifest.signing import Draft, Quorum
from fedimmp.app import App
from fedimmp.effects import organisation as effects
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.services import manifest_members, organising
from fedimmp.services.organising import Taken
from fedimmp.services.stamping_manifest import NO_DRAFT, STAMP_LIFE, office_key_of, rising
from storage import account_keys, audit, organisation, organisation_draft
from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.database import Connection, Transaction
from storage.organisation_draft import StoredDraft

# A root outlives the manifests below it: it is renewed with one of them, long before it ends.
_ROOT_LIFE: Final = timedelta(days=730)
_ROOT_MARGIN: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the signing of the next version is."""

    version: int
    missing: int
    signed_by: tuple[str, ...]


async def found(
    app: App,
    organisation_id: str,
    name: str,
    people: Sequence[PublicKey],
    *,
    needed: int,
    life_days: int,
    actor: str,
) -> str:
    """Begin to publish for an organisation, and return the fingerprint that other offices need.

    `needed` of the people's keys sign each version, which holds for `life_days`. Raises Invalid,
    and Conflict for an office that belongs to an organisation.
    """
    office = OrganisationKey.generate()
    now = app.now()
    with refusing():
        check_organisation_id(organisation_id)
        check_text(name, "name of the organisation")
        root = _first_root(Quorum(tuple(people), needed, office.public), now)
    fingerprint = signing.root_fingerprint(root)
    async with app.db.writer() as tx:
        if await organisation.lock(tx) is not None:
            raise Conflict("This office belongs to an organisation: run `fedimmp org leave` first.")
        await organisation.subscribe(tx, is_publisher=True, fingerprint=fingerprint)
        await organisation_draft.insert(
            tx,
            organisation_id=organisation_id,
            name=name,
            life_days=life_days,
            office_key=app.keys.seal(office.seed),
            root=root,
        )
        await organisation_draft.set_members(tx, [write_member(await own_member(tx, app))], ())
        quorum = f"{needed} of {len(people)}"
        detail: dict[str, object] = {"fingerprint": fingerprint, "quorum": quorum}
        await _note(tx, actor, "init", organisation_id, detail, now=now)
    return fingerprint


def _first_root(quorum: Quorum, now: datetime) -> bytes:
    return signing.new_root(quorum, version=1, expires=now + _ROOT_LIFE)


async def _note(
    tx: Transaction,
    actor: str,
    act: str,
    target: str,
    detail: dict[str, object],
    *,
    now: datetime,
) -> None:
    action = f"organisation.{act}"
    await audit.append(tx, actor=actor, action=action, target=target, detail=detail, now=now)


async def own_member(conn: Connection, app: App) -> Member:
    """Return this office as a list would name it."""
    keys = await account_keys.list_public(conn, INSTANCE_ACCOUNT_ID)
    fingerprints = tuple(fingerprint_of_pem(key.public_pem) for key in keys)
    return Member(app.uris.host, fingerprints, office=app.config.server.name)


async def put_member(app: App, member: Member, *, actor: str) -> None:
    """Add an office to the next version, or describe it anew; raises Invalid."""
    with refusing():
        member = read_member(write_member(member))

    def change(members: dict[str, Member], _confirmed: set[str]) -> None:
        members[member.host] = member

    await _change(app, change, act="organisation.member.add", target=member.host, actor=actor)


async def end_member(
    app: App, host: str, state: MemberState, *, confirmed: bool, actor: str
) -> None:
    """Drain or remove an office with the next version; raises NotFound.

    Confirmed, the others take that away without asking their administrators, however many go.
    """

    def change(members: dict[str, Member], confirmations: set[str]) -> None:
        if host not in members:
            raise NotFound(f"{host} is not in the list.")
        members[host] = replace(members[host], state=state)
        if confirmed:
            confirmations.add(host)

    await _change(app, change, act=f"organisation.member.{state}", target=host, actor=actor)


async def _change(
    app: App,
    change: Callable[[dict[str, Member], set[str]], None],
    *,
    act: str,
    target: str,
    actor: str,
) -> None:
    async def work(tx: Transaction) -> None:
        draft = await _locked(tx)
        members = {each.host: each for each in members_of(draft)}
        confirmed = set(draft.confirmed_removals)
        change(members, confirmed)
        listed = [write_member(members[host]) for host in sorted(members)]
        await organisation_draft.set_members(tx, listed, sorted(confirmed))
        await audit.append(tx, actor=actor, action=act, target=target, now=app.now())

    await app.db.transact(work)


async def sign(app: App, key: OrganisationKey, *, at_least: int = 0, actor: str) -> Progress:
    """Sign the next version with one person's key.

    After a restored backup it takes a number of `at_least` what others have never seen. Raises
    Invalid for a key that has no say, and Conflict for removals that nobody has confirmed.
    """

    async def work(tx: Transaction) -> Progress:
        draft = await _prepared(tx, app, at_least)
        signed = signing.sign_draft(draft, key)
        return await _keep(tx, app, draft, signed, actor)

    return await app.db.transact(work)


async def prepare(app: App) -> Draft:
    """Return what people sign next, with the signatures that it has."""
    return await app.db.transact(lambda tx: _prepared(tx, app))


async def take_signatures(app: App, brought: Draft, *, actor: str) -> Progress:
    """Take the signatures of a draft that was signed elsewhere; raises Conflict for another one."""

    async def work(tx: Transaction) -> Progress:
        draft = await _prepared(tx, app)
        with refusing():
            merged = signing.merge_signatures(draft, brought)
        if merged is None:
            raise Conflict("The list was changed meanwhile: that file signs another version.")
        return await _keep(tx, app, draft, merged, actor)

    return await app.db.transact(work)


async def _keep(tx: Transaction, app: App, before: Draft, signed: Draft, actor: str) -> Progress:
    root = await _root(tx)
    with refusing():
        progress = _progress(signed, root)
        new = set(progress.signed_by) - set(signing.signed_by(before))
        signing.check_signers(signed, root)
    await organisation_draft.set_signed(
        tx, root=signed.root, targets=signed.targets, content=signed.content
    )
    await audit.append(
        tx,
        actor=actor,
        action="organisation.sign",
        target=signed.manifest.organisation_id,
        detail={"version": progress.version, "keys": sorted(new)},
        now=app.now(),
    )
    return progress


async def publish(app: App, *, actor: str) -> Taken:
    """Give the signed version out: it holds here at once, and all offices are told.

    Raises Conflict while signatures are missing, Refused for what no office would take.
    """
    async with app.db.reader() as conn:
        stored = await _get(conn)
        draft = _signed_draft(stored, await _root(conn))
        files = await _repository(conn, app, stored, draft)
    manifest = draft.manifest

    async def give_out(tx: Transaction) -> None:
        current = await _locked(tx)
        if current.revision != stored.revision:
            raise Conflict("The list was changed meanwhile: run `fedimmp org publish` again.")
        await organisation_draft.clear_published(tx)
        await effects.manifest_published(tx, app, manifest.version, app.now())
        await audit.append(
            tx,
            actor=actor,
            action="organisation.publish",
            target=manifest.organisation_id,
            detail={"version": manifest.version},
            now=app.now(),
        )

    return await organising.take_own(app, files, give_out, actor=actor)


async def rotate(
    app: App,
    *,
    add: Sequence[PublicKey] = (),
    drop: Sequence[str] = (),
    needed: int | None = None,
    office_key: bool = False,
    actor: str,
) -> Progress:
    """Let other keys sign from the next version on; as many of the old and of the new must agree.

    `drop` are ids of keys; with `office_key` this office makes itself a new one. Raises Invalid.
    """
    now = app.now()
    fresh = OrganisationKey.generate() if office_key else None

    async def work(tx: Transaction) -> Progress:
        stored = await _locked(tx)
        current = await _root(tx)
        if current is None:
            raise Conflict("Nothing is published yet: begin anew with `fedimmp org init` instead.")
        with refusing():
            quorum = _rotated(current, add, drop, needed, fresh)
            root = signing.new_root(
                quorum, version=signing.version_of(current) + 1, expires=now + _ROOT_LIFE
            )
        if fresh is not None:
            await organisation_draft.set_next_office_key(tx, app.keys.seal(fresh.seed))
        draft = _drafted(stored, root, await _version(tx), now)
        await organisation_draft.set_signed(
            tx, root=root, targets=draft.targets, content=draft.content
        )
        said = f"{quorum.needed} of {len(quorum.people)}"
        added = [key.keyid for key in add]
        detail: dict[str, object] = {"added": added, "dropped": list(drop), "quorum": said}
        await _note(tx, actor, "rotate", stored.organisation_id, detail, now=now)
        return _progress(draft, current)

    return await app.db.transact(work)


def _rotated(
    root: bytes,
    add: Sequence[PublicKey],
    drop: Sequence[str],
    needed: int | None,
    fresh: OrganisationKey | None,
) -> Quorum:
    """Return whose signatures are to count after those that count under a root."""
    before = signing.quorum_of(root)
    people = [key for key in before.people if key.keyid not in drop]
    if len(before.people) - len(people) != len(set(drop)):
        raise Malformed("A key that is to be dropped has no say.")
    office = before.office if fresh is None else fresh.public
    return Quorum((*people, *add), needed or before.needed, office)


def members_of(draft: StoredDraft) -> list[Member]:
    """Return the offices of the list as it will be."""
    return [read_member(each) for each in draft.members]


async def _prepared(tx: Transaction, app: App, at_least: int = 0) -> Draft:
    """Return what people sign, which stays the same until the list is changed."""
    stored = await _locked(tx)
    if stored.targets is not None and stored.content is not None:
        known = Draft(stored.content, stored.targets, stored.root)
        if known.manifest.version >= at_least:
            return known
    now = app.now()
    draft = _drafted(stored, stored.root, max(await _version(tx), at_least - 1), now)
    if draft.root is None:
        draft = replace(draft, root=_renewed(await _root(tx), draft.manifest, now))
    unconfirmed = await manifest_members.removals(tx, draft.manifest)
    if unconfirmed.need_confirmation:
        raise Conflict(
            f"This takes away {len(unconfirmed.unconfirmed)} of {unconfirmed.of} offices, more than"
            " a fifth: name each with `fedimmp org member remove HOST --confirm`."
        )
    await organisation_draft.set_signed(
        tx, root=draft.root, targets=draft.targets, content=draft.content
    )
    return draft


def _renewed(root: bytes | None, manifest: Manifest, now: datetime) -> bytes | None:
    """Return a root with the same keys where the one that holds ends too soon after a manifest."""
    if root is None or signing.expires_of(root) > manifest.expires_at + _ROOT_MARGIN:
        return None
    return signing.new_root(
        signing.quorum_of(root), version=signing.version_of(root) + 1, expires=now + _ROOT_LIFE
    )


def _drafted(stored: StoredDraft, root: bytes | None, version: int, now: datetime) -> Draft:
    issued = now.replace(microsecond=0)
    manifest = Manifest(
        organisation_id=stored.organisation_id,
        name=stored.name,
        version=version + 1,
        issued_at=issued,
        expires_at=issued + timedelta(days=stored.life_days),
        members=tuple(members_of(stored)),
        confirmed_removals=frozenset(stored.confirmed_removals),
    )
    with refusing():
        return replace(signing.new_targets(manifest), root=root)


def _signed_draft(stored: StoredDraft, root: bytes | None) -> Draft:
    if stored.targets is None or stored.content is None:
        raise Conflict("Nobody has signed the list yet: run `fedimmp org sign`.")
    draft = Draft(stored.content, stored.targets, stored.root)
    if missing := signing.missing_signatures(draft, root):
        raise Conflict(f"{missing} more must sign: run `fedimmp org sign` with other keys.")
    return draft


async def _repository(
    conn: Connection, app: App, stored: StoredDraft, draft: Draft
) -> dict[str, bytes]:
    """Return the files of the version as all offices will get them."""
    now = app.now()
    files = await organisation.read_files(conn)
    roots = [raw for name, raw in files.items() if name.endswith(".root.json")]
    if draft.root is not None:
        roots.append(draft.root)
    stamped = snapshot = 0
    if "timestamp.json" in files:
        stamped = signing.version_of(files["timestamp.json"])
        snapshot = signing.latest_snapshot(files)
    return signing.publish(
        draft,
        roots,
        office_key_of(app, stored.next_office_key or stored.office_key),
        snapshot_version=rising(snapshot, now),
        timestamp_version=rising(stamped, now),
        stamp_expires=now + STAMP_LIFE,
    )


def _progress(draft: Draft, root: bytes | None) -> Progress:
    return Progress(
        draft.manifest.version, signing.missing_signatures(draft, root), signing.signed_by(draft)
    )


async def _version(conn: Connection) -> int:
    known = await organisation.find(conn)
    return 0 if known is None else known.version


async def _root(conn: Connection) -> bytes | None:
    files = await organisation.read_files(conn)
    return signing.latest_root(files) if files else None


async def _locked(tx: Transaction) -> StoredDraft:
    stored = await organisation_draft.lock(tx)
    if stored is None:
        raise NotFound(NO_DRAFT)
    return stored


async def _get(conn: Connection) -> StoredDraft:
    stored = await organisation_draft.find(conn)
    if stored is None:
        raise NotFound(NO_DRAFT)
    return stored


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the protocol does not accept into an answer to who asked."""
    try:
        yield
    except (Malformed, TooLarge) as error:
        raise Invalid(str(error)) from error
