"""What is used of httpsig, and what must never be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import activitypub
from activitypub.signatures.draft import signature_header, signing_string

PACKAGES = Path(activitypub.__file__).parent.parent

WITHOUT_SETUPTOOLS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pkg_resources", "setuptools"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from activitypub.signatures import cavage, draft
assert "pkg_resources" not in sys.modules
assert draft.signing_string(("date",), {"date": "x"}, method="GET", target="/") == b"date: x"
"""


def test_httpsig_is_imported_without_setuptools() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_SETUPTOOLS], check=True, cwd=PACKAGES)


@pytest.mark.sec("SEC-230")
def test_sec_230_no_source_uses_the_verifiers_of_httpsig() -> None:
    forbidden = re.compile(r"httpsig\.(verify|sign)|HeaderVerifier|HeaderSigner|httpsig import")
    sources = [
        path
        for name in ("activitypub", "storage", "fedimmp")
        for path in (PACKAGES / name).rglob("*.py")
    ]
    assert len(sources) > 20
    assert [path.name for path in sources if forbidden.search(path.read_text("utf-8"))] == []
    users = [path.name for path in sources if "httpsig." in path.read_text("utf-8")]
    assert users == ["draft.py"]


def test_a_percent_sign_in_a_key_id_survives_the_template() -> None:
    header = signature_header("https://a.example/%41%s#key", "rsa-sha256", ("date",), "AAAA")
    assert 'keyId="https://a.example/%41%s#key"' in header
    assert 'signature="AAAA"' in header


def test_the_string_follows_the_listed_order() -> None:
    values = {"host": "a.example", "date": "now", "(created)": "5"}
    assert (
        signing_string(
            ("(created)", "date", "(request-target)", "host"), values, method="GET", target="/x?y"
        )
        == b"(created): 5\ndate: now\n(request-target): get /x?y\nhost: a.example"
    )
