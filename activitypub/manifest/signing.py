"""The publisher's side: metadata of The Update Framework, made and signed.

Root and targets are signed by people (k of n keys), snapshot and timestamp by the office that
publishes, whose key can add nobody: it only says what is the latest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, TypeVar

import orjson
from securesystemslib.exceptions import UnverifiedSignatureError
from tuf.api.metadata import (
    Key,
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError

from activitypub.documents import parse_document
from activitypub.errors import Malformed
from activitypub.manifest.content import Manifest, read_manifest, write_manifest
from activitypub.manifest.keys import OrganisationKey, PublicKey, fingerprint

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)

TARGET: Final = "organisation.json"
MAX_METADATA: Final = 512 * 1024
# Each of the parts is a text in it, with its quotes escaped.
MAX_DRAFT: Final = 4 * 1024 * 1024
MAX_ROOT_KEYS: Final = 16
_DRAFT_KIND: Final = "fedimmp organisation draft"
_BY_PEOPLE: Final = ("root", "targets")
_BY_OFFICE: Final = ("snapshot", "timestamp")


@dataclass(frozen=True, slots=True)
class Quorum:
    """Whose signatures count: `needed` of the people's keys, and the publishing office's key."""

    people: tuple[PublicKey, ...]
    needed: int
    office: PublicKey

    def __post_init__(self) -> None:
        ids = {key.keyid for key in self.people}
        if not 1 <= self.needed <= len(self.people) <= MAX_ROOT_KEYS:
            raise Malformed(f"A quorum is 1 to n of n keys, and n at most {MAX_ROOT_KEYS}.")
        if len(ids) != len(self.people) or self.office.keyid in ids:
            raise Malformed("Each key of a quorum counts once, and the office's is another.")


@dataclass(frozen=True, slots=True)
class Draft:
    """What people sign next: the manifest, and the root where keys or its life change."""

    content: bytes
    targets: bytes
    root: bytes | None = None

    @property
    def manifest(self) -> Manifest:
        """The manifest that would be published."""
        return read_manifest(self.content)


def new_root(quorum: Quorum, *, version: int, expires: datetime) -> bytes:
    """Return an unsigned root."""
    keys: dict[str, Key] = {key.keyid: key for key in (*quorum.people, quorum.office)}
    people = [key.keyid for key in quorum.people]
    roles = {name: Role(list(people), quorum.needed) for name in _BY_PEOPLE}
    roles |= {name: Role([quorum.office.keyid], 1) for name in _BY_OFFICE}
    root = Root(version=version, expires=_whole(expires), keys=keys, roles=roles)
    return _bytes(Metadata(root))


def quorum_of(root: bytes) -> Quorum:
    """Return whose signatures count under a root; raises Malformed for one of another make.

    All people's keys count for root and targets alike, one office's for the rest.
    """
    signed = _read(root, Root).signed
    root_role, timestamp_role = signed.roles["root"], signed.roles["timestamp"]
    for name in (*_BY_PEOPLE, *_BY_OFFICE):
        expected = root_role if name in _BY_PEOPLE else timestamp_role
        role = signed.roles[name]
        if (sorted(role.keyids), role.threshold) != (sorted(expected.keyids), expected.threshold):
            raise Malformed("The roles of the root are not those of an organisation.")
    try:
        people = tuple(_ed25519(signed, keyid) for keyid in root_role.keyids)
        (office,) = (_ed25519(signed, keyid) for keyid in timestamp_role.keyids)
    except (KeyError, ValueError) as error:
        raise Malformed("The keys of the root are not those of an organisation.") from error
    return Quorum(people, root_role.threshold, office)


def root_fingerprint(root: bytes) -> str:
    """Return what names a root, its keys and its quorum: the digest of what is signed in it."""
    return fingerprint(_read(root, Root).signed_bytes)


def new_targets(manifest: Manifest) -> Draft:
    """Return a draft of a manifest that nobody has signed."""
    content = write_manifest(manifest)
    # What cannot be read must not be signed.
    read_manifest(content)
    targets = Targets(
        version=manifest.version,
        expires=_whole(manifest.expires_at),
        targets={TARGET: TargetFile.from_data(TARGET, content, ["sha256"])},
    )
    return Draft(content, _bytes(Metadata(targets)))


def sign_draft(draft: Draft, key: OrganisationKey) -> Draft:
    """Return the draft with the key's signatures; a second time changes nothing."""
    root = None if draft.root is None else sign_root(draft.root, key)
    return Draft(draft.content, _sign(draft.targets, key, Targets), root)


