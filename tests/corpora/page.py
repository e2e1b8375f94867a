"""docs/federation/documents.md: one row for each case."""

import itertools
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from tests.corpora.cases import CASES, INPUTS
from tests.corpora.trial import Outcome

PATH = "docs/federation/documents.md"
_LONGEST = 110
_ON_EACH_LINK = re.compile(' (?:target="_blank"|rel="nofollow noopener noreferrer")')
_HEAD = """\
# Documents of the field

This page is made by `python -m tests.corpora`, which posts each case, signed, to an office of ours
and asks its API what readers see; do not edit it. The cases are those of two packages of the
Funfedi project, which are dependencies of the tests only: {cases},
and {inputs} (MIT), whose cases are named by input and number.

Whoever works on reading documents looks at the difference that a change makes to this page.

- **Answer** is the status of the inbox. After 202 the activity is stored and processed later; where
  it is refused then, it is set aside, and the sentence says why.
- **Seen** is the post as an app gets it: its HTML (without what we add to each link), and whatever
  else it has. Posts are public unless it says otherwise. Nothing is there where the case is no post
  of its sender, or nothing to us.

{posted} cases, {refused} refused with 4xx, {aside} set aside, {shown} shown as posts.
"""


def render(outcomes: Sequence[Outcome]) -> str:
    """Return the page; what differs from run to run, as ports and ids do, is made equal."""
    lines = [
        _HEAD.format(
            cases=f"`{CASES}` {version(CASES)}",
            inputs=f"`{INPUTS}` {version(INPUTS)}",
            posted=len(outcomes),
            refused=sum(each.status >= 400 for each in outcomes),
            aside=sum(bool(each.reason) and each.status < 400 for each in outcomes),
            shown=sum(each.shown is not None for each in outcomes),
        )
    ]
    for package, inside in itertools.groupby(outcomes, lambda each: each.case.package):
        lines.append(f"## {package}\n")
        for group, rows in itertools.groupby(inside, lambda each: each.case.group):
            lines += [f"### {group}\n", "| case | answer | seen |", "|---|---|---|"]
            lines += [_row(each) for each in rows]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(outcome: Outcome) -> str:
    answer = f"{outcome.status}; {outcome.reason}" if outcome.reason else str(outcome.status)
    seen = "; ".join(_seen(outcome.shown, outcome.case.object_id)) if outcome.shown else ""
    return f"| {outcome.case.name} | {_settled(answer, outcome.case.object_id)} | {seen} |"


def _settled(text: str, object_id: str | None) -> str:
    if object_id is not None:
        text = text.replace(object_id, "https://peer.example/post")
    return re.sub(r"http://localhost:\d+", "https://peer.example", text)


def _seen(shown: dict[str, Any], object_id: str | None) -> Iterator[str]:
    if shown["content"]:
        yield _code(_settled(_ON_EACH_LINK.sub("", shown["content"]), object_id))
    if shown["url"] != object_id:
        yield f"its page {_code(_settled(shown['url'], None))}"
    if shown["visibility"] != "public":
        yield str(shown["visibility"])
    if shown["spoiler_text"]:
        yield f"warning {_code(shown['spoiler_text'])}"
    elif shown["sensitive"]:
        yield "hidden files"
    if shown["language"]:
        yield f"language `{shown['language']}`"
    if shown["in_reply_to_id"]:
        yield "an answer"
    yield from _files(shown["media_attachments"])
    yield from (f"tag `{each['name']}`" for each in shown["tags"])
    yield from (f"mentions `{each['username']}`" for each in shown["mentions"])
    if shown["quote"]:
        yield f"quotes a post: {shown['quote']['state']}"
    if shown["poll"]:
        yield f"poll of {len(shown['poll']['options'])}{_ends(shown['poll'])}"


def _files(files: list[dict[str, Any]]) -> Iterator[str]:
    for kind, group in itertools.groupby(files, lambda each: each["type"]):
        yield f"{len(list(group))} × {kind}"
    for each in files:
        if each["description"]:
            yield f"described {_code(each['description'])}"


def _ends(poll: dict[str, Any]) -> str:
    many = ", several answers" if poll["multiple"] else ""
    return many + (", ends" if poll["expires_at"] else ", never ends")


def _code(text: str) -> str:
    """Return a text as code in a cell: on one line, short, with nothing that ends either."""
    line = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return f"`{line if len(line) <= _LONGEST else line[:_LONGEST] + '…'}`"
