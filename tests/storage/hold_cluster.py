"""A process that holds a share of a private cluster until its input ends: a body for the tests.

`python -m tests.storage.hold_cluster FOLDER [nobody]` prints the URL once the server answers, or
the error's sentence. With `nobody`, root gives its rights up first.
"""

import asyncio
import importlib
import os
import pwd
import sys
from pathlib import Path

from storage.cluster import running
from storage.errors import ClusterError


async def hold(folder: Path) -> None:
    """Enter, say where, and leave when told."""
    try:
        async with running(folder, durable=False) as url:
            print(url, flush=True)
            await asyncio.to_thread(sys.stdin.read)
    except ClusterError as error:
        print(f"refused: {error}", flush=True)


def give_up_rights() -> None:
    """Become the user nobody for good."""
    # Loaded now: the interpreter may lie where that user cannot look.
    importlib.import_module("concurrent.futures.thread")
    entry = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


if __name__ == "__main__":
    if sys.argv[2:] == ["nobody"]:
        give_up_rights()
    asyncio.run(hold(Path(sys.argv[1])))
