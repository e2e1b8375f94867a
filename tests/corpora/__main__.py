"""`python -m tests.corpora`: post every case anew and write the page."""

import asyncio
import tempfile
from pathlib import Path

from storage.cluster import running
from storage.migrate import migrate
from tests.corpora.page import PATH, render
from tests.corpora.trial import try_all
from tests.databases import create_database
from tests.house.source import ROOT


async def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory(prefix="fedimmp-corpora-") as name:
        folder = Path(name)
        async with running(folder / "cluster", durable=False, connections=50) as cluster_url:
            url = await create_database(cluster_url, "corpora")
            await migrate(url)
            outcomes = await try_all(url, folder)
    (ROOT / PATH).write_text(render(outcomes), "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
