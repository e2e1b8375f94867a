"""Turns what asyncpg raises into this package's errors, so that callers need not know asyncpg."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import asyncpg.exceptions
from asyncpg.exceptions import _base as client_errors

from storage.errors import Conflict, Contended, NotFound, StorageError, Unavailable, Unstorable

_CONTENDED = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    # A migration changed the table since this session planned the statement.
    asyncpg.InvalidCachedStatementError,
    asyncpg.exceptions.OutdatedSchemaCacheError,
)

# Classes 08 (connection), 53 (out of memory, disk or connections) and 57 (shutdown, cancelled by
# the statement deadline), and the session that was ended because its transaction stood idle.
_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    client_errors.InternalClientError,
    TimeoutError,
    OSError,
)

_UNSTORABLE = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.StringDataRightTruncationError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.ProgramLimitExceededError,
)

# Refused at the door: wrong password, unknown role, database that does not exist.
_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


class OutOfJson(ValueError):
    """Raised by the codec for a value that JSON text cannot carry, such as a lone surrogate."""


class translated:  # noqa: N801 (used like the functions of contextlib)
    """Raise this package's error in place of asyncpg's; bugs in our own SQL pass unchanged."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, Exception) and (known := translate(error)) is not None:
            raise known from error


@contextmanager
def translated_connecting() -> Iterator[None]:
    """As `translated`, while a connection is being made: being refused is `Unavailable` too."""
    try:
        with translated():
            yield
    except _REFUSED as error:
        raise Unavailable(f"The database refused the connection: {error}.") from error
    except (client_errors.ClientConfigurationError, client_errors.InterfaceError) as error:
        raise StorageError(f"The database URL cannot be used: {_first_line(error)}.") from error


def translate(error: Exception) -> StorageError | None:
    """Return this package's error for one of asyncpg's, or None where there is none."""
    match error:
        case asyncpg.UniqueViolationError():
            name = str(getattr(error, "constraint_name", "") or "")
            return Conflict(f"A row with this key exists already ({name}).", constraint=name)
        case asyncpg.ForeignKeyViolationError():
            return NotFound("Something that this refers to does not exist any more.")
        case _ if isinstance(error, _CONTENDED):
            return Contended("The database was busy with a conflicting change.")
        case _ if isinstance(error, _UNSTORABLE):
            return Unstorable("The database cannot hold this value.")
        case asyncpg.DataError() | client_errors.DataError():
            return _unstorable_argument(error)
        case client_errors.InterfaceError():
            return _lost(error)
        case _ if isinstance(error, _UNAVAILABLE):
            return Unavailable(f"The database cannot answer now: {_first_line(error)}.")
    return None


def _unstorable_argument(error: Exception) -> StorageError | None:
    # asyncpg wraps the cause. A wrong type is a bug of ours and stays visible as one.
    if isinstance(error.__cause__, OverflowError | UnicodeEncodeError | OutOfJson):
        return Unstorable("The database cannot hold this value.")
    return None


def _lost(error: Exception) -> StorageError | None:
    # InterfaceError also stands for misuse, which must not look like an outage.
    text = str(error)
    if "connection is closed" in text or "pool is clos" in text or "released back" in text:
        return Unavailable("The database cannot answer now: the connection was lost.")
    return None


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")
