"""`fedimmp delivery`: what did not arrive is listed, shown, tried again, or forgotten."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fedimmp.config import load
from storage import backlog, deliveries
from storage.backlog import Filter, Undelivered
from storage.database import Database
from storage.deliveries import Outcome
from storage.inbox_hosts import Failure, Tempo
from tests.cli.conftest import CommandLine
from tests.storage.offices import add_member, allow, post


class Porto:
    """A made-up office that takes nothing."""

    def __init__(self, config: Path) -> None:
        self.host = f"porto-{secrets.token_hex(4)}.example"
        self._config = config

    async def refuse(self, *reasons: str) -> list[int]:
        """Let one post be dead for each reason, and one more wait; returns all their ids."""
        now = datetime.now(UTC)
        async with self._database() as db, db.writer() as tx:
            ana = await add_member(tx, f"ana_{secrets.token_hex(4)}", now)
            await allow(tx, self.host, now)
            for number in range(len(reasons) + 1):
                await post(tx, ana, now, name=f"{secrets.token_hex(4)}-{number}")
            lanes = await deliveries.lease(tx, 100, Tempo(), now)
            (lane,) = [each for each in lanes if each.host == self.host]
            ids = [delivery.id for delivery in lane.deliveries]
            outcome = Outcome(
                dead=list(zip(ids, reasons, strict=False)), failure=Failure(ids[-1], "off")
            )
            await deliveries.settle(tx, [(lane, outcome)], Tempo(), now)
        return ids

    async def left(self) -> list[Undelivered]:
        """Return what is on record, the oldest first."""
        async with self._database() as db, db.reader() as conn:
            found = await backlog.list_undelivered(conn, Filter(host=self.host), limit=100)
        return found[::-1]

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        url = load(self._config).config.database.url
        assert url is not None
        database = await Database.connect(str(url))
        try:
            yield database
        finally:
            await database.close()


@pytest.fixture
def porto(office_file: Path) -> Porto:
    return Porto(office_file)


async def test_what_is_dead_is_listed_and_shown(fedimmp: CommandLine, porto: Porto) -> None:
    first, second, waiting = await porto.refuse("HTTP 410\x1b[2J gone", "HTTP 413")

    listed = (await fedimmp("delivery", "list", "--host", porto.host, "--json")).json
    assert [(each["id"], each["state"], each["reason"]) for each in listed] == [
        (second, "dead", "HTTP 413"),
        (first, "dead", "HTTP 410\x1b[2J gone"),
    ]
    text = (await fedimmp("delivery", "list", "--host", porto.host)).out
    assert "HTTP 410 [2J gone" in text
    listed = (await fedimmp("delivery", "list", "--state", "waiting", "--json")).json
    assert waiting in [each["id"] for each in listed]

    shown = (await fedimmp("delivery", "show", str(first), "--json")).json
    assert shown["document"]["id"] == shown["activity"]
    assert (shown["host"], shown["attempts"]) == (porto.host, 1)
    assert shown["ended_at"] is not None
    text = (await fedimmp("delivery", "show", str(first))).out
    assert "410 [2J gone" in text


async def test_it_is_tried_again_one_by_one_or_all_of_an_office(
    fedimmp: CommandLine, porto: Porto
) -> None:
    first, *_rest = await porto.refuse("a", "b", "c")

    outcome = await fedimmp("delivery", "retry", str(first))
    assert outcome.out == "1 delivery is tried again by the worker.\n"
    assert [each.state for each in await porto.left()] == ["waiting", "dead", "dead", "waiting"]

    outcome = await fedimmp("delivery", "retry", "--host", porto.host)
    assert outcome.out == "2 deliveries are tried again by the worker.\n"
    left = await porto.left()
    assert [each.state for each in left] == ["waiting"] * 4
    assert left[1].attempts == 0


async def test_it_is_forgotten(fedimmp: CommandLine, porto: Porto) -> None:
    first, *_rest = await porto.refuse("a", "b")

    assert (await fedimmp("delivery", "drop", str(first))).out == "1 delivery is forgotten.\n"
    assert [each.state for each in await porto.left()] == ["dead", "waiting"]
    outcome = await fedimmp("delivery", "drop", "--host", porto.host, "--state", "waiting")
    assert outcome.out == "1 delivery is forgotten.\n"
    assert [each.state for each in await porto.left()] == ["dead"]


@pytest.mark.parametrize("verb", ["show", "retry", "drop"])
async def test_an_unknown_delivery_is_a_sentence_and_changes_nothing(
    fedimmp: CommandLine, porto: Porto, verb: str
) -> None:
    known, _waiting = await porto.refuse("a")
    words = ("999999999",) if verb == "show" else (str(known), "999999999")

    sentence = await fedimmp.fails("delivery", verb, *words, code=2)

    assert sentence.startswith("There is no delivery 999999999")
    assert [each.state for each in await porto.left()] == ["dead", "waiting"]


@pytest.mark.parametrize(
    "words", [(), ("1", "--host", "porto.example"), ("1", "--state", "dead"), ("--host", "a b")]
)
async def test_what_is_meant_must_be_clear(fedimmp: CommandLine, words: tuple[str, ...]) -> None:
    await fedimmp.fails("delivery", "retry", *words, code=2)
