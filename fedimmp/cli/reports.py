"""`fedimmp report`: what members and other offices want a moderator to look at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from fedimmp.app import App
from fedimmp.cli.kit import config_option, json_option, print_json, print_table, with_app
from fedimmp.errors import NotFound
from fedimmp.services import auditing, reporting
from storage import accounts, reports, statuses
from storage.accounts import Account
from storage.reports import Report

_MOST = 1000
_COMMENT_SHOWN = 60


@click.group()
def report() -> None:
    """See and close what was reported to the moderators."""


@report.command("list")
@click.option("--resolved", is_flag=True, help="Those that are closed instead of the open ones.")
@config_option
@json_option
def list_all(resolved: bool, config_path: Path | None, as_json: bool) -> None:
    """List the latest reports."""

    async def work(app: App) -> tuple[list[Report], dict[int, Account]]:
        async with app.db.reader() as conn:
            found = await reports.list_latest(conn, resolved=resolved, limit=_MOST)
            ids = {each for one in found for each in (one.account_id, one.target_id)}
            people = await accounts.get_many(conn, sorted(ids))
        await auditing.note(app, "cli", "report.list", "reports")
        return found, people

    found, people = with_app(config_path, work)
    if as_json:
        print_json([_entry(one, people) for one in found])
        return
    rows = [
        (
            str(one.id),
            f"{one.created_at:%Y-%m-%d %H:%M}",
            _source(one, people),
            people[one.target_id].acct,
            one.category,
            " ".join(one.comment.split())[:_COMMENT_SHOWN],
        )
        for one in found
    ]
    print_table(rows, ("id", "time", "from", "about", "category", "comment"))


@report.command()
@click.argument("report_id", type=int)
@config_option
@json_option
def show(report_id: int, config_path: Path | None, as_json: bool) -> None:
    """Show one report as a whole."""

    async def work(app: App) -> tuple[Report, dict[int, Account], list[str]]:
        async with app.db.reader() as conn:
            found = await reports.find(conn, report_id)
            if found is None:
                raise NotFound(f"There is no report {report_id}; `fedimmp report list` shows all")
            people = await accounts.get_many(conn, [found.account_id, found.target_id])
            posts = await statuses.get_many(conn, found.status_ids)
        await auditing.note(app, "cli", "report.show", str(report_id))
        return found, people, [posts[each].uri for each in found.status_ids if each in posts]

    found, people, posts = with_app(config_path, work)
    if as_json:
        print_json(_entry(found, people) | {"posts": posts})
        return
    state = f"closed {found.resolved_at:%Y-%m-%d %H:%M}" if found.resolved_at else "open"
    click.echo(f"{found.category}, {state}, reported {found.created_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"from:  {_source(found, people)}")
    click.echo(f"about: {people[found.target_id].acct}")
    _echo_all("post:  ", posts)
    _echo_all("rule:  ", found.rule_ids)
    if found.comment:
        click.echo(f"\n{found.comment}")


@report.command()
@click.argument("report_id", type=int)
@click.option("--reopen", is_flag=True, help="Open it again instead.")
@config_option
def resolve(report_id: int, reopen: bool, config_path: Path | None) -> None:
    """Close a report."""

    async def work(app: App) -> None:
        await reporting.set_resolved(app, report_id, resolved=not reopen, actor="cli")

    with_app(config_path, work)
    click.echo(f"Report {report_id} is {'open' if reopen else 'closed'}.")


def _source(one: Report, people: Mapping[int, Account]) -> str:
    return people[one.account_id].acct if one.host is None else one.host


def _echo_all(head: str, lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(f"{head}{line}")


def _entry(one: Report, people: Mapping[int, Account]) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "from": _source(one, people),
        "about": people[one.target_id].acct,
        "category": one.category,
        "comment": one.comment,
        "rules": one.rule_ids,
        "post_ids": [str(each) for each in one.status_ids],
        "forwarded": one.forwarded,
        "created_at": one.created_at,
        "resolved_at": one.resolved_at,
    }
