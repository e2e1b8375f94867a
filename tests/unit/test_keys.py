"""The key file and what is sealed with it."""

from pathlib import Path

import pytest

from fedimmp.keys import KeyFileError, KeyVault, create_key_file, read_key_file

PEM = b"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"


def test_a_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_key_file(path)) == 32
    with pytest.raises(KeyFileError, match="exists already"):
        create_key_file(path)


def test_a_key_file_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with pytest.raises(KeyFileError, match="is missing: put the one"):
        read_key_file(path)
    create_key_file(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key_file(path)
    path.chmod(0o600)
    path.write_text("c2hvcnQ=")
    with pytest.raises(KeyFileError, match="does not hold 32 bytes"):
        read_key_file(path)
    path.write_text("§§")
    with pytest.raises(KeyFileError, match="is not base64"):
        read_key_file(path)


def test_what_is_sealed_opens_with_the_same_key_only() -> None:
    vault, other = KeyVault(b"a" * 32), KeyVault(b"b" * 32)
    sealed = vault.seal(PEM)
    assert b"PRIVATE" not in sealed
    assert sealed != vault.seal(PEM)
    assert vault.unseal(sealed) == PEM
    with pytest.raises(KeyFileError, match="another key file"):
        other.unseal(sealed)


@pytest.mark.parametrize("broken", [b"", b"\x01", b"\x02" + b"x" * 60, PEM])
def test_what_was_never_sealed_is_a_sentence(broken: bytes) -> None:
    with pytest.raises(KeyFileError):
        KeyVault(b"a" * 32).unseal(broken)
