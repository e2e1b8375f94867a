"""The rules of the house that a look at the source can check."""

import ast
import re
import subprocess
import sys

from tests.house.source import ROOT, Module, functions, modules

MAX_FILE = 500
MAX_FUNCTION = 40
VAGUE = {"utils", "helpers", "common", "manager", "misc"}
# Where aiohttp.web may be known: the edges, their kit, and what wires them.
WEB_LAYERS = ("admin", "api", "build", "cli", "oauth", "pages", "streaming", "web", "wire")


def test_no_file_and_no_function_is_long() -> None:
    long_files = [
        f"{module.path}: {lines} lines"
        for module in modules()
        if (lines := module.text.count("\n")) > MAX_FILE
    ]
    long_functions = [
        f"{module.path}:{function.lineno} {function.name}: {length} lines"
        for module in modules()
        for function in functions(module)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION
    ]
    assert long_files + long_functions == []


def test_modules_are_named_for_what_is_in_them() -> None:
    vague = [
        module.path
        for module in modules()
        if VAGUE & set(re.split(r"[/_.]", module.path.removesuffix(".py")))
    ]
    assert vague == []


def test_nothing_is_left_to_do() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")
    marker = re.compile(rf"\b({'|'.join(words)})\b")
    found = [
        f"{module.path}:{number}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), start=1)
        if marker.search(line)
    ]
    assert found == []


def _inner_imports(module: Module) -> list[str]:
    return [
        f"{module.path}:{node.lineno}"
        for function in functions(module)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_imports_stand_at_the_top() -> None:
    found = [
        place
        for module in modules("fedimmp", "activitypub", "storage")
        if not module.path.startswith("fedimmp/cli/")
        for place in _inner_imports(module)
    ]
    assert found == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        module.path
        for module in modules("fedimmp", "activitypub", "storage")
        if not ast.get_docstring(module.tree)
    ]
    assert silent == []


def _knows_web(module: Module) -> bool:
    for node in ast.walk(module.tree):
        match node:
            case ast.ImportFrom(module="aiohttp", names=names):
                if any(name.name in ("web", "web_protocol") for name in names):
                    return True
            case ast.ImportFrom(module=str(name)) if name.startswith("aiohttp.web"):
                return True
            case ast.Import(names=names):
                if any(name.name.startswith("aiohttp.web") for name in names):
                    return True
    return False


def test_only_the_edges_know_the_web() -> None:
    found = [
        module.path
        for module in modules("fedimmp", "activitypub", "storage")
        if _knows_web(module)
        and not module.path.startswith(tuple(f"fedimmp/{layer}/" for layer in WEB_LAYERS))
    ]
    assert found == []


def test_sql_lives_in_storage() -> None:
    """Outside of storage nobody writes SQL."""
    statement = re.compile(r'"""\s*(SELECT|INSERT INTO|UPDATE \w+\s+SET|DELETE FROM)\s')
    found = [module.path for module in modules("fedimmp") if statement.search(module.text)]
    assert found == []


def test_the_packages_keep_their_directions() -> None:
    # In a process of its own, since the linter silences all loggers of its process for good.
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
