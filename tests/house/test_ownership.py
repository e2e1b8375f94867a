"""Every handler of inbound activities goes through the one module that says who may do what."""

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from activitypub import ownership
from fedimmp.inbound.dispatch import HANDLERS
from fedimmp.inbound.receive import receive
from fedimmp.inbound.received import Handler

ROOTS = ("fedimmp.inbound.", "fedimmp.ingest.", "fedimmp.remote.", "activitypub.")

# These say something about their actor alone, who was proved when they were received, and touch
# nothing that has an owner. Whoever adds one here says why.
SPEAK_FOR_THEMSELVES = {
    "Follow": "asks; the one who is followed decides",
    "Like": "a favourite is the actor's; the post is only looked up",
    "EmojiReact": "as Like",
    "Block": "ends follows between the actor and one of ours, which either of the two may",
    "Flag": "a report is the actor's; what it names is only looked up",
}


def test_each_handler_asks_who_owns_what() -> None:
    reached = {key: _checks(handler) for key, handler in HANDLERS.items()}

    assert {kind for kind, _ in HANDLERS} >= SPEAK_FOR_THEMSELVES.keys()
    assert [key for key, checks in reached.items() if _is_free(key) and checks] == []
    assert [key for key, checks in reached.items() if not _is_free(key) and not checks] == []
    # The walk sees what a reader of these handlers sees.
    assert {"check_object", "check_note"} <= reached["Create", "Note"]
    assert {"check_named", "check_object", "check_actor_update"} <= reached["Update", "id"]
    assert {"check_delete"} <= reached["Delete", "*"]
    assert {"check_undone"} <= reached["Undo", "*"]
    assert {"check_answer"} <= reached["Accept", "id"]


def test_what_is_received_has_a_proved_actor() -> None:
    checks = _reach([receive])
    assert {"check_activity_owner", "check_key_owner", "check_proof_key"} <= checks


def _is_free(key: tuple[str, str]) -> bool:
    return key[0] in SPEAK_FOR_THEMSELVES


def _checks(handler: Handler) -> set[str]:
    return _reach(_parts(handler))


def _parts(handler: Handler) -> list[Callable[..., Any]]:
    parts = (handler.read, handler.apply, handler.gather, handler.apply_many)
    return [part for part in parts if part is not None]


def _reach(start: list[Callable[..., Any]]) -> set[str]:
    """Return the names of the checks that functions call, themselves or by what they call."""
    waiting: list[Any] = list(start)
    seen: set[Any] = set()
    checks = set()
    while waiting:
        function = waiting.pop()
        if isinstance(function, MethodType):
            function = function.__func__
        if not isinstance(function, FunctionType) or function in seen:
            continue
        seen.add(function)
        if function.__module__ == ownership.__name__:
            checks.add(function.__name__)
        if f"{function.__module__}.".startswith(ROOTS):
            waiting += _named(function)
    return checks


def _named(function: FunctionType) -> Iterator[Any]:
    """Yield what a function names: functions, also those of modules, classes and handlers."""
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            yield from (vars(value).get(inner) for inner in _names(function.__code__))
        elif isinstance(value, type):
            yield from (each for each in vars(value).values() if isinstance(each, FunctionType))
        elif isinstance(value, Handler):
            yield from _parts(value)
        else:
            yield value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
