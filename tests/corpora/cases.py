"""The cases of two packages, made to come from a person at a peer.

funfedi-parsing-test-cases makes whole activities; fediverse-pasture-inputs has properties that are
laid over a plain Note, as its own runner does.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fediverse_pasture_inputs
import funfedi_parsing_test_cases
import orjson
from funfedi_parsing_test_cases.types import Environment

from activitypub.vocabulary import AS2, PUBLIC
from tests.federation.foreign import Person

CASES = "funfedi-parsing-test-cases"
INPUTS = "fediverse-pasture-inputs"
_SUITES = ("activity_suite", "event_suite", "notes_suite", "poll_suite")
# The author's own test machine: here it is the peer, or one of its people.
_ACTOR = b"http://pasture-one-actor/actor"
_ORIGIN = b"http://pasture-one-actor"
_NO_WORDS = re.compile("<script.*?</script>|<[^>]*>")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Case:
    """An activity to post; `object_id` is what the post would be called, None where it has no id.

    `readable` is set where the object is a post that somebody could be expected to read.
    """

    package: str
    group: str
    name: str
    activity: dict[str, Any]
    object_id: str | None
    readable: bool


def all_cases(sender: Person, receiver: str) -> list[Case]:
    """Return the cases of both packages, in their own order, for this sender and receiver."""
    return [*_whole_activities(sender, receiver), *_laid_over(sender, receiver)]


def _whole_activities(sender: Person, receiver: str) -> Iterator[Case]:
    environment = Environment(sender.document, receiver)
    for suite_name in _SUITES:
        suite = getattr(funfedi_parsing_test_cases, suite_name)
        for group, tests in suite.tests.items():
            for test in tests:
                made = test.maker.to_send(environment)
                yield Case(
                    CASES,
                    f"{suite.name}: {suite.titles[group]}",
                    test.name,
                    made.activity,
                    made.object_id,
                    _is_readable(made.activity, sender),
                )


def _laid_over(sender: Person, receiver: str) -> Iterator[Case]:
    for name, found in sorted(fediverse_pasture_inputs.available.items()):
        for number, example in enumerate(found.examples, 1):
            activity = _create(sender, receiver, _placed(example, sender))
            thing = activity["object"]
            yield Case(
                INPUTS,
                found.title,
                f"{name} {number}",
                activity,
                thing["id"],
                _is_readable(activity, sender),
            )


def _placed(example: dict[str, Any], sender: Person) -> dict[str, Any]:
    raw = orjson.dumps(example).replace(_ACTOR, sender.uri.encode())
    placed: dict[str, Any] = orjson.loads(raw.replace(_ORIGIN, sender.office.peer.origin.encode()))
    return placed


def _create(sender: Person, receiver: str, example: dict[str, Any]) -> dict[str, Any]:
    note = {
        "id": sender.office.peer.uri(f"/objects/{next(_numbers)}"),
        "type": "Note",
        "attributedTo": sender.uri,
        "to": [PUBLIC],
        "cc": [receiver],
        "published": "2026-01-01T12:00:00Z",
    } | example
    context = note.pop("@context", [AS2, {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}])
    return {
        "@context": context,
        "id": sender.office.peer.uri(f"/activities/{next(_numbers)}"),
        "type": "Create",
        "actor": sender.uri,
        "to": note["to"],
        "cc": note["cc"],
        "object": note,
    }


def _is_readable(activity: dict[str, Any], sender: Person) -> bool:
    """Say whether the case is a Create of a post by its sender that has something to read."""
    thing = activity.get("object")
    if not isinstance(thing, dict) or activity.get("type") != "Create":
        return False
    if not all(activity.get(name) for name in ("@context", "id", "actor")):
        return False
    texts = thing.get("contentMap") or {"": thing.get("content") or ""}
    return (
        thing.get("type") in ("Note", "Article", "Event", "Question")
        and isinstance(thing.get("id"), str)
        and thing.get("attributedTo") is not None
        and AS2 in str(activity["@context"])
        and all(_NO_WORDS.sub("", text).strip() for text in texts.values())
    )
