"""Stored bytes become understood activities again; whoever cannot be understood is parked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activitypub.documents import parse_document
from activitypub.errors import ProtocolError
from activitypub.jsonld import normalise
from activitypub.objects import Activity
from activitypub.properties import uri_of
from activitypub.reading import read_activity, read_heading
from fedimmp.inbound.dispatch import find_handler
from fedimmp.inbound.received import Handler, Received
from storage.accounts import Account
from storage.inbox import Receipt

# What a suspended account may still say: it takes back, it adds nothing.
OF_SUSPENDED = frozenset({"Delete", "Undo"})


@dataclass(frozen=True, slots=True)
class Understood:
    """A stored activity with its handler and its meaning."""

    receipt: Receipt
    received: Received
    handler: Handler
    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """A stored activity that is not applied, and why."""

    receipt: Receipt
    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A stored activity that is nothing to us."""

    receipt: Receipt


Item = Understood | Refused | Ignored


def parse_activity(body: bytes) -> Activity:
    """Read an activity from its bytes; raises Malformed and TooLarge."""
    return read_activity(normalise(parse_document(body)))


def parse_heading(body: bytes) -> Activity:
    """Read what an activity is accepted by: id, type, actor, object; raises as parse_activity."""
    return read_heading(normalise(parse_document(body)))


def understand(receipts: Sequence[Receipt], people: Mapping[str, Account]) -> list[Item]:
    """Read activities whose actors are given by URI."""
    return [_understand(receipt, people.get(receipt.actor_uri)) for receipt in receipts]


def _understand(receipt: Receipt, account: Account | None) -> Item:
    if not receipt.allowed:
        return Refused(receipt, f"{receipt.host} is not on the allowlist of this instance.")
    if account is None:
        return Refused(receipt, "The actor is not known any more.")
    try:
        activity = parse_activity(receipt.body)
        if account.deleted_at is not None:
            return Ignored(receipt)
        if account.suspended_at is not None and not _may_speak(activity, account):
            return Refused(receipt, "The account is suspended here.")
        handler = find_handler(activity)
        if handler is None:
            return Ignored(receipt)
        return Understood(receipt, Received(activity, account), handler, handler.read(activity))
    except ProtocolError as error:
        return Refused(receipt, str(error))


def _may_speak(activity: Activity, suspended: Account) -> bool:
    if activity.type in OF_SUSPENDED:
        return True
    # The office that suspended its own may say that this is over.
    is_own_description = activity.type == "Update" and uri_of(activity.object) == activity.actor
    return suspended.suspended_by_origin and is_own_description
