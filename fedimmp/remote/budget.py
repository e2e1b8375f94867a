"""How much of the network one piece of work may use, so that no stranger can make it endless."""

from activitypub.errors import ProtocolError


class BudgetSpent(ProtocolError):
    """The work has fetched as much as it may; what is missing stays missing."""


class Budget:
    """Counts the fetches of one piece of work."""

    def __init__(self, fetches: int) -> None:
        self._left = fetches

    def spend(self) -> None:
        """Count one more fetch; raises BudgetSpent when there is none left."""
        if self._left <= 0:
            raise BudgetSpent("More would have to be fetched than is allowed at once.")
        self._left -= 1
