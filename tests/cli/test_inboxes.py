"""`fedimmp inbox`: what was refused is listed, shown, tried again in order, or forgotten."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from fedimmp.config import load
from storage import inbox, inbox_review, trust
from storage.database import Database
from storage.inbox import NewReceipt
from storage.trust_entries import Terms
from tests.cli.conftest import CommandLine


class Arrivals:
    """Activities of one made-up office that were refused here."""

    def __init__(self, config: Path) -> None:
        self.host = f"porto-{secrets.token_hex(4)}.example"
        self._config = config

    @property
    def bela(self) -> str:
        return f"https://{self.host}/users/bela"

    async def refuse(self, *reasons: str) -> list[int]:
        """Let one activity arrive for each reason, and be parked for it; returns their ids."""
        now = datetime.now(UTC)
        database = await self._connect()
        try:
            async with database.writer() as tx:
                await trust.establish(tx, self.host, "allowed", Terms(), by="tests", now=now)
                names = [f"{self.bela}/activities/{secrets.token_hex(4)}" for _ in reasons]
                news = [
                    NewReceipt(self.bela, name, self.host, "Like", orjson.dumps({"id": name}))
                    for name in names
                ]
                await inbox.receive(tx, news, now)
                rows = await tx.fetch("SELECT id FROM inbox WHERE host = $1 ORDER BY id", self.host)
                ids = [row["id"] for row in rows][-len(reasons) :]
                await inbox.finish(tx, [], dict(zip(ids, reasons, strict=True)), now)
                await tx.execute("DELETE FROM inbox_actors WHERE actor_uri = $1", self.bela)
        finally:
            await database.close()
        return ids

    async def states(self) -> list[str]:
        """Return the states of all activities, the oldest first, and whether the actor is due."""
        database = await self._connect()
        try:
            async with database.reader() as conn:
                found = await inbox_review.list_receipts(
                    conn, states=("waiting", "parked"), host=self.host
                )
                due = await conn.fetchval(
                    "SELECT count(*) FROM inbox_actors WHERE actor_uri = $1", self.bela
                )
        finally:
            await database.close()
        return [each.state for each in reversed(found)] + ["due"] * due

    async def _connect(self) -> Database:
        url = load(self._config).config.database.url
        assert url is not None
        return await Database.connect(str(url))


@pytest.fixture
def porto(office_file: Path) -> Arrivals:
    return Arrivals(office_file)


async def test_what_was_refused_is_listed_and_shown(fedimmp: CommandLine, porto: Arrivals) -> None:
    first, second = await porto.refuse("The post belongs\x1b[2J to somebody else.", "No object.")

    listed = (await fedimmp("inbox", "list", "--host", porto.host, "--json")).json
    assert [(each["id"], each["state"], each["reason"]) for each in listed] == [
        (second, "parked", "No object."),
        (first, "parked", "The post belongs\x1b[2J to somebody else."),
    ]
    text = (await fedimmp("inbox", "list", "--host", porto.host)).out
    assert "The post belongs [2J to somebody else." in text
    assert (await fedimmp("inbox", "list", "--host", porto.host, "--state", "buried")).out == (
        "id  state  host  type  reason\n"
    )

    shown = (await fedimmp("inbox", "show", str(first), "--json")).json
    assert shown["document"] == {"id": shown["activity"]}
    text = (await fedimmp("inbox", "show", str(first))).out
    assert "belongs [2J" in text
    assert f'  "id": "{shown["activity"]}"' in text


async def test_it_is_tried_again_one_by_one_or_all_of_an_office(
    fedimmp: CommandLine, porto: Arrivals
) -> None:
    first, _second, third = await porto.refuse("a", "b", "c")

    outcome = await fedimmp("inbox", "retry", str(first), str(third))
    assert outcome.out == "2 activities are tried again by the worker.\n"
    assert await porto.states() == ["waiting", "parked", "waiting", "due"]

    outcome = await fedimmp("inbox", "retry", "--host", porto.host)
    assert outcome.out == "1 activity is tried again by the worker.\n"
    assert await porto.states() == ["waiting", "waiting", "waiting", "due"]


async def test_it_is_forgotten(fedimmp: CommandLine, porto: Arrivals) -> None:
    first, *_rest = await porto.refuse("a", "b", "c")

    assert (await fedimmp("inbox", "drop", str(first))).out == "1 activity is forgotten.\n"
    assert await porto.states() == ["parked", "parked"]
    outcome = await fedimmp("inbox", "drop", "--host", porto.host)
    assert outcome.out == "2 activities are forgotten.\n"
    assert await porto.states() == []


@pytest.mark.parametrize("verb", ["show", "retry", "drop"])
async def test_an_unknown_activity_is_a_sentence_and_changes_nothing(
    fedimmp: CommandLine, porto: Arrivals, verb: str
) -> None:
    (known,) = await porto.refuse("a")
    words = ("999999999",) if verb == "show" else (str(known), "999999999")

    sentence = await fedimmp.fails("inbox", verb, *words, code=2)

    assert sentence.startswith("There is no received activity 999999999")
    assert await porto.states() == ["parked"]


@pytest.mark.parametrize("verb", ["retry", "drop"])
async def test_either_ids_or_an_office_must_be_named(fedimmp: CommandLine, verb: str) -> None:
    await fedimmp.fails("inbox", verb, code=2)
    await fedimmp.fails("inbox", verb, "1", "--host", "porto.example", code=2)
    await fedimmp.fails("inbox", verb, "--host", "no host", code=2)
