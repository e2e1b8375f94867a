"""`python -m tests.house.attacks`: write the table of the security vectors.

The table joins tests/house/vectors.py with the tests that carry its numbers by the marker `sec`,
and with what came of each, which every run of tests writes down. Tests that were not run with the
source as it is are run first.
"""

import ast
import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.house.source import PACKAGES, ROOT, Module, modules
from tests.house.vectors import SECTIONS

PAGE = "docs/security/vectors.md"
RESULTS = ROOT / ".cache" / "attacks.json"

_HEAD = """\
# Attacks, and what comes of them

`make vectors` makes this page from a run of the tests that it names; do not edit it. Each number
has a test that sends real bytes over a real socket to a running office, and looks at its answer, at
its database, and at what it asks of the network; those in `protocol`, `unit` and `house` try a part
alone. The numbers name classes of attacks, drawn from what was published about the servers of the
field. In brackets: how many tests passed, each set of parameters counted as one.

[Who may do what](index.md) says against whom all this is meant.
"""


def marked() -> dict[str, list[str]]:
    """Return the tests that carry each number, as file::name, from the source alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules("tests"):
        for number, test in _marks(module):
            found[number].add(test)
    return {number: sorted(tests) for number, tests in found.items()}


def _marks(module: Module) -> Iterator[tuple[str, str]]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign):
            for number in _numbers(node):
                yield number, module.path
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                for number in _numbers(decorator):
                    yield number, f"{module.path}::{node.name}"


def _numbers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.sec":
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


class Recorder:
    """Writes down what came of the marked tests, where whole files of them ran."""

    def __init__(self) -> None:
        self._source = ""
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test; it passed if its setting up and its tearing down did as well."""
        news = report.outcome != "passed" or report.nodeid not in self._outcomes
        if news and "sec" in report.keywords:
            self._source = self._source or source()
            self._outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Add what was heard to what earlier runs of the same source left."""
        chosen = session.config.option
        ended_early = exitstatus > 1 or session.shouldfail or session.shouldstop
        narrowed = (
            chosen.keyword or chosen.markexpr or any("::" in each for each in chosen.file_or_dir)
        )
        if not self._outcomes or ended_early or narrowed or self._source != source():
            return
        RESULTS.parent.mkdir(exist_ok=True)
        kept = {"source": self._source, "tests": {**outcomes(), **self._outcomes}}
        RESULTS.write_text(json.dumps(kept), "utf-8")


def outcomes() -> dict[str, str]:
    """Return what came of the marked tests that ran with the source as it is, by their ids."""
    if not RESULTS.exists():
        return {}
    kept = json.loads(RESULTS.read_text("utf-8"))
    found: dict[str, str] = kept["tests"] if kept["source"] == source() else {}
    return found


def source() -> str:
    """Return a checksum of all that decides what comes of a test."""
    total = hashlib.sha256()
    for package in PACKAGES:
        for folder, folders, names in os.walk(ROOT / package):
            folders[:] = sorted({*folders} - {"node_modules", "__pycache__"})
            for name in sorted(names):
                content = Path(folder, name).read_bytes()
                total.update(f"{folder}/{name} {len(content)}\n".encode())
                total.update(content)
    return total.hexdigest()


def page(results: dict[str, str]) -> str:
    """Return the table; results by number."""
    tests = marked()
    lines = [_HEAD]
    for section in SECTIONS:
        lines += [f"\n## {section.title}\n", "| number | attack | outcome | tests | result |"]
        lines.append("|---|---|---|---|---|")
        for number, vector in section.vectors.items():
            places = "<br>".join(
                f"`{test.removeprefix('tests/')}`" for test in tests.get(number, ())
            )
            lines.append(
                f"| {number} | {vector.attack} | {vector.outcome} | {places}"
                f" | {results.get(number, 'not run')} |"
            )
    return "\n".join(lines) + "\n"


def result(tests: Sequence[str], found: Mapping[str, str]) -> str:
    """Say in a word or two what came of tests, which are files or functions in them."""
    results = [
        outcome
        for test, outcome in found.items()
        if not {_file(test), "::".join(test.partition("[")[0].split("::")[:2])}.isdisjoint(tests)
    ]
    passed = results.count("passed")
    if not results or passed < len(results):
        return f"**{len(results) - passed} of {len(results)} did not pass**"
    return f"holds ({passed})"


def main() -> int:
    """Run the marked tests that were not run, and write the page."""
    tests = marked()
    files = {_file(test) for each in tests.values() for test in each}
    missing = sorted(files - {_file(test) for test in outcomes()})
    code = pytest.main(["-q", "-n", "auto", *missing]) if missing else 0
    found = outcomes()
    numbers = [number for section in SECTIONS for number in section.vectors]
    results = {number: result(tests.get(number, ()), found) for number in numbers}
    (ROOT / PAGE).parent.mkdir(exist_ok=True)
    (ROOT / PAGE).write_text(page(results), "utf-8")
    return int(code)


def _file(test: str) -> str:
    return test.partition("::")[0]


if __name__ == "__main__":
    sys.exit(main())
