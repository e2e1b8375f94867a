"""`make bench`: how fast one office is on its hot paths, over real sockets, on this machine.

The office, its PostgreSQL (with fsync) and the load generators share the machine's cores. Figures
are medians of the rounds; nothing here passes or fails. `python -m tests.bench inbox` measures one
part only; the parts are api, search, documents, inbox, delivery and streams.
"""

import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.bench.api import measure_api
from tests.bench.delivery import measure_delivery
from tests.bench.documents import measure_documents
from tests.bench.inbox import measure_inbox
from tests.bench.search import measure_search
from tests.bench.streams import measure_streams
from tests.live import Office, offices

ROUNDS = 3
REQUESTS = int(os.environ.get("FEDIMMP_BENCH_REQUESTS", "12000"))

# Thousands of sockets come from this one address.
SETTINGS = "connections_per_address = 20000"

PARTS: dict[str, Callable[[Office], Awaitable[None]]] = {
    "documents": measure_documents,
    "inbox": lambda office: measure_inbox(office, REQUESTS),
    "delivery": lambda office: measure_delivery(office, ROUNDS),
    "streams": measure_streams,
}

# On offices that are kept, since it takes minutes to fill them.
LARGE: dict[str, Callable[[], Awaitable[None]]] = {"api": measure_api, "search": measure_search}


async def main(names: Sequence[str]) -> None:
    """Run these parts, or all, each on a fresh office unless it needs a large one."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, medians of {ROUNDS}")
    for name in names or [*LARGE, *PARTS]:
        if name in LARGE:
            await LARGE[name]()
            continue
        with tempfile.TemporaryDirectory() as folder:
            async with offices(Path(folder), ("bench",), settings=SETTINGS) as (office,):
                await PARTS[name](office)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
