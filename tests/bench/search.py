"""Search in a large office: how long one search takes, and what keeping the words costs a post."""

import os
import statistics
import time
from typing import Final

from fedimmp.app import App
from fedimmp.services import searching
from fedimmp.services.searching import Query
from storage import search_words
from tests.bench.population import populated, reader_id

STATUSES: Final = int(os.environ.get("FEDIMMP_BENCH_STATUSES", "1000000"))
ROUNDS: Final = 15
_BATCH: Final = 5_000

QUESTIONS: Final = {
    "a rare word": "{}77{:03}",
    "a frequent word": "meeting",
    "frequent words, all in every post": "words people write",
    "two words, one frequent": "meeting topic{1}",
    "a phrase": '"room {1}"',
    "a phrase of frequent words": '"as people write them"',
    "a hashtag": "#topic{1}",
    "an author": "from:m{1}",
    "a word of an author": "meeting from:m{1}",
    "what has a picture": "meeting has:image",
    "a description": "whiteboard",
    "a day": "meeting during:2024-03-{1:02}",
    "the library": "meeting in:library",
    "an exclusion": "meeting -topic{1}",
    "what nobody wrote": "zeppelin{1}",
    "a script without spaces": "東京都",
}


async def measure_search() -> None:
    """Measure each kind of question by itself, in this process, without rendering."""
    async with populated(STATUSES) as office:
        assert office.app is not None
        await _read_words(office.app)
        times: list[float] = []
        for name, pattern in QUESTIONS.items():
            spent = [
                await _ask(office.app, pattern.format(number % 9 + 1, number * 7 % 27 + 1), number)
                for number in range(ROUNDS)
            ]
            times += spent
            print(
                f"{name:36} p50 {statistics.median(spent):7.1f} ms   most {max(spent):7.1f} ms",
                flush=True,
            )
        times.sort()
        print(f"{'all':36} p95 {times[int(len(times) * 0.95)]:7.1f} ms", flush=True)


async def _ask(app: App, text: str, number: int) -> float:
    query = Query(text=text, limit=20, kinds=("statuses",))
    began = time.perf_counter()
    await searching.find(app, reader_id(number % 50), query)
    return (time.perf_counter() - began) * 1000


async def _read_words(app: App) -> None:
    """Give the words of those posts that the population was loaded without."""
    async with app.db.reader() as conn:
        kept = await conn.fetchval("SELECT count(*) FROM status_words")
        ids = (
            []
            if kept
            else [
                row["id"]
                for row in await conn.fetch(
                    "SELECT id FROM statuses WHERE reblog_of_id IS NULL ORDER BY id"
                )
            ]
        )
    if not ids:
        return
    began = time.perf_counter()
    for first in range(0, len(ids), _BATCH):
        async with app.db.writer() as tx:
            await search_words.keep(tx, ids[first : first + _BATCH])
    spent = time.perf_counter() - began
    print(f"{len(ids)} posts were read in {spent:.0f} s, {spent / len(ids) * 1e6:.0f} us each")
    async with app.db.writer() as tx:
        await tx.execute("ANALYZE status_words")
