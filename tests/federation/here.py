"""An office of ours in the test's own process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import load
from tests.live import free_ports


@contextlib.asynccontextmanager
async def office(database_url: str, folder: Path, *, settings: str = "") -> AsyncIterator[App]:
    """Build an office over an empty database; whether it listens is for the test to arrange."""
    config = folder / "fedimmp.toml"
    config.write_text(
        f"""\
[server]
origin = "http://localhost:{free_ports(1)[0]}"
[database]
url = "{database_url}"
[storage]
data_dir = "{folder}/data"
[accounts]
argon2_time_cost = 1
argon2_memory_kib = 1024
[limits]
factor = 10000.0
{settings}
""",
        "utf-8",
    )
    async with build(load(config).config) as app:
        yield app
