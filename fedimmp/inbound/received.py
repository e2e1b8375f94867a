"""An activity on its way through: what arrived, who sent it, and what handles it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from activitypub.objects import Activity
from fedimmp.app import App
from storage.accounts import Account
from storage.database import Transaction


class Outcome(Enum):
    """What applying an activity came to: it is done, or needs something from the network first."""

    DONE = auto()
    GATHER = auto()


@dataclass(frozen=True, slots=True)
class Received:
    """An authenticated activity with its stored actor."""

    activity: Activity
    account: Account


@dataclass(frozen=True, slots=True)
class Handler:
    """How activities of one kind are understood and applied.

    read        the typed value that the activity means; raises the errors of the protocol
    apply       writes it and what follows, in the caller's transaction; raises the errors of the
                protocol where it is refused; GATHER where something must be fetched first
    gather      fetches that, without a transaction, and returns a more complete value
    apply_many  applies activities of different senders at once, in place of `apply`
    """

    read: Callable[[Activity], Any]
    apply: Callable[[Transaction, App, Received, Any, datetime], Awaitable[Outcome]]
    gather: Callable[[App, Received, Any], Awaitable[Any]] | None = None
    apply_many: (
        Callable[[Transaction, App, Sequence[tuple[Received, Any]], datetime], Awaitable[None]]
        | None
    ) = None


def object_uri(activity: Activity) -> str | None:
    """Return the id of the activity's single object, whether it is embedded or not."""
    match activity.object:
        case str(uri):
            return uri
        case {"id": str(uri)}:
            return uri
        case _:
            return None
