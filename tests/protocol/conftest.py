"""Two allowed peers, a trap that nobody may visit, and a client of the office next to them."""

from collections.abc import AsyncIterator

import pytest

from activitypub.client import Client, Limits
from tests.protocol.peers import Allowlist, Peer, serving

# No instance of this origin runs: it is only what the client takes for its own.
OWN_ORIGIN = "http://localhost:1"
LIMITS = Limits(connect=1, read=1, total=3, deliver=2, document=64 * 1024)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving() as running:
        yield running


@pytest.fixture
async def other() -> AsyncIterator[Peer]:
    async with serving() as running:
        yield running


@pytest.fixture
async def trap() -> AsyncIterator[Peer]:
    """A host that is not allowed: no request may ever reach it."""
    async with serving() as running:
        yield running
        assert running.seen == []


@pytest.fixture
def allowlist(peer: Peer, other: Peer) -> Allowlist:
    policy = Allowlist()
    policy.allow(peer.host)
    policy.allow(other.host)
    return policy


@pytest.fixture
async def client(allowlist: Allowlist) -> AsyncIterator[Client]:
    running = another_client(allowlist)
    yield running
    await running.close()


def another_client(policy: Allowlist, origin: str = OWN_ORIGIN, limits: Limits = LIMITS) -> Client:
    """Return a client of its own limits or origin; the test closes it."""
    return Client(origin=origin, user_agent="fedimmp-tests/1", policy=policy, limits=limits)
