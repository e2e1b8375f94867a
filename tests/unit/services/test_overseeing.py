"""What the traffic lights say at the edges of what is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fedimmp.services import overseeing
from storage.organisation import Organisation

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WELL = Organisation(
    source="https://hq.example",
    is_publisher=False,
    fingerprint="f" * 64,
    organisation_id="corp.example",
    name="Corp",
    version=4,
    issued_at=NOW - timedelta(days=40),
    expires_at=NOW + timedelta(days=60),
    revision=1,
    asked_at=NOW,
    heard_at=NOW,
    trouble="",
    trouble_reason="",
    trouble_since=None,
    warned=0,
    held_version=None,
    held_removals=(),
)


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "good", "Version 4; 40 % of its time"),
        ({"expires_at": NOW + timedelta(days=40)}, "look", "50 %"),
        ({"expires_at": NOW + timedelta(days=4)}, "act", "90 %"),
        ({"expires_at": NOW - timedelta(days=1)}, "act", "It is over"),
        ({"trouble": "It does not answer."}, "look", "It does not answer."),
        ({"version": 0, "issued_at": None, "expires_at": None}, "look", "Nothing was received"),
        ({"held_version": 5, "held_removals": ("a", "b")}, "act", "Version 5 removes 2 offices"),
    ],
)
def test_the_list_of_the_organisation(changes: dict[str, object], level: str, words: str) -> None:
    light = overseeing.manifest_light(replace(WELL, **changes), NOW)  # type: ignore[arg-type]
    assert (light.level, words in light.sentence) == (level, True), light


@pytest.mark.parametrize(
    ("waited", "level"), [(None, "good"), (1, "good"), (3, "look"), (20, "act")]
)
def test_work_that_waits(waited: int | None, level: str) -> None:
    since = None if waited is None else NOW - timedelta(minutes=waited)
    assert overseeing.work_light("Posts", since, NOW, "queues").level == level


@pytest.mark.parametrize(("share", "level"), [(0.5, "good"), (0.05, "look"), (0.01, "act")])
def test_the_disk(share: float, level: str) -> None:
    assert overseeing.disk_light(share, 1024**3).level == level


def test_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    assert overseeing.certificate_lights(None, NOW) == []
    file = tmp_path / "chain.pem"
    assert [light.level for light in overseeing.certificate_lights(file, NOW)] == ["act"]
    file.write_text("no certificate")
    assert [light.level for light in overseeing.certificate_lights(file, NOW)] == ["act"]


@pytest.mark.parametrize(("days", "level"), [(90, "good"), (15, "look"), (5, "act"), (-1, "act")])
def test_a_certificate_near_its_end(tmp_path: Path, days: int, level: str) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hq.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=days, hours=1))
        .sign(key, None)
    )
    file = tmp_path / "chain.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    (light,) = overseeing.certificate_lights(file, NOW)
    assert (light.level, "It holds until" in light.sentence) == (level, True)
