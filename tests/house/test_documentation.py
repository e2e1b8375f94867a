"""What is promised on paper is what the program does: settings, commands, routes."""

import importlib
import pkgutil
import re
from types import ModuleType

import pytest

import fedimmp
from fedimmp.build import ROUTES
from fedimmp.config.loading import settings
from fedimmp.web.limits import FAMILIES
from fedimmp.web.scopes import SCOPES
from tests.house.pages import commands, first_sentence, generated
from tests.house.source import ROOT

EDGES = ("api", "oauth", "pages", "streaming", "wire", "web")


@pytest.mark.parametrize("path", sorted(generated()))
def test_generated_files_are_fresh(path: str) -> None:
    """A route, scope, limit, setting or command changed: look at it, then run `make docs`."""
    assert (ROOT / path).read_text("utf-8") == generated()[path]


def test_every_setting_says_what_changes_with_it() -> None:
    assert [setting.name for setting in settings() if len(setting.text) < 10] == []


def test_every_command_and_option_is_explained() -> None:
    silent = [
        f"{path} {parameter.name}"
        for path, command in commands()
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "help", None)
    ]
    assert [path for path, command in commands() if not command.help] + silent == []


def test_every_route_is_explained() -> None:
    silent = [
        f"{route.method} {route.path}" for route in ROUTES if not first_sentence(route.handler)
    ]
    assert silent == []


def test_scopes_and_limits_of_routes_exist() -> None:
    wrong = [
        f"{route.method} {route.path}"
        for route in ROUTES
        if route.limit not in FAMILIES or not set(route.scopes) <= SCOPES
    ]
    assert wrong == []


def test_no_route_is_there_twice() -> None:
    shapes = [(route.method, re.sub(r"{[^}]*}", "{}", route.path)) for route in ROUTES]
    assert sorted({shape for shape in shapes if shapes.count(shape) > 1}) == []


def _edge_modules() -> list[ModuleType]:
    found = []
    for edge in EDGES:
        package = importlib.import_module(f"fedimmp.{edge}")
        names = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        found += [importlib.import_module(info.name) for info in names]
    return found


def test_no_edge_is_forgotten() -> None:
    joined = {(route.method, route.path) for route in ROUTES}
    forgotten = [
        f"{module.__name__}: {route.method} {route.path}"
        for module in _edge_modules()
        for route in getattr(module, "ROUTES", ())
        if (route.method, route.path) not in joined
    ]
    assert forgotten == []


def test_the_package_has_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*|0\+checkout", fedimmp.VERSION)
