"""The subscriber's side: is this the latest word of the organisation, and nothing older?

The work is done by the client of The Update Framework over files in memory. It asks for what it
needs, the caller fetches that, and it looks again: so nothing waits for a network while it works,
and a file that was carried by hand is judged by the same rules.
"""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    UnsignedMetadataError,
)
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from activitypub.documents import parse_document
from activitypub.errors import Malformed, ProtocolError, TooLarge, Unreachable
from activitypub.manifest import content, signing
from activitypub.manifest.content import Manifest

T = TypeVar("T")

logger = logging.getLogger(__name__)

Reason = Literal[
    "rollback",
    "same version",
    "expired",
    "signatures",
    "tampered",
    "malformed",
    "too large",
    "foreign",
    "removals",
]

MAX_BYTES: Final = max(content.MAX_BYTES, signing.MAX_METADATA)
_BASE: Final = "memory:///"
_MAX_ROOTS: Final = 64


class Refused(ProtocolError):
    """What claims to be the organisation's word is not, or is not the latest."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Needed:
    """A file of the repository that has to be fetched before it can be judged further."""

    name: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The organisation's word, and the files by which the next one is judged."""

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def stamp_version(self) -> int:
        """The version of the timestamp, which rises although the manifest may stay."""
        return signing.version_of(self.files["timestamp.json"])

    @property
    def stamp_expires(self) -> datetime:
        """Until when the timestamp says what is the latest."""
        return signing.expires_of(self.files["timestamp.json"])


@dataclass(frozen=True, slots=True)
class Anchor:
    """Why an organisation is trusted at all: the fingerprint of a root that a person named.

    organisation_id is known once a first manifest was taken, else empty.
    """

    fingerprint: str
    organisation_id: str = ""


def names_needed(trusted: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the files that are asked for each time, whatever is trusted already."""
    if not trusted:
        return ()
    root = signing.version_of(signing.latest_root(trusted))
    return (f"{root + 1}.root.json", "timestamp.json")


def judge(
    anchor: Anchor,
    trusted: Mapping[str, bytes],
    offered: Mapping[str, bytes | None],
    now: datetime,
) -> Verified | Needed:
    """Judge what a source offers by the last good copy, or by the anchor where there is none yet.

    Raises Refused.
    """
    if not trusted:
        root = find_root(offered, anchor.fingerprint)
        if isinstance(root, Needed):
            return root
        trusted = {f"{signing.version_of(root)}.root.json": root}
    judged = verify(trusted, offered, now)
    if isinstance(judged, Needed) or anchor.organisation_id in (
        "",
        judged.manifest.organisation_id,
    ):
        return judged
    raise Refused("foreign", "The manifest is that of another organisation.")


def verify(
    trusted: Mapping[str, bytes], offered: Mapping[str, bytes | None], now: datetime
) -> Verified | Needed:
    """Judge a repository by the files that are trusted; names are those of the repository.

    `trusted` holds at least one root, which nothing proves but that it is trusted. Of `offered`,
    None is a file that its source does not have. Raises Refused.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="fedimmp-") as folder:
            return _verify(Path(folder), trusted, offered, now)
    except _Missing as missing:
        return Needed(missing.name)


def find_root(offered: Mapping[str, bytes | None], fingerprint: str) -> bytes | Needed:
    """Return the root with this fingerprint, which is trusted because a person says so.

    Asks for one root after the other. Raises Refused where none has it.
    """
    for version in range(1, _MAX_ROOTS + 1):
        name = f"{version}.root.json"
        if name not in offered:
            return Needed(name)
        raw = offered[name]
        if raw is None:
            break
        try:
            if signing.root_fingerprint(raw) == fingerprint:
                return raw
        except TooLarge as error:
            raise Refused("too large", str(error)) from error
        except Malformed as error:
            raise Refused("malformed", str(error)) from error
    raise Refused("foreign", "No root of this organisation has the fingerprint that was named.")


