"""`fedimmp report` as moderators use it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import load
from fedimmp.services import reporting
from fedimmp.services.reporting import Complaint
from storage import members
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import make

T = TypeVar("T")


async def _within(file: Path, work: Callable[[App], Awaitable[T]]) -> T:
    async with build(load(file).config) as app:
        return await work(app)


async def test_reports_are_listed_shown_and_closed(fedimmp: CommandLine) -> None:
    ana, ben = await make(fedimmp, "ana"), await make(fedimmp, "ben")

    async def complain(app: App) -> str:
        async with app.db.reader() as conn:
            who, whom = (
                await members.find_by_username(conn, ana),
                await members.find_by_username(conn, ben),
            )
        assert who is not None
        assert whom is not None
        complaint = Complaint(whom.account_id, comment="Rude\nand loud", category="spam")
        return str((await reporting.report(app, who.account_id, complaint)).id)

    report_id = await _within(fedimmp.config, complain)

    (listed,) = [
        one for one in (await fedimmp("report", "list", "--json")).json if one["about"] == ben
    ]
    assert (listed["id"], listed["from"], listed["category"]) == (report_id, ana, "spam")
    assert "Rude and loud" in (await fedimmp("report", "list")).out
    shown = (await fedimmp("report", "show", report_id)).out
    assert f"about: {ben}" in shown
    assert "Rude\nand loud" in shown
    assert (await fedimmp("report", "resolve", report_id)).out == f"Report {report_id} is closed.\n"
    assert report_id not in (await fedimmp("report", "list")).out
    assert report_id in (await fedimmp("report", "list", "--resolved")).out
    await fedimmp("report", "resolve", report_id, "--reopen")
    assert (await fedimmp("report", "show", report_id, "--json")).json["resolved_at"] is None


async def test_an_unknown_report_is_a_sentence(fedimmp: CommandLine) -> None:
    for verb in ("show", "resolve"):
        sentence = await fedimmp.fails("report", verb, "5", code=2)
        assert sentence.startswith("There is no report 5")
