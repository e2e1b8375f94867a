"""How much of the network one piece of work may use, so that no stranger can make it endless."""

from collections import Counter

from activitypub.errors import ProtocolError


class BudgetSpent(ProtocolError):
    """The work has fetched as much as it may; what is missing stays missing."""


class HostBudgetSpent(BudgetSpent):
    """The work has fetched as much as it may from this host; others may still be asked."""


class Budget:
    """Counts the fetches of one piece of work, all in all and, if bounded, from each host."""

    def __init__(self, fetches: int, *, per_host: int | None = None) -> None:
        self._left = fetches
        self._per_host = per_host
        self._spent: Counter[str] = Counter()

    def spend(self, host: str | None = None) -> None:
        """Count one more fetch; raises BudgetSpent when there is none left.

        Raises HostBudgetSpent when there is none left for the host, and counts nothing.
        """
        if self._left <= 0:
            raise BudgetSpent("More would have to be fetched than is allowed at once.")
        if host is not None and self._per_host is not None:
            if self._spent[host] >= self._per_host:
                raise HostBudgetSpent(f"More would have to be fetched from {host} than is allowed.")
            self._spent[host] += 1
        self._left -= 1

    def exhaust(self, host: str) -> None:
        """Let nothing more be fetched from a host: it did not answer."""
        if self._per_host is not None:
            self._spent[host] = self._per_host
