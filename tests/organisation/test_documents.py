"""What is signed, as bytes: what may stand in it, and which keys count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from activitypub.errors import Malformed, TooLarge
from activitypub.manifest import content, signing
from activitypub.manifest.bundles import read_bundle, write_bundle
from activitypub.manifest.content import Manifest, Member, read_manifest, write_manifest
from activitypub.manifest.keys import (
    OrganisationKey,
    WrongPassphrase,
    fingerprint_of_pem,
    open_key,
    read_public,
    seal_key,
)
from activitypub.manifest.signing import Quorum
from activitypub.manifest.verifying import Anchor, Refused, Verified, judge
from activitypub.signatures.keys import generate_ed25519
from tests.organisation.source import WHOLE_KEY, Publisher, members

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PORTO = Member(
    "porto.example",
    (WHOLE_KEY,),
    scope=("welding",),
    office="Porto",
    time_zone="Europe/Lisbon",
    contact="it@porto.example",
    networks=("10.1.0.0/16",),
)
MANIFEST = Manifest(
    "corp.example", "Corp", 7, NOW, NOW + timedelta(days=90), (PORTO,), frozenset({"osaka.example"})
)


def test_manifest_is_written_and_read() -> None:
    assert read_manifest(write_manifest(MANIFEST)) == MANIFEST


def changed(**properties: Any) -> bytes:
    return orjson.dumps(orjson.loads(write_manifest(MANIFEST)) | properties)


def changed_member(**properties: Any) -> bytes:
    return changed(members=[content.write_member(PORTO) | properties])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"<html>",
        changed(version=0),
        changed(version=True),
        changed(version="7"),
        changed(version=1.5),
        changed(issued="yesterday"),
        changed(expires="2026-11-24T12:00:00Z"),
        changed(organisation=None),
        changed(organisation={"id": "Corp Example", "name": "Corp"}),
        changed(organisation={"id": "corp.example", "name": "C" * 201}),
        changed(members={}),
        changed(members=[content.write_member(PORTO)] * 2),
        changed(members=[None]),
        changed(confirmed_removals=["*.example"]),
        changed(confirmed_removals=[7]),
        changed_member(domain="Porto.example"),
        changed_member(domain="*.porto.example"),
        changed_member(domain="https://porto.example"),
        changed_member(domain=7),
        changed_member(keys=[]),
        changed_member(keys=["sha256:12"]),
        changed_member(state="allowed"),
        changed_member(state=["active"]),
        changed_member(scope="some"),
        changed_member(scope=[]),
        changed_member(office="a\x1b[31mb"),
        changed_member(time_zone="Mars/Olympus"),
        changed_member(time_zone="../../etc/passwd"),
        changed_member(networks=["0.0.0.0/0"]),
        changed_member(networks=["8.8.8.0/24"]),
        changed_member(networks=["10.0.0.0/8"] * 21),
    ],
)
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_manifest(raw)


def test_a_manifest_has_a_size() -> None:
    with pytest.raises(TooLarge):
        read_manifest(b" " * (content.MAX_BYTES + 1))
    many = Manifest("corp.example", "Corp", 1, NOW, NOW + timedelta(days=1),
                    members(*(f"o{number}.example" for number in range(5001))))  # fmt: skip
    with pytest.raises((Malformed, TooLarge)):
        read_manifest(write_manifest(many))


def test_the_time_is_the_one_that_is_given() -> None:
    hq = Publisher()
    for years in (-20, 0, 20):
        hq.now = NOW + timedelta(days=365 * years)
        hq.roots.clear()
        hq.add_root()
        files = hq.publish(1, members("hq.example"))
        offered: dict[str, bytes | None] = {**files, "2.root.json": None}
        anchor = Anchor(hq.fingerprint)
        assert isinstance(judge(anchor, {}, offered, hq.now), Verified)
        with pytest.raises(Refused) as refused:
            judge(anchor, {}, offered, hq.now + timedelta(days=4))
        assert refused.value.reason == "expired"


def test_a_key_counts_once_whatever_it_is_called() -> None:
    key, office = OrganisationKey.generate(), OrganisationKey.generate()
    with pytest.raises(Malformed):
        Quorum((key.public, key.public), 2, office.public)
    with pytest.raises(Malformed):
        Quorum((key.public,), 1, key.public)
    with pytest.raises(Malformed):
        Quorum((key.public,), 2, office.public)
    with pytest.raises(Malformed):
        Quorum((key.public,), 0, office.public)
    root = orjson.loads(
        signing.new_root(
            Quorum((key.public,), 1, office.public), version=1, expires=NOW + timedelta(days=1)
        )
    )
    root["signed"]["keys"]["again"] = root["signed"]["keys"][key.id]
    for role in ("root", "targets"):
        root["signed"]["roles"][role] = {"keyids": [key.id, "again"], "threshold": 2}
    with pytest.raises(Malformed):
        signing.quorum_of(orjson.dumps(root))


@pytest.mark.sec("SEC-225")
def test_key_files_are_opened_by_their_passphrase_alone() -> None:
    key = OrganisationKey.generate()
    raw = seal_key(key, "correct horse battery")
    assert open_key(raw, "correct horse battery").id == key.id
    assert read_public(raw).keyid == key.id
    assert key.seed.hex().encode() not in raw
    with pytest.raises(WrongPassphrase):
        open_key(raw, "correct horse batter")
    costly = orjson.loads(raw)
    costly["scrypt"]["n"] = 2**30
    for broken in (b"", b"{}", raw[:-20], orjson.dumps(costly), raw.replace(b"scrypt", b"argon2")):
        with pytest.raises(Malformed):
            open_key(broken, "correct horse battery")
    with pytest.raises(Malformed):
        seal_key(key, "short")


def test_signatures_of_copies_come_together() -> None:
    hq = Publisher()
    draft = hq.draft(2, members("hq.example"))
    first, second = (signing.sign_draft(draft, key) for key in hq.people[:2])
    merged = signing.merge_signatures(first, signing.read_draft(signing.write_draft(second)))
    assert merged is not None
    assert signing.missing_signatures(merged, hq.roots[0]) == 0
    other = hq.draft(2, members("hq.example", "evil.example"))
    assert signing.merge_signatures(first, other) is None
    for raw in (b"{}", b"[]", signing.write_draft(draft).replace(b"targets", b"target")):
        with pytest.raises(Malformed):
            signing.read_draft(raw)


def test_a_file_holds_all_of_it_and_nothing_else() -> None:
    files = Publisher().publish(1, members("hq.example"))
    assert read_bundle(write_bundle(files)) == files
    for raw in (b"{}", b'{"kind":"fedimmp organisation manifest","files":{"a":1}}', b"\xff"):
        with pytest.raises(Malformed):
            read_bundle(raw)


def test_keys_of_offices_are_named_by_their_digest() -> None:
    pem = generate_ed25519()[1]
    assert fingerprint_of_pem(pem) == fingerprint_of_pem(pem.replace("\n", "\r\n"))
    assert fingerprint_of_pem(pem) != fingerprint_of_pem(generate_ed25519()[1])
