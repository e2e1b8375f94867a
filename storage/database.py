"""Connections and transactions: how the product reaches PostgreSQL.

Reads take a `Connection`, writes a `Transaction`, so the type checker refuses a write outside a
transaction. `jsonb` comes and goes as Python objects, timestamps as aware UTC. Clusters,
migrations and queries live elsewhere.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, Self, TypeVar

import asyncpg
import asyncpg.pool
import orjson
from asyncpg import Record

from storage.errors import Contended, StorageError, Unavailable
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


class Connection:
    """A connection to read with; each statement is a transaction of its own.

    All methods raise `Unavailable` when the database is gone and `Unstorable` for an argument that
    PostgreSQL cannot hold.
    """

    def __init__(self, raw: asyncpg.pool.PoolConnectionProxy, database: "Database") -> None:
        self._raw = raw
        self.database = database
        self.is_open = True
        self.queries = 0

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """Return all rows."""
        with self._statement():
            return list(await self._raw.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """Return the first row, None without one."""
        with self._statement():
            row: Record | None = await self._raw.fetchrow(sql, *args)
        return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, None without a row."""
        with self._statement():
            return await self._raw.fetchval(sql, *args)

    def _statement(self) -> AbstractContextManager[None]:
        if not self.is_open:
            raise RuntimeError("This connection was used after it had been given back.")
        self.queries += 1
        self.database.queries += 1
        return translated()


class Transaction(Connection):
    """An open transaction: what happens here commits together or not at all.

    A statement that raises aborts it, except within `savepoint`.
    """

    def __init__(self, raw: asyncpg.pool.PoolConnectionProxy, database: "Database") -> None:
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
        """Wake the readers of "stream", "deliveries", "inbox" or "jobs" after the commit."""
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

    def __init__(self, pool: asyncpg.Pool, signals: Signals, *, begin: str = "BEGIN") -> None:
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

        pool = asyncpg.create_pool(
            url,
            min_size=1,
            max_size=pool_size,
            init=_prepare_session,
            reset=_keep_session,
            timeout=_CONNECT_SECONDS,
            command_timeout=TRANSACTION_SECONDS + 5,
            statement_cache_size=0 if direct_url else 256,
            server_settings={} if direct_url else _SESSION_SETTINGS,
        )
        with translated_connecting():
            await pool
        return cls(pool, Signals(connect_direct), begin=_BEGIN_POOLED if direct_url else "BEGIN")

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Connection]:
        """Lend a connection to read with."""
        self._refuse_nesting()
        async with self._acquired() as raw:
            connection = Connection(raw, self)
            try:
                yield connection
            finally:
                connection.is_open = False

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Transaction]:
        """Open a transaction: leaving the block commits, raising rolls back.

        Raises `Unavailable` when the block takes more than ten seconds, and `Contended` when it
        lost against a concurrent transaction. A connection lost during COMMIT also raises
        `Unavailable`; what was written may then be stored or not.
        """
        self._refuse_nesting()
        async with self._acquired() as raw:
            transaction = Transaction(raw, self)
            token = _current.set(transaction)
            try:
                await _begin(raw, self._begin)
                async with _deadline():
                    yield transaction
                await _commit(raw)
            except BaseException:
                await _abandon(raw)
                raise
            finally:
                transaction.is_open = False
                _current.reset(token)
        self._signals.send(transaction.hints)

    async def transact(
        self, work: Callable[[Transaction], Awaitable[T]], *, attempts: int = 5
    ) -> T:
        """Run `work` in a transaction, and again from the start while it is `Contended`."""
        for attempt in range(1, attempts + 1):
            try:
                async with self.writer() as transaction:
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

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        try:
            with translated_connecting():
                raw = await self._pool.acquire(timeout=_ACQUIRE_SECONDS)
        except Unavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise Unavailable("No database connection was free within 5 seconds.") from error
            raise
        try:
            yield raw
        finally:
            # A session that cannot be given back is ended by the pool; the caller has its answer.
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._pool.release(raw, timeout=_ROLLBACK_SECONDS)

    def _refuse_nesting(self) -> None:
        transaction = _open_transaction()
        if transaction is not None and transaction.database is self:
            raise RuntimeError("A transaction is open already: use it instead of a second one.")


async def _begin(raw: asyncpg.pool.PoolConnectionProxy, sql: str) -> None:
    with translated():
        await raw.execute(sql, timeout=TRANSACTION_SECONDS)


async def _commit(raw: asyncpg.pool.PoolConnectionProxy) -> None:
    with translated():
        tag = await raw.execute("COMMIT", timeout=TRANSACTION_SECONDS)
    if tag != "COMMIT":
        # PostgreSQL answers a COMMIT after a failed statement with ROLLBACK and no error.
        raise StorageError("Nothing was stored, since a statement before had failed.")


async def _abandon(raw: asyncpg.pool.PoolConnectionProxy) -> None:
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


async def _keep_session(_connection: object) -> None:
    """Spare the round trip that would reset a session: ours never keep anything between uses."""
