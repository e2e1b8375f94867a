"""Connections and transactions: how the product reaches PostgreSQL.

Reads take a `Connection`, writes a `Transaction`, so the type checker refuses a write outside a
transaction. `jsonb` comes and goes as Python objects, timestamps as aware UTC. Clusters,
migrations and queries live elsewhere.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, Self, TypeVar

import asyncpg
import orjson
from asyncpg import Record

from storage.errors import Contended, StorageError, Unavailable
from storage.pool import Pool
from storage.signals import Hint, Signals
from storage.translation import OutOfJson, translated, translated_connecting

__all__ = ["Connection", "Database", "Hint", "Record", "Transaction", "forbid_transaction"]

T = TypeVar("T")

_ACQUIRE_SECONDS = 5.0
_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
_PING_SECONDS = 2.0
_ROLLBACK_SECONDS = 5.0
# A reader of the stream log waits 30 s for an id that it has not seen. So whoever took an id must
# have ended by then: 10 s of work and 10 s of COMMIT here, or, should this process stand still,
# 10 s of work and 15 s of idleness until the server ends the session.
TRANSACTION_SECONDS = 10.0
_SESSION_SETTINGS = {
    "application_name": "fedimmp",
    "idle_in_transaction_session_timeout": "15s",
    "statement_timeout": "10s",
    # Compiling takes longer than any of our statements.
    "jit": "off",
}
# A pooler's sessions are not ours to set up, so there each transaction brings the deadlines.
_BEGIN_POOLED = (
    "BEGIN;"
    " SET LOCAL idle_in_transaction_session_timeout = '15s';"
    " SET LOCAL statement_timeout = '10s'"
)


_TRANSLATED = translated()
# PostgreSQL plans anew what it believes to be cheaper so, without counting all that planning costs:
# 8 of the 12 ms that a post took.
_KEEP_PLANS = "SET LOCAL plan_cache_mode = force_generic_plan"


class Connection:
    """A connection to read with; each statement is a transaction of its own.

    All methods raise `Unavailable` when the database is gone and `Unstorable` for an argument that
    PostgreSQL cannot hold.
    """

    def __init__(self, raw: asyncpg.Connection, database: "Database") -> None:
        self._raw = raw
        self.database = database
        self.is_open = True
        self.queries = 0

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """Return all rows."""
        with self._statement():
            rows: list[Record] = await self._raw.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """Return the first row, None without one."""
        with self._statement():
            row: Record | None = await self._raw.fetchrow(sql, *args)
        return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, None without a row."""
        with self._statement():
            return await self._raw.fetchval(sql, *args)

    def _statement(self) -> translated:
        if not self.is_open:
            raise RuntimeError("This connection was used after it had been given back.")
        self.queries += 1
        self.database.queries += 1
        return _TRANSLATED


