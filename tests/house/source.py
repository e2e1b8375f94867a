"""The source as the house tests see it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("fedimmp", "activitypub", "storage", "tests")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its path from the root of the repository, and its content."""

    path: str
    text: str
    tree: ast.Module


def modules(*packages: str) -> Iterator[Module]:
    """Yield all Python files of the packages, all by default."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            yield _module(path)


@cache
def _module(path: Path) -> Module:
    """Read a file once: the tests that go through all of them are many."""
    text = path.read_text("utf-8")
    return Module(str(path.relative_to(ROOT)), text, ast.parse(text))


def forget() -> None:
    """Give back the memory of what was read."""
    _module.cache_clear()


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods of a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
