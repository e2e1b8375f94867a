"""The explicit list of push services, as the network client asks for it."""

from collections.abc import Collection

from activitypub.policy import Trust
from fedimmp.config import Push


class PushPolicy:
    """Trusts the configured push services, and never our own hosts."""

    def __init__(self, config: Push, own_hosts: Collection[str]) -> None:
        self._trusted = {
            host: Trust(host, config.networks)
            for host in map(str.lower, config.hosts)
            if host not in own_hosts
        }

    async def trust(self, host: str) -> Trust | None:
        """Return the terms of a configured push service, else None."""
        return self._trusted.get(host)