class _Missing(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Offer(FetcherInterface):
    """Hands out the files that were offered, and says which one is missing."""

    def __init__(self, offered: Mapping[str, bytes | None]) -> None:
        self._offered = offered
        self.taken: dict[str, bytes] = {}

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(_BASE)
        found = self._offered.get(name)
        if found is None:
            raise DownloadHTTPError(f"There is no {name}.", 404)
        _check_json(found)
        self.taken[name] = found
        yield found

    def fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(_BASE)
        if name not in self._offered:
            raise _Missing(name)
        return self._fetch(url)


class _Client(Updater):
    """The framework's client with a clock that is ours."""

    def __init__(self, folder: Path, root: bytes, offer: _Offer, now: datetime) -> None:
        super().__init__(
            metadata_dir=str(folder),
            metadata_base_url=_BASE,
            target_dir=str(folder / "targets"),
            target_base_url=f"{_BASE}targets/",
            fetcher=offer,
            config=UpdaterConfig(
                max_root_rotations=_MAX_ROOTS,
                root_max_length=signing.MAX_METADATA,
                timestamp_max_length=signing.MAX_METADATA,
                snapshot_max_length=signing.MAX_METADATA,
                targets_max_length=signing.MAX_METADATA,
            ),
            bootstrap=root,
        )
        self._trusted_set.reference_time = now


def _verify(
    folder: Path, trusted: Mapping[str, bytes], offered: Mapping[str, bytes | None], now: datetime
) -> Verified:
    offer = _Offer(offered)
    roots = _keep(folder, trusted)
    updater = _judged(lambda: _Client(folder, roots[max(roots)], offer, now))
    _judged(updater.refresh)
    target = _judged(lambda: updater.get_targetinfo(signing.TARGET))
    if target is None:
        raise Refused("malformed", "The organisation has signed no manifest.")
    path = updater.find_cached_target(target) or _judged(lambda: updater.download_target(target))
    files = _files(folder, trusted, Path(path).read_bytes())
    _judged(lambda: _check_not_replaced(trusted, offer.taken))
    return Verified(_judged(lambda: _manifest(files)), files)


def _keep(folder: Path, trusted: Mapping[str, bytes]) -> dict[int, bytes]:
    """Write the trusted files where the client looks for its own; return the roots by version."""
    (folder / "targets").mkdir()
    roots: dict[int, bytes] = {}
    for name, raw in trusted.items():
        version, _, role = name.removesuffix(".json").rpartition(".")
        if role == "root":
            roots[int(version)] = raw
        elif name.startswith("targets/"):
            (folder / "targets" / signing.TARGET).write_bytes(raw)
        else:
            (folder / f"{role}.json").write_bytes(raw)
    return roots


def _files(folder: Path, trusted: Mapping[str, bytes], manifest: bytes) -> dict[str, bytes]:
    """Return the files that are trusted from now on, by their names in a repository."""
    files = {name: raw for name, raw in trusted.items() if name.endswith(".root.json")}
    for path in (folder / "root_history").iterdir():
        files[path.name] = path.read_bytes()
    files["timestamp.json"] = (folder / "timestamp.json").read_bytes()
    for role in ("snapshot", "targets"):
        raw = (folder / f"{role}.json").read_bytes()
        files[f"{signing.version_of(raw)}.{role}.json"] = raw
    files[signing.target_name(manifest)] = manifest
    return files


def _manifest(files: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of verified files, which must agree with what was signed about it."""
    manifest = content.read_manifest(next(_named(files, signing.TARGET)))
    targets = next(_named(files, ".targets.json"))
    signing.quorum_of(signing.latest_root(files))
    if (manifest.version, manifest.expires_at) != (
        signing.version_of(targets),
        signing.expires_of(targets),
    ):
        raise Malformed("The manifest is not of the version that was signed.")
    return manifest


def _named(files: Mapping[str, bytes], end: str) -> Iterator[bytes]:
    return (raw for name, raw in files.items() if name.endswith(end))


def _check_not_replaced(trusted: Mapping[str, bytes], taken: Mapping[str, bytes]) -> None:
    """Refuse a second text under a version that is known: the framework would keep the first."""
    for name, raw in taken.items():
        known = trusted.get(name)
        if known is None or name.startswith("targets/"):
            continue
        if signing.version_of(known) != signing.version_of(raw):
            continue
        if signing.signed_part(known) != signing.signed_part(raw):
            raise Refused("same version", f"{name} has a known version and another content.")


def _check_json(raw: bytes) -> None:
    parse_document(raw, max_bytes=MAX_BYTES)


def _judged(step: Callable[[], T]) -> T:
    """Do a step of the client, and say in a sentence why it refuses."""
    try:
        return step()
    except (_Missing, Refused):
        raise
    except DownloadHTTPError as error:
        raise Unreachable(f"The source of the manifest is not complete: {error}") from error
    except Exception as error:
        # Whatever a stranger's file makes the client stumble over is that file's fault.
        logger.info("a manifest is refused: %s: %s", type(error).__name__, error)
        reason, sentence = _judgement(error)
        raise Refused(reason, sentence) from error


def _judgement(error: Exception) -> tuple[Reason, str]:
    match error:
        case ExpiredMetadataError():
            return "expired", "The manifest, or the word that it is the latest, has expired."
        case BadVersionNumberError():
            return "rollback", "The manifest is older than the one that is known here."
        case UnsignedMetadataError():
            return "signatures", "Too few keys of the organisation have signed the manifest."
        case LengthOrHashMismatchError():
            return "tampered", "The manifest is not the one that was signed."
        case DownloadLengthMismatchError() | TooLarge():
            return "too large", "The manifest is larger than a manifest may be."
        case ProtocolError():
            return "malformed", str(error)
    return "malformed", "What the source hands out is no manifest."
