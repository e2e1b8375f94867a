"""Shows the configuration: as an example file, as documentation, and as it is in force."""

import json
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from textwrap import wrap
from typing import Final
from urllib.parse import urlsplit

from fedimmp.config.loading import Loaded, Setting, sections, settings
from fedimmp.config.texts import Rule, RuleText

_REDACTED: Final = "(secret)"
_KINDS: Final = {
    "AddressValue": "address",
    "FlagValue": "true or false",
    "ListenValue": "address:port",
    "NetworkValue": "network",
    "NumberValue": "whole number",
    "DomainValue": "domain",
    "MailAddressValue": "e-mail address",
    "OriginValue": "origin",
    "PathValue": "path",
    "ProxyValue": "URL",
    "RuleValue": "text or table",
    "SecondsValue": "number",
    "TextValue": "text",
    "WordValue": "word",
}


def as_toml(value: object) -> str:
    """Return a value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return f"{value:g}" if value.is_integer() and abs(value) < 1e15 else repr(value)
        case tuple() | list():
            return f"[{', '.join(as_toml(item) for item in value)}]"
        case Rule() | RuleText():
            return _rule_as_toml(value)
        case Path() | IPv4Network() | IPv6Network():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _rule_as_toml(rule: Rule | RuleText) -> str:
    translations = rule.translations if isinstance(rule, Rule) else {}
    if not rule.hint and not translations:
        return as_toml(rule.text)
    parts = [f"text = {as_toml(rule.text)}", f"hint = {as_toml(rule.hint)}"]
    if translations:
        inner = (f"{language} = {as_toml(each)}" for language, each in translations.items())
        parts.append(f"translations = {{{', '.join(inner)}}}")
    return f"{{{', '.join(parts)}}}"


def example() -> str:
    """Return a complete commented configuration file in which only the mandatory is set."""
    lines = [
        "# fedimmp.toml: every setting with its default.",
        "# Each can also be given as environment variable, FEDIMMP_SECTION__KEY.",
    ]
    for section, model in sections().items():
        lines += ["", f"[{section}]", *(f"# {line}" for line in wrap(_text(model), 96))]
        for setting in (s for s in settings() if s.section == section):
            lines += ["", *(f"# {line}" for line in wrap(setting.text, 96))]
            if setting.is_mandatory:
                lines.append(f'{setting.key} = "https://hq.example"')
            elif setting.default is None:
                lines.append(f"#{setting.key} =")
            else:
                lines.append(f"#{setting.key} = {as_toml(setting.default)}")
    return "\n".join(lines) + "\n"


def documentation() -> str:
    """Return docs/configuration.md."""
    lines = [*_PREFACE]
    for section, model in sections().items():
        lines += ["", f"## [{section}]", "", _text(model)]
        for setting in (s for s in settings() if s.section == section):
            lines += ["", f"### {setting.name}", "", setting.text, "", _facts(setting)]
    return "\n".join(lines) + "\n"


def in_force(loaded: Loaded) -> list[dict[str, str]]:
    """Return name, value (as TOML; secrets hidden) and source of every setting."""
    rows = []
    for setting in settings():
        value = getattr(getattr(loaded.config, setting.section), setting.key)
        shown = "unset" if value is None else as_toml(value)
        if setting.secret and value is not None:
            shown = _REDACTED
        rows.append({"name": setting.name, "value": shown, "source": loaded.sources[setting.name]})
    return rows


_PREFACE: Final = (
    "# Configuration",
    "",
    "This page is made by `make docs` from the program itself; do not edit it.",
    "",
    "An office reads one TOML file: the one of `--config`, else of the variable `FEDIMMP_CONFIG`,",
    "else `fedimmp.toml` in the current folder, else `/etc/fedimmp/fedimmp.toml`. Any setting can",
    "also be given as environment variable, which wins: `FEDIMMP_SERVER__ORIGIN` for",
    "`server.origin`; lists are separated by commas there. A setting marked *secret* may lie in a",
    "file of its own, named by `url_file` in TOML or `FEDIMMP_DATABASE__URL_FILE`.",
    "Relative paths count from the folder of the configuration file.",
    "",
    "`fedimmp config check` finds mistakes, `fedimmp config show` prints what is in force and",
    "where it comes from, `fedimmp config example` writes a commented file with every setting.",
)


def _facts(setting: Setting) -> str:
    kind = type(setting.kind).__name__
    words = getattr(setting.kind, "words", None)
    if words:
        shown = "one of " + ", ".join(f"`{word}`" for word in words)
    elif kind == "ListValue":
        shown = f"list of {_KINDS[type(setting.kind.item).__name__]}"  # type: ignore[attr-defined]
    else:
        shown = _KINDS[kind]
    low = getattr(setting.kind, "minimum", None)
    if low is not None:
        shown += f", {as_toml(low)} to {as_toml(setting.kind.maximum)}"  # type: ignore[attr-defined]
    if setting.is_mandatory:
        default = "mandatory"
    elif setting.default is None:
        default = "unset by default"
    else:
        default = f"default `{as_toml(setting.default)}`"
    secret = "; secret" if setting.secret else ""
    return f"*{shown}; {default}{secret}; `{setting.variable}`*"


def _text(model: type) -> str:
    return " ".join((model.__doc__ or "").split())


def first_file(origin: str, name: str, data_dir: Path | None) -> str:
    """Return the file that a new office begins with."""
    lines = [
        "# The configuration of this office; `fedimmp config example` shows every setting.",
        "",
        "[server]",
        "# Part of every name here: it can never be changed.",
        f"origin = {as_toml(origin)}",
    ]
    port = urlsplit(origin).port
    if origin.startswith("http:") and port is not None:
        # Nobody stands in front of an office on a loopback name.
        lines.append(f"listen = {as_toml(f'127.0.0.1:{port}')}")
    if name:
        lines.append(f"name = {as_toml(name)}")
    if data_dir is not None:
        lines += ["", "[storage]", f"data_dir = {as_toml(data_dir.absolute())}"]
    return "\n".join(lines) + "\n"
