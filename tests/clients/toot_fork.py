"""What a process does that is forked to be toot; toot is imported only there.

What it imports warns whoever looks at all modules, as a plugin of the tests does.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def be_toot(words: Sequence[str], environment: dict[str, str], folder: str, shown: str) -> None:
    """Run a command; `shown` takes what it prints, and nobody types."""
    from toot.cli import cli

    os.environ.update(environment)
    os.chdir(folder)
    output = os.open(shown, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate((nothing, output, output)):
        os.dup2(source, number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the process ends with it
    sys.argv = ["toot", *words]
    cli()


def list_commands(shown: str) -> None:
    """Write the name of every command that the installed version has, hidden ones too."""
    from toot.cli import cli

    Path(shown).write_text("\n".join(_names(cli)), "utf-8")


def _names(group: Any, *above: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _names(command, *above, name)
        else:
            yield " ".join((*above, name))
