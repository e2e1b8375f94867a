"""Logs: their ids, and what never gets into them."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from fedimmp import logs

SECRETS = [
    "Authorization: Bearer abcdefghijklmnop",
    "GET /api/v1/streaming?access_token=hunter2hunter2&stream=user",
    "{'client_secret': 'hunter2hunter2'}",
    "password=hunter2hunter2",
    'Signature keyId="x",signature="aHVudGVyMmh1bnRlcjI="',
    "postgresql://ana:hunter2@db/fedimmp",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQhunter2\n",
]


@pytest.fixture
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    yield
    root.handlers[:] = kept
    root.setLevel(level)


def written(style: str, *arguments: Any, **options: Any) -> str:
    stream = io.StringIO()
    logs.configure("info", style, stream)
    logging.getLogger("fedimmp.test").info(*arguments, **options)
    return stream.getvalue()


@pytest.mark.usefixtures("root_logger")
def test_a_record_carries_the_ids_of_what_it_belongs_to() -> None:
    with logs.bind(request="r1"), logs.bind(activity="a1"):
        entry = json.loads(written("json", "hello %s", "ana", extra={"count": 3}))
    assert entry["message"] == "hello ana"
    assert (entry["request"], entry["activity"], entry["count"]) == ("r1", "a1", 3)
    assert entry["level"] == "info"
    assert "request" not in json.loads(written("json", "later"))


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_hidden(style: str, secret: str) -> None:
    line = written(style, "seen: %s", secret, extra={"detail": secret})
    assert "(hidden)" in line
    assert "hunter2" not in line
    assert "abcdefghijklmnop" not in line
    assert "aHVudGVyMmh1bnRlcjI" not in line


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize("evil", ["a\r\nINFO forged", "\x1b[2J", "\u009b31m", "\u202egnp.exe"])
def test_a_stranger_cannot_begin_a_line_or_steer_a_terminal(style: str, evil: str) -> None:
    line = written(style, "host %s", evil, extra={"agent": evil})
    assert line.count("\n") == 1
    assert line.rstrip("\n").isprintable()


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize("style", ["json", "text"])
def test_a_traceback_is_kept_and_cannot_be_mistaken_for_a_record(style: str) -> None:
    try:
        raise ValueError("one\n2026-01-01T00:00:00Z INFO forged token=Bearer abcdefghijklmnop")
    except ValueError:
        line = written(style, "failed", exc_info=True)
    assert "ValueError" in line
    assert "abcdefghijklmnop" not in line
    assert not any(part.startswith("2026-01-01") for part in line.splitlines())


@pytest.mark.usefixtures("root_logger")
def test_auto_is_json_where_there_is_no_terminal() -> None:
    assert json.loads(written("auto", "hello"))["message"] == "hello"


@pytest.mark.usefixtures("root_logger")
async def test_what_a_turn_of_the_loop_logs_is_written_at_its_end_and_in_order() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    log = logging.getLogger("fedimmp.test")
    log.info("one")
    log.info("two")
    assert stream.getvalue() == ""
    await asyncio.sleep(0)
    assert messages(stream) == ["one", "two"]
    log.info("three")
    log.warning("four")
    assert messages(stream) == ["one", "two", "three", "four"]
    log.info("five")
    # As the library does when the process ends.
    logging.getLogger().handlers[0].flush()
    assert messages(stream)[-1] == "five"


@pytest.mark.usefixtures("root_logger")
@pytest.mark.parametrize(
    "evil", ["a\r\nforged", "\ud800", "access_token=hunter2hunter2", "plain", "\x7f"]
)
async def test_a_note_is_the_line_of_a_record(evil: str) -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    log = logging.getLogger("fedimmp.test")
    with logs.bind(request="r1"):
        log.info("%s", f"GET {evil}", extra={"count": 3, "agent": evil})
        logs.note(log, f"GET {evil}", {"count": 3, "agent": evil})
    await asyncio.sleep(0)
    record, note = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert record | {"time": ""} == note | {"time": ""}
    assert note["request"] == "r1"
    assert "hunter2" not in stream.getvalue()
    logging.getLogger().setLevel("WARNING")
    logs.note(log, "not wanted", {})
    await asyncio.sleep(0)
    assert len(stream.getvalue().splitlines()) == 2


@pytest.mark.usefixtures("root_logger")
def test_a_note_is_a_record_where_others_listen(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        logs.note(logging.getLogger("fedimmp.test"), "GET / 200", {"count": 3})
    assert caplog.messages == ["GET / 200"]
    assert caplog.records[0].__dict__["count"] == 3


def messages(stream: io.StringIO) -> list[str]:
    return [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
