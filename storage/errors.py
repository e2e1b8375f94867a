"""What storage raises. `str()` of each is one sentence without secrets."""


class StorageError(Exception):
    """Base of everything that this package raises on purpose."""


class Unavailable(StorageError):
    """The database cannot answer now: gone, restarting, overloaded, or slower than its deadline."""


class Contended(Unavailable):
    """The transaction lost against a concurrent one (SQLSTATE 40001, 40P01) and may be repeated."""


class NotFound(StorageError):
    """What was asked for, or what a new row refers to, does not exist."""


class Conflict(StorageError):
    """A row with this key exists already; `constraint` names the unique constraint or index."""

    def __init__(self, message: str, *, constraint: str = "") -> None:
        super().__init__(message)
        self.constraint = constraint


class Unstorable(StorageError):
    """A value that no column holds: NUL or a lone surrogate in text, a number out of range."""


class LeaseLost(StorageError):
    """Another worker has leased the work meanwhile; what was done must not be committed."""


class ClusterError(StorageError):
    """The private cluster cannot be used: other owner, other major version, no binaries."""


class MigrationError(StorageError):
    """The schema cannot be brought to, or used at, the version that this release needs."""
