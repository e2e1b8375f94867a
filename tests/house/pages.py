"""The pages of docs/ that are made from the program, and the frozen table of routes."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

from fedimmp.build import ROUTES
from fedimmp.cli import root
from fedimmp.config.rendering import documentation
from fedimmp.web.limits import FAMILIES
from fedimmp.web.openapi import parameters
from fedimmp.web.routes import DEFAULT_MAX_BODY, Route
from tests.house.absent import REASONS
from tests.house.endpoints import endpoints


def generated() -> dict[str, str]:
    """Return the text of each generated file by its path from the root of the repository."""
    return {
        "docs/configuration.md": documentation(),
        "docs/cli.md": command_line(),
        "docs/api.md": api(),
        "tests/house/routes.txt": route_table(),
    }


def route_table() -> str:
    """Return one line per route: method, path, who may call it, and its limit."""
    lines = sorted((route.path, route.method, who(route), route.limit) for route in ROUTES)
    return "".join(
        f"{method:7}{path:62} {caller:44} {limit}\n" for path, method, caller, limit in lines
    )


def who(route: Route) -> str:
    """Say who may call a route."""
    scopes = " or ".join(route.scopes)
    if route.public:
        return "anybody"
    if route.app_token:
        return f"application: {scopes or 'any token'}"
    return scopes or "any token"


def api() -> str:
    """Return docs/api.md."""
    return "\n".join([*_INTRODUCTION, *_routes(), *_deviations(), *_absent(), *_limits()]) + "\n"


_INTRODUCTION = (
    "# Routes",
    "",
    "This page is made by `make docs` from the program itself; do not edit it. The same for",
    "programs is the OpenAPI document that every office serves at `/api/openapi.json`.",
    "",
    "Every route that an office answers. Who calls it needs a member's token with one of the",
    "named scopes (a parent such as `read` covers `read:statuses`), unless it says otherwise.",
    "Of anybody no token is asked; pages then look at the session's cookie, and the routes",
    "between offices at the HTTP signature. Limits are settings below",
    "[`[limits]`](configuration.md); a PUT also answers PATCH and the other way round.",
    "Parameters in bold are required; `[]` marks a list. `{Marker}` is a mapping of names to",
    "markers, `{}` an empty object.",
    "",
)


def _routes() -> Iterator[str]:
    yield "| method | path | who | limit | parameters | answer | what |"
    yield "|---|---|---|---|---|---|---|"
    for route in _sorted_routes():
        limit = route.limit
        if route.max_body != DEFAULT_MAX_BODY:
            limit += f", body {route.max_body:,} bytes"
        names = ", ".join(
            f"**`{name}`**" if must else f"`{name}`" for name, must in parameters(route).items()
        )
        returns = f"`{_cell(route.returns)}`" if route.returns else ""
        yield (
            f"| {route.method} | `{_cell(route.path)}` | {who(route)} | {limit}"
            f" | {names} | {returns} | {first_sentence(route.handler)} |"
        )


def _sorted_routes() -> list[Route]:
    return sorted(ROUTES, key=lambda route: (route.path, route.method))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _deviations() -> Iterator[str]:
    yield from ("", "## Where an office departs from Mastodon", "")
    yield from ("| method | path | how |", "|---|---|---|")
    for route in _sorted_routes():
        if route.deviation:
            yield f"| {route.method} | `{_cell(route.path)}` | {_cell(route.deviation)} |"


def _absent() -> Iterator[str]:
    yield from ("", "## What Mastodon has and an office has not", "")
    yield from ("| method | path | since | why not |", "|---|---|---|---|")
    reasons = {name: reason for reason, names in REASONS.items() for name in names}
    for name, version in endpoints().items():
        if name in reasons:
            method, path = name.split()
            yield f"| {method} | `{path}` | {version} | {reasons[name]} |"


def _limits() -> Iterator[str]:
    yield from ("", "## Limits", "", "| name | counts | per | window |", "|---|---|---|---|")
    for name, family in FAMILIES.items():
        rule = family.rule
        cells = (
            (f"`limits.{rule.setting}`", rule.holder, _span(rule.seconds)) if rule else ("", "", "")
        )
        note = "; also the general ones" if family.general and rule else ""
        general = "the general ones" if family.general and not rule else ""
        yield f"| {name} | {cells[0]}{note}{general} | {cells[1]} | {cells[2]} |"


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def first_sentence(thing: Any) -> str:
    """Return the first paragraph of a docstring, without a path that it begins with."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    bare = re.sub(r"^[A-Z]+ /\S*?[:;,.]? (?=\S)", "", text)
    return bare[:1].upper() + bare[1:]


def command_line() -> str:
    """Return docs/cli.md."""
    lines = [
        "# Command line",
        "",
        "This page is made by `make docs` from the program itself; do not edit it.",
        "",
        "Every change has its effect at once, in all running processes. A mistake is one sentence",
        "on standard error; the exit code is 2 for a wrong command or an unknown member or peer,",
        "1 for everything else that failed.",
    ]
    for path, command in commands():
        lines += ["", f"## {path}", "", " ".join((command.help or "").split())]
        lines += ["", f"    {path} {' '.join(_usage(command))}".rstrip()]
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        if options:
            lines += ["", "| option | meaning |", "|---|---|"]
            lines += [f"| `{_names(option)}` | {_meaning(option)} |" for option in options]
    return "\n".join(lines) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words that call it."""
    for name, command in sorted(root.commands.items()):
        if isinstance(command, click.Group):
            for inner_name, inner in sorted(command.commands.items()):
                yield f"fedimmp {name} {inner_name}", inner
        else:
            yield f"fedimmp {name}", command


def _usage(command: click.Command) -> list[str]:
    arguments = [p.human_readable_name for p in command.params if isinstance(p, click.Argument)]
    return [*arguments, "[OPTIONS]"]


def _names(option: click.Option) -> str:
    names = ", ".join((*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {'/'.join(map(str, option.type.choices))}"
    return f"{names} {option.metavar or option.type.name.upper()}"


def _meaning(option: click.Option) -> str:
    text = option.help or ""
    if option.required:
        return f"{text} Mandatory."
    if option.show_default and option.default not in (None, "", False):
        return f"{text} Default: `{option.default}`."
    return text
