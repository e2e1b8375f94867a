"""Reads the configuration and says where each value came from. Mistakes are sentences.

Later sources win: defaults, the TOML file, the environment. A secret may also lie in a file of
its own, named by `key_file` in TOML or by `FEDIMMP_SECTION__KEY_FILE`.
"""

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_type_hints

from marshmallow import ValidationError

from fedimmp.config.model import Config
from fedimmp.config.texts import UnreadableText, read_texts
from fedimmp.config.values import Kind, is_loopback

ENVIRONMENT_FILE: Final = "FEDIMMP_CONFIG"
PREFIX: Final = "FEDIMMP_"
_USUAL_FILES: Final = (Path("fedimmp.toml"), Path("/etc/fedimmp/fedimmp.toml"))
_SECRET_BYTES: Final = 64 * 1024


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds one sentence for each mistake."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of the model."""

    section: str
    key: str
    kind: Kind
    text: str
    secret: bool
    default: Any

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        return f"{PREFIX}{self.section}__{self.key}".upper()

    @property
    def is_mandatory(self) -> bool:
        return self.default is dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, the file it was read from, and the source of each value by its name."""

    config: Config
    path: Path | None
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    value: object
    source: str


def settings() -> list[Setting]:
    """Return all settings in the order of the model."""
    found = []
    for section, model in sections().items():
        for field in dataclasses.fields(model):
            meta = field.metadata
            found.append(
                Setting(
                    section, field.name, meta["kind"], meta["text"], meta["secret"], field.default
                )
            )
    return found


def sections() -> dict[str, Any]:
    """Return the sections' dataclasses by their names."""
    hints = get_type_hints(Config)
    return {field.name: hints[field.name] for field in dataclasses.fields(Config)}


