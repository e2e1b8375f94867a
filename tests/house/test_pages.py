"""What the documents name is there: pages, headings, commands, options, settings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fedimmp.config.loading import settings
from tests.house.pages import commands
from tests.house.source import ROOT

PAGES = sorted(
    path.relative_to(ROOT)
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "docker").glob("*.md"),
    )
)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMANDS = dict(commands())
GROUPS = {" ".join(path.split()[:2]) for path in COMMANDS}


def anchors(path: Path) -> set[str]:
    """Return the names by which the headings of a page are linked to."""
    text = CODE.sub("", path.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text("utf-8")
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        waiting += [page.parent / link for link in links if "://" not in link]
    # The changelog is found by its name.
    assert [str(page) for page in PAGES if (ROOT / page) not in seen] == ["CHANGELOG.md"]


def spoken(text: str) -> Iterator[list[str]]:
    """Yield the words after `fedimmp` of each command in a page's code."""
    code = re.findall(r"^```(?:sh|ini)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    code += re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", CODE.sub("", text))
    for block in code:
        joined = block.replace("\\\n", " ")
        for line in joined.splitlines():
            if found := re.search(r"(?:^|[ (])(?:\S*/bin/)?fedimmp ([a-z-].*)", line):
                rest = re.split(r"[|)>;]|&&", found[1])[0]
                yield shlex.split(rest, comments=True)


def problems(words: list[str]) -> str | None:
    """Say what is wrong with a command, None if nothing is."""
    if words[0].startswith("-") or words[0] == "...":
        return None
    path = next(
        (
            candidate
            for length in (2, 1)
            if (candidate := " ".join(["fedimmp", *words[:length]])) in COMMANDS
        ),
        None,
    )
    if path is None:
        return None if " ".join(["fedimmp", *words]) in GROUPS else f"no command {words}"
    options = {
        name
        for parameter in COMMANDS[path].params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    unknown = given - options - {"--help"}
    return f"{path}: {sorted(unknown)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_and_their_options_exist(page: Path) -> None:
    said = list(spoken((ROOT / page).read_text("utf-8")))
    assert [problem for words in said if words and (problem := problems(words))] == []


def test_the_pages_for_newcomers_do_name_commands() -> None:
    for page in ("README.md", "docs/getting-started.md", "docs/admin/install.md"):
        assert len(list(spoken((ROOT / page).read_text("utf-8")))) >= 4, page


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {setting.name for setting in settings()}
    sections = {name.partition(".")[0] for name in known}
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)(?: = [^`]*)?`", (ROOT / page).read_text("utf-8")))
    wrong = {name for name in named if name.partition(".")[0] in sections} - known
    # A module of the package storage is spelled like a setting of that section.
    assert {name for name in wrong if not (ROOT / f"{name.replace('.', '/')}.py").exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_files_that_are_named_exist(page: Path) -> None:
    ours = r"(?:fedimmp|activitypub|storage|tests|docs|docker|\.ci)/[\w./-]*"
    named = set(
        re.findall(rf"(?:`|^)({ours})(?:`|\s)", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    )
    paths = [(ROOT / name, ROOT / f"{name}.py") for name in sorted(named)]
    assert [str(path) for path, module in paths if not path.exists() and not module.exists()] == []
