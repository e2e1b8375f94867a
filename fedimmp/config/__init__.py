"""The configuration of one office: TOML, then `FEDIMMP_SECTION__KEY`, then secret files.

`model` says what can be set and documents it, `loading` reads it, `rendering` shows it.
"""

from fedimmp.config.joining import Mail, Registration
from fedimmp.config.loading import ConfigError, Loaded, find_file, load
from fedimmp.config.model import (
    Accounts,
    Config,
    Database,
    Delivery,
    Limits,
    Logs,
    Network,
    Push,
    Server,
    Storage,
)
from fedimmp.config.posting import Media, Posts
from fedimmp.config.texts import Rule, RuleText, Texts

__all__ = [
    "Accounts",
    "Config",
    "ConfigError",
    "Database",
    "Delivery",
    "Limits",
    "Loaded",
    "Logs",
    "Mail",
    "Media",
    "Network",
    "Posts",
    "Push",
    "Registration",
    "Rule",
    "RuleText",
    "Server",
    "Storage",
    "Texts",
    "find_file",
    "load",
]
