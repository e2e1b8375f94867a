"""Node and the locked packages of npm that other implementations come as."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest


def skip_without_node() -> None:
    """Skip where there is no Node; on the machine that judges a commit, that is a failure."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("Node is not installed, and the other implementation is written for it")


async def install(folder: Path) -> None:
    """Install the locked packages of a folder once; a checkout keeps them."""
    if (folder / "node_modules" / ".package-lock.json").exists():
        return
    words = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    child = await asyncio.create_subprocess_exec(*words, cwd=folder)
    async with asyncio.timeout(180):
        assert await child.wait() == 0, f"the packages of {folder} do not install"
