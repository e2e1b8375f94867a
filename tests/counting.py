"""Counts the statements of requests, so that a test can say what an answer costs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from fedimmp.memory import BarredNetworks
from storage.database import Connection, Database


@dataclass(slots=True)
class Count:
    """How many statements there were."""

    queries: int = 0


@contextmanager
def counted(database: Database) -> Iterator[Count]:
    """Count what is asked of a database for the sake of requests.

    What an office asks now and then by itself is left out: the events that the stream hub reads,
    and the barred networks, which are looked at again every second.
    """
    count = Count()
    ask = Connection._statement

    def counting(connection: Connection) -> Any:
        task = asyncio.current_task()
        if connection.database is database and (task is None or task.get_name() != "stream hub"):
            count.queries += 1
        return ask(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_statement", counting)
        patch.setattr(BarredNetworks, "claim", lambda known: known.networks is None)
        yield count
