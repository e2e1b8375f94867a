"""An office on a real socket, empty before each test, and browsers for its pages."""

from collections.abc import AsyncIterator

import pytest

from activitypub.signatures.keys import generate_rsa
from fedimmp.services import members
from tests.oauth.conftest import Office, running_office
from tests.oauth.conftest import office as empty_office

__all__ = ["empty_office", "office", "rsa_pair", "running_office"]


@pytest.fixture(scope="session")
def rsa_pair() -> tuple[bytes, str]:
    return generate_rsa()


@pytest.fixture
async def office(
    empty_office: Office, rsa_pair: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """Give an office without people; finding primes for each would take most of the time."""
    monkeypatch.setattr(members, "generate_rsa", lambda: rsa_pair)
    yield empty_office