class Transaction(Connection):
    """An open transaction: what happens here commits together or not at all.

    A statement that raises aborts it, except within `savepoint`.
    """

    def __init__(self, raw: asyncpg.Connection, database: "Database") -> None:
        super().__init__(raw, database)
        self.hints: set[str] = set()

    async def execute(self, sql: str, *args: object) -> int:
        """Run a statement and return the number of rows that it affected."""
        with self._statement():
            tag = str(await self._raw.execute(sql, *args))
        last = tag.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def executemany(self, sql: str, args: Iterable[Sequence[object]]) -> None:
        """Run a statement once per row of arguments, in one round trip."""
        with self._statement():
            await self._raw.executemany(sql, args)

    def hint(self, channel: str) -> None:
        """Wake readers after the commit: of "stream", "deliveries", "inbox", "jobs", "pushes"."""
        self.hints.add(channel)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what happens inside when it raises, and leave the transaction usable."""
        with translated():
            await self._raw.execute("SAVEPOINT inner_work")
        try:
            yield
        except BaseException:
            await self._raw.execute("ROLLBACK TO SAVEPOINT inner_work; RELEASE inner_work")
            raise
        with translated():
            await self._raw.execute("RELEASE SAVEPOINT inner_work")


_current: ContextVar[Transaction | None] = ContextVar("storage_transaction", default=None)


def forbid_transaction(what: str) -> None:
    """Raise RuntimeError inside a `writer()`: what takes long has no place in a transaction."""
    open_transaction = _open_transaction()
    if open_transaction is not None:
        raise RuntimeError(f"{what} inside a database transaction.")


def _open_transaction() -> Transaction | None:
    # A task that was started inside inherits the variable and may outlive the transaction.
    transaction = _current.get()
    return transaction if transaction is not None and transaction.is_open else None


class Database:
    """A pool of connections and this process's connection for hints."""

    def __init__(self, pool: Pool, signals: Signals, *, begin: str = "BEGIN") -> None:
        self._pool = pool
        self._signals = signals
        self._begin = begin
        self.queries = 0

    @classmethod
    async def connect(cls, url: str, *, direct_url: str | None = None, pool_size: int = 10) -> Self:
        """Connect; raises `Unavailable`, or `StorageError` for a URL that means nothing.

        With `direct_url`, `url` leads to a pooler that hands out a server session per transaction:
        nothing may then be kept in the session, and hints go the direct way.
        """

        async def connect_direct() -> "asyncpg.Connection":
            return await asyncpg.connect(
                direct_url or url,
                timeout=_CONNECT_SECONDS,
                command_timeout=_CONNECT_SECONDS,
                server_settings={"application_name": "fedimmp hints"},
            )

        async def connect() -> "asyncpg.Connection":
            connection = await asyncpg.connect(
                url,
                timeout=_CONNECT_SECONDS,
                command_timeout=TRANSACTION_SECONDS + 5,
                statement_cache_size=0 if direct_url else 256,
                server_settings={} if direct_url else _SESSION_SETTINGS,
            )
            await _prepare_session(connection)
            return connection

        pool = Pool(connect, size=pool_size)
        with translated_connecting():
            pool.release(await pool.acquire(_ACQUIRE_SECONDS))
        return cls(pool, Signals(connect_direct), begin=_BEGIN_POOLED if direct_url else "BEGIN")

    def reader(self) -> "_Reading":
        """Lend a connection to read with, to `async with`."""
        self._refuse_nesting()
        return _Reading(self, self._pool)

    @asynccontextmanager
    async def writer(self, *, keep_plans: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction: leaving the block commits, raising rolls back.

        With `keep_plans` each statement is planned once for a session, whatever its arguments: for
        long statements that find everything by keys.

        Raises `Unavailable` when the block takes more than ten seconds, and `Contended` when it
        lost against a concurrent transaction. A connection lost during COMMIT also raises
        `Unavailable`; what was written may then be stored or not.
        """
        self._refuse_nesting()
        raw = await _borrowed(self._pool)
        interrupted = False
        transaction = Transaction(raw, self)
        token = _current.set(transaction)
        try:
            await _begin(raw, f"{self._begin}; {_KEEP_PLANS}" if keep_plans else self._begin)
            async with _deadline():
                yield transaction
            await _commit(raw)
        except BaseException as error:
            interrupted = _interrupts(error)
            await _abandon(raw)
            raise
        finally:
            transaction.is_open = False
            _current.reset(token)
            self._pool.release(raw, interrupted=interrupted)
        self._signals.send(transaction.hints)

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        attempts: int = 5,
        keep_plans: bool = False,
    ) -> T:
        """Run `work` in a transaction, and again from the start while it is `Contended`."""
        for attempt in range(1, attempts + 1):
            try:
                async with self.writer(keep_plans=keep_plans) as transaction:
                    return await work(transaction)
            except Contended:
                if attempt == attempts:
                    raise
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311
        raise ValueError("attempts must be at least 1")

    def subscribe(self, channel: str) -> Hint:
        """Return a waiter for the hints of a channel; hold it for as long as it is wanted."""
        return self._signals.subscribe(channel)

    async def listening(self) -> None:
        """Return once hints of other processes arrive here."""
        await self._signals.listening()

    async def ping(self) -> None:
        """Ask the database for an answer; raises `Unavailable` without one within two seconds."""
        with translated():
            async with asyncio.timeout(_PING_SECONDS), self.reader() as connection:
                await connection.fetchval("SELECT 1")

    async def close(self) -> None:
        """Send pending hints and close all connections, for at most ten seconds."""
        await self._signals.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except (TimeoutError, OSError, asyncpg.InterfaceError):
            self._pool.terminate()

    def _refuse_nesting(self) -> None:
        transaction = _open_transaction()
        if transaction is not None and transaction.database is self:
            raise RuntimeError("A transaction is open already: use it instead of a second one.")


class _Reading:
    """Borrows a connection for a block."""

    __slots__ = ("_connection", "_database", "_pool", "_raw")

    def __init__(self, database: Database, pool: Pool) -> None:
        self._database = database
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._raw = await _borrowed(self._pool)
        self._connection = Connection(self._raw, self._database)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._connection.is_open = False
        self._pool.release(self._raw, interrupted=error is not None and _interrupts(error))


async def _borrowed(pool: Pool) -> "asyncpg.Connection":
    with translated_connecting():
        return await pool.acquire(_ACQUIRE_SECONDS)


def _interrupts(error: BaseException) -> bool:
    """Tell whether a statement may still be under way when a block ends so."""
    return not isinstance(error, Exception) or isinstance(error, Unavailable)


async def _begin(raw: asyncpg.Connection, sql: str) -> None:
    with translated():
        await raw.execute(sql, timeout=TRANSACTION_SECONDS)


async def _commit(raw: asyncpg.Connection) -> None:
    with translated():
        tag = await raw.execute("COMMIT", timeout=TRANSACTION_SECONDS)
    if tag != "COMMIT":
        # PostgreSQL answers a COMMIT after a failed statement with ROLLBACK and no error.
        raise StorageError("Nothing was stored, since a statement before had failed.")


async def _abandon(raw: asyncpg.Connection) -> None:
    try:
        if raw.is_in_transaction():
            await raw.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS)
    except BaseException as error:
        # Lost already, or of unknown state: it must not go back to the pool.
        with suppress(asyncpg.InterfaceError):
            raw.terminate()
        if not isinstance(error, Exception):
            raise


@asynccontextmanager
async def _deadline() -> AsyncIterator[None]:
    deadline = asyncio.timeout(TRANSACTION_SECONDS)
    try:
        async with deadline:
            yield
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise Unavailable("The database work took more than ten seconds.") from error


async def _prepare_session(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_encode_jsonb,
        decoder=_decode_jsonb,
        format="binary",
    )
    await connection.set_type_codec(
        "json",
        schema="pg_catalog",
        encoder=lambda value: _encode_json(value).decode(),
        decoder=orjson.loads,
        format="text",
    )


def _encode_json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        # A type that JSON does not have is a bug of ours, a value that it does not have is input.
        if "not JSON serializable" in str(error):
            raise
        raise OutOfJson(str(error)) from error


def _encode_jsonb(value: object) -> bytes:
    # The binary form is a version byte and the text.
    return b"\x01" + _encode_json(value)


def _decode_jsonb(data: bytes) -> Any:
    return orjson.loads(data[1:])