def find_file(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file to read, None without one; raises ConfigError.

    Looked for: the explicit one, `FEDIMMP_CONFIG`, ./fedimmp.toml, /etc/fedimmp/fedimmp.toml.
    """
    wanted = explicit or (
        Path(environ[ENVIRONMENT_FILE]) if environ.get(ENVIRONMENT_FILE) else None
    )
    if wanted is not None:
        if not wanted.is_file():
            raise ConfigError(f"The configuration file {wanted} does not exist.")
        return wanted
    return next((path for path in _USUAL_FILES if _is_there(path)), None)


def _is_there(path: Path) -> bool:
    # A command may be run from a folder that its user must not enter.
    try:
        return path.is_file()
    except OSError:
        return False


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read the configuration; raises ConfigError with all mistakes that were found."""
    env = os.environ if environ is None else environ
    problems: list[str] = []
    known = {setting.name: setting for setting in settings()}
    given = _from_file(path, known, problems) if path else {}
    given |= _from_environment(env, known, problems)
    base = (path.parent if path else Path.cwd()).absolute()
    values = _read_values(given, known, base, problems)
    problems += [
        f"{setting.name} is not set: write it below [{setting.section}] in"
        f" {path or 'fedimmp.toml'}, or set {setting.variable}."
        for setting in known.values()
        if setting.is_mandatory and setting.name not in given
    ]
    if not problems:
        config = _assemble(values)
        problems += _contradictions(config)
    if problems:
        raise ConfigError(*problems)
    sources = {name: given[name].source if name in given else "default" for name in known}
    return Loaded(config, path, sources)


def _from_file(path: Path, known: Mapping[str, Setting], problems: list[str]) -> dict[str, _Given]:
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    lines = _lines(text)
    given: dict[str, _Given] = {}
    for section, content in document.items():
        where = f"{path}:{lines.get(section, 1)}"
        if not isinstance(content, dict):
            problems.append(_unknown(where, section, known, "setting"))
        elif section not in sections():
            problems.append(_unknown(where, section, sections(), "section"))
        else:
            for key, value in content.items():
                name = f"{section}.{key}"
                place = f"{path}:{lines.get(name, lines.get(section, 1))}"
                _take(name, value, place, path.parent, known, given, problems)
    return given


def _from_environment(
    environ: Mapping[str, str], known: Mapping[str, Setting], problems: list[str]
) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for variable in sorted(environ):
        # An empty variable is how compose files and shells say that they leave it open.
        if not variable.startswith(PREFIX) or "__" not in variable or not environ[variable]:
            continue
        section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
        name = f"{section}.{key}"
        value: object = environ[variable]
        if name in known:
            value = known[name].kind.from_text(environ[variable])
        _take(name, value, variable, Path.cwd(), known, given, problems)
    return given


def _take(
    name: str,
    value: object,
    place: str,
    base: Path,
    known: Mapping[str, Setting],
    given: dict[str, _Given],
    problems: list[str],
) -> None:
    """Note one given value, or the secret in the file that it names."""
    plain = name.removesuffix("_file")
    if plain != name and plain in known and known[plain].secret:
        if plain in given:
            problems.append(f"{place}: {plain} is given twice, as itself and as file.")
        elif (secret := _read_secret(value, place, base, problems)) is not None:
            given[plain] = _Given(secret, f"{place} ({value})")
    elif name not in known:
        problems.append(_unknown(place, name, known, "setting"))
    elif name in given:
        problems.append(f"{place}: {name} is given twice, as itself and as file.")
    else:
        given[name] = _Given(value, place)


def _read_secret(value: object, place: str, base: Path, problems: list[str]) -> str | None:
    if not isinstance(value, str) or not value:
        problems.append(f"{place}: must name a file.")
        return None
    path = base / value
    try:
        with path.open("rb") as file:
            return file.read(_SECRET_BYTES).decode("utf-8").strip()
    except OSError as error:
        problems.append(f"{place}: the secret file {path} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        problems.append(f"{place}: the secret file {path} is not text.")
    return None


def _unknown(place: str, name: str, known: Mapping[str, Any], what: str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return f'{place}: unknown {what} "{name}"{hint}'


def _read_values(
    given: Mapping[str, _Given], known: Mapping[str, Setting], base: Path, problems: list[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, setting in known.items():
        value = setting.default
        if name in given:
            try:
                value = setting.kind.deserialize(given[name].value)
            except ValidationError as error:
                problems.append(f"{given[name].source}: {name} {error.messages[0]}.")
        values[name] = (base / value).absolute() if isinstance(value, Path) else value
    return values


def _assemble(values: Mapping[str, Any]) -> Config:
    built = {}
    for section, model in sections().items():
        names = [field.name for field in dataclasses.fields(model)]
        built[section] = model(**{name: values[f"{section}.{name}"] for name in names})
    return Config(**built)


def _contradictions(config: Config) -> list[str]:
    """Return sentences about settings that do not fit together, or name what is not there."""
    problems = []
    server, database = config.server, config.database
    if (server.tls_certificate is None) != (server.tls_key is None):
        problems.append("server.tls_certificate and server.tls_key must be set together.")
    elif server.tls_certificate and server.origin.startswith("http:"):
        problems.append("server.tls_certificate is set, but server.origin begins with http://.")
    if database.direct_url and not database.url:
        problems.append("database.direct_url is set, but database.url is not.")
    for name, url in (("url", database.url), ("direct_url", database.direct_url)):
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            problems.append(f"database.{name} must begin with postgresql://.")
    problems += _mail_contradictions(config)
    problems += _unreadable_texts(config)
    files = {
        "server.tls_certificate": server.tls_certificate,
        "server.tls_key": server.tls_key,
        "network.ca_bundle": config.network.ca_bundle,
    }
    problems += [
        f"{name} names {path}, which is no readable file."
        for name, path in files.items()
        if path is not None and not (path.is_file() and os.access(path, os.R_OK))
    ]
    return problems


def _unreadable_texts(config: Config) -> list[str]:
    server = config.server
    problems = []
    for name, policy, terms in (
        ("privacy_policy", server.privacy_policy, None),
        ("terms_of_service", None, server.terms_of_service),
    ):
        try:
            read_texts(policy, terms, str)
        except UnreadableText as error:
            problems.append(f"server.{name} {error}.")
    return problems


def _mail_contradictions(config: Config) -> list[str]:
    mail = config.mail
    problems = []
    if mail.host is not None and not mail.sender:
        problems.append("mail.host is set, but mail.sender is not.")
    if mail.host is None and config.registration.confirm_email:
        problems.append("registration.confirm_email is set, but mail.host is not.")
    if (mail.username is None) != (mail.password is None):
        problems.append("mail.username and mail.password must be set together.")
    if mail.username and mail.tls == "none" and not is_loopback(mail.host or ""):
        problems.append(
            "mail.password would travel unencrypted: mail.tls must be starttls or implicit."
        )
    return problems


_HEADER: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_\-]+)\s*\]")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_\-]+)(?:\s*\.\s*([A-Za-z0-9_\-]+))?\s*=")


def _lines(text: str) -> dict[str, int]:
    """Return the line of each `section` and `section.key`, as the file is usually written."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = header[1]
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            parts = [part for part in (section, key[1], key[2]) if part]
            lines.setdefault(".".join(parts), number)
            lines.setdefault(parts[0], number)
    return lines