def sign_root(root: bytes, key: OrganisationKey) -> bytes:
    """Return a root with the key's signature."""
    return _sign(root, key, Root)


def missing_signatures(draft: Draft, root: bytes | None) -> int:
    """Return how many people still have to sign, `root` being the one that holds now, if any.

    A new root needs as many of the old keys as they demand, and as many of the new ones.
    """
    previous = None if root is None else _read(root, Root).signed
    missing, judge = 0, previous
    if draft.root is not None:
        new = _read(draft.root, Root)
        result = new.signed.get_root_verification_result(previous, new.signed_bytes, new.signatures)
        missing, judge = max(result.first.missing, result.second.missing), new.signed
    if judge is None:
        raise Malformed("The first draft of an organisation brings its root along.")
    targets = _read(draft.targets, Targets)
    found = judge.get_verification_result("targets", targets.signed_bytes, targets.signatures)
    return max(missing, found.missing)


def check_signers(draft: Draft, root: bytes | None) -> None:
    """Check that each signature is by a key that has a say, old or new; raises Malformed."""
    roots = [raw for raw in (root, draft.root) if raw is not None]
    keys = {key.keyid: key for raw in roots for key in quorum_of(raw).people}
    for part in (_load(raw) for raw in (draft.targets, draft.root) if raw is not None):
        for keyid, signature in part.signatures.items():
            if keyid not in keys:
                raise Malformed("This key has no say in the organisation.")
            try:
                keys[keyid].verify_signature(signature, part.signed_bytes)
            except UnverifiedSignatureError as error:
                raise Malformed("A signature is not by the key that it names.") from error


def merge_signatures(draft: Draft, brought: Draft) -> Draft | None:
    """Return the draft with the signatures of another copy of it; None if it is of another one."""
    if draft.content != brought.content or (draft.root is None) != (brought.root is None):
        return None
    pairs = [(draft.targets, brought.targets)]
    if draft.root is not None and brought.root is not None:
        pairs.append((draft.root, brought.root))
    merged = []
    for ours, theirs in pairs:
        if signed_part(ours) != signed_part(theirs):
            return None
        metadata, other = _load(ours), _load(theirs)
        metadata.signatures |= other.signatures
        merged.append(metadata.to_bytes())
    return Draft(draft.content, merged[0], merged[1] if len(merged) > 1 else None)


