"""The files of docker/, as far as they can be checked without a container engine."""

import json
import re

import pytest

from fedimmp.config.loading import PREFIX, settings
from tests.house.pages import commands
from tests.house.source import ROOT

FOLDER = ROOT / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
COMPOSE = ("compose.yaml", "compose.federation.yaml")


def variables() -> set[str]:
    """Return the names of all environment variables that the configuration reads."""
    names = {f"{PREFIX}{setting.name.replace('.', '__').upper()}" for setting in settings()}
    secret = {
        f"{PREFIX}{setting.name.replace('.', '__').upper()}_FILE"
        for setting in settings()
        if setting.secret
    }
    return names | secret


def section(text: str, name: str) -> str:
    """Return the indented lines of a top-level section of a compose file."""
    found = re.search(rf"^{name}:\n((?:[ ].*\n|\n)*)", text + "\n", re.MULTILINE)
    return found[1] if found else ""


def keys(text: str) -> set[str]:
    return set(re.findall(r"^  ([a-z_-]+):", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["Dockerfile", *COMPOSE])
def test_every_variable_is_a_setting(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]+", text))
    assert named
    assert named - variables() == set()


def test_everything_that_is_copied_is_there_and_gets_into_the_build() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    sources = [word for line in lines for word in line.split()[:-1]]
    ignore = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert ignore[0] == "*"
    assert {f"!{source.rstrip('/')}" for source in sources} == {
        line for line in ignore if line.startswith("!")
    }


def test_the_image_runs_commands_that_exist_as_nobody_special() -> None:
    known = {path for path, _command in commands()}
    check = json.loads(re.findall(r"^HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    entry = json.loads(re.findall(r"^ENTRYPOINT (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    command = json.loads(re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[0])
    assert " ".join(check) in known
    assert " ".join(entry + command) in known
    assert re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE) == [("10001", "10001")]


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_names_only_what_it_declares(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert "\t" not in text
    services = section(text, "services")
    mounted = {*re.findall(r"[\"\s]([a-z]+):/[a-z]", services)}
    assert mounted == keys(section(text, "volumes"))
    waited_for = {*re.findall(r"^ {6}([a-z]+):\n {8}condition:", text, re.MULTILINE)}
    waited_for |= {*re.findall(r"^ {4}([a-z]+):\n {6}condition:", text, re.MULTILINE)}
    assert waited_for
    assert waited_for <= keys(services)
    for path in re.findall(r"^ +- (\./[^:\s]+):", text, re.MULTILINE):
        assert (FOLDER / path).exists(), path


def test_the_ports_of_the_files_are_the_one_of_the_image() -> None:
    (port,) = re.findall(r"FEDIMMP_SERVER__LISTEN=0\.0\.0\.0:(\d+)", DOCKERFILE)
    assert re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) == [port]
    compose = (FOLDER / "compose.yaml").read_text("utf-8")
    assert f'"127.0.0.1:{port}:{port}"' in compose
    caddy = (FOLDER / "Caddyfile").read_text("utf-8")
    offices = dict(re.findall(r"^(\w+)\.localhost \{\n\treverse_proxy (.+)$", caddy, re.MULTILINE))
    assert offices == {name: f"{name}:{port}" for name in ("hq", "porto", "osaka")}
