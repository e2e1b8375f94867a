"""`python -m tests.house.attacks`: run the tests of the security vectors, and write their table.

The table joins tests/house/vectors.py with the tests that carry its numbers by the marker `sec`.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.house.source import ROOT, Module, modules
from tests.house.vectors import SECTIONS

PAGE = "docs/security/vectors.md"

_HEAD = """\
# Attacks, and what comes of them

This page is made by `make vectors`, which runs the tests that it names; do not edit it. Each number
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
    """Hears what came of each test, by the numbers that it carries."""

    def __init__(self) -> None:
        self._numbers: dict[str, list[str]] = {}
        self.outcomes: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            numbers = [str(each) for mark in item.iter_markers("sec") for each in mark.args]
            self._numbers[item.nodeid] = numbers

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            for number in self._numbers.get(report.nodeid, ()):
                self.outcomes[number].append(report.outcome)


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


def result(outcomes: list[str]) -> str:
    """Say in a word or two what came of the tests of one number."""
    passed = outcomes.count("passed")
    if not outcomes or passed < len(outcomes):
        return f"**{len(outcomes) - passed} of {len(outcomes)} did not pass**"
    return f"holds ({passed})"


def main() -> int:
    """Run the marked tests and write the page."""
    recorder = Recorder()
    code = pytest.main(["-m", "sec", "-q", str(ROOT / "tests")], plugins=[recorder])
    numbers = [number for section in SECTIONS for number in section.vectors]
    results = {number: result(recorder.outcomes[number]) for number in numbers}
    (ROOT / PAGE).parent.mkdir(exist_ok=True)
    (ROOT / PAGE).write_text(page(results), "utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