def write_draft(draft: Draft) -> bytes:
    """Return a draft as a file that can be carried to who signs."""
    parts = {"content": draft.content, "targets": draft.targets, "root": draft.root}
    return orjson.dumps(
        {"kind": _DRAFT_KIND} | {name: raw.decode() for name, raw in parts.items() if raw},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def read_draft(raw: bytes) -> Draft:
    """Return the draft of a file; raises Malformed and TooLarge."""
    document = parse_document(raw, max_bytes=MAX_DRAFT)
    root, targets, said = (document.get(name) for name in ("root", "targets", "content"))
    if document.get("kind") != _DRAFT_KIND or not isinstance(targets, str):
        raise Malformed("This file holds nothing to sign.")
    if not isinstance(said, str) or not isinstance(root, str | None):
        raise Malformed("This file holds nothing to sign.")
    draft = Draft(said.encode(), targets.encode(), None if root is None else root.encode())
    if not _read(draft.targets, Targets).signed.targets.get(TARGET):
        raise Malformed("This file holds nothing to sign.")
    return draft


def signed_by(draft: Draft) -> tuple[str, ...]:
    """Return the ids of the keys that have signed the draft's manifest."""
    return tuple(_read(draft.targets, Targets).signatures)


def publish(
    draft: Draft,
    roots: Sequence[bytes],
    office: OrganisationKey,
    *,
    snapshot_version: int,
    timestamp_version: int,
    stamp_expires: datetime,
) -> dict[str, bytes]:
    """Return the files of a repository by name: roots, targets and content, and our two stamps."""
    targets = _read(draft.targets, Targets)
    files = {f"{version_of(root)}.root.json": root for root in roots}
    files[f"{targets.signed.version}.targets.json"] = draft.targets
    files[target_name(draft.content)] = draft.content
    meta = MetaFile.from_data(targets.signed.version, draft.targets, ["sha256"])
    # As long as the manifest: what ends earlier is the timestamp.
    snapshot = Snapshot(
        version=snapshot_version, expires=targets.signed.expires, meta={"targets.json": meta}
    )
    raw = _sign(_bytes(Metadata(snapshot)), office, Snapshot)
    files[f"{snapshot_version}.snapshot.json"] = raw
    files["timestamp.json"] = _timestamp(
        raw, snapshot_version, office, version=timestamp_version, expires=stamp_expires
    )
    return files


def stamp(
    files: Mapping[str, bytes], office: OrganisationKey, *, version: int, expires: datetime
) -> bytes:
    """Return a newer timestamp of a repository in which nothing else has changed."""
    snapshot = latest_snapshot(files)
    raw = files[f"{snapshot}.snapshot.json"]
    return _timestamp(raw, snapshot, office, version=version, expires=expires)


def version_of(raw: bytes) -> int:
    """Return the version of metadata of any role; raises Malformed."""
    return int(_load(raw).signed.version)


def expires_of(raw: bytes) -> datetime:
    """Return when metadata of any role end; raises Malformed."""
    moment: datetime = _load(raw).signed.expires
    return moment


def latest_root(files: Mapping[str, bytes]) -> bytes:
    """Return the newest root of a repository."""
    roots = {int(name.partition(".")[0]): raw for name, raw in files.items() if _is_root(name)}
    return roots[max(roots)]


def latest_snapshot(files: Mapping[str, bytes]) -> int:
    """Return the version of the snapshot to which a repository's timestamp leads."""
    return int(_read(files["timestamp.json"], Timestamp).signed.snapshot_meta.version)


def signed_part(raw: bytes) -> bytes:
    """Return what is signed in metadata of any role, canonically; raises Malformed."""
    return _load(raw).signed_bytes


def target_name(content: bytes) -> str:
    """Return the name under which the content is published: its digest is part of it."""
    return f"targets/{sha256(content).hexdigest()}.{TARGET}"


def _is_root(name: str) -> bool:
    return name.endswith(".root.json")


def _timestamp(
    snapshot: bytes,
    snapshot_version: int,
    office: OrganisationKey,
    *,
    version: int,
    expires: datetime,
) -> bytes:
    meta = MetaFile.from_data(snapshot_version, snapshot, ["sha256"])
    timestamp = Timestamp(version=version, expires=_whole(expires), snapshot_meta=meta)
    return _sign(_bytes(Metadata(timestamp)), office, Timestamp)


def _sign(raw: bytes, key: OrganisationKey, kind: type[S]) -> bytes:
    metadata = _read(raw, kind)
    metadata.sign(key.signer, append=True)
    return _bytes(metadata)


def _read(raw: bytes, kind: type[S]) -> Metadata[S]:
    metadata: Metadata[S] = _load(raw)
    if not isinstance(metadata.signed, kind):
        raise Malformed(f"These metadata are not of the role {kind.type}.")
    return metadata


def _load(raw: bytes) -> Metadata:  # type: ignore[type-arg]
    parse_document(raw, max_bytes=MAX_METADATA)
    try:
        return Metadata.from_bytes(raw)
    except DeserializationError as error:
        raise Malformed("These are no metadata of The Update Framework.") from error


def _ed25519(root: Root, keyid: str) -> PublicKey:
    key = root.keys[keyid]
    if not isinstance(key, PublicKey) or (key.keytype, key.scheme) != ("ed25519", "ed25519"):
        raise ValueError
    # Under two ids one key would count twice.
    public = key.keyval["public"]
    others = (other for other in root.keys.values() if other.keyid != keyid)
    if any(other.keyval["public"] == public for other in others):
        raise ValueError
    return key


def _bytes(metadata: Metadata[S]) -> bytes:
    return metadata.to_bytes()


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
