"""One PostgreSQL server over one folder: made, started, found, stopped. Blocking; runs in threads.

Three lock files decide, and no process id does: ids are used again, and mean nothing to another
container over the same folder.
  cluster.lock   shared by every process of ours that uses the cluster
  start.lock     exclusive, for the moment of entering and leaving
  server.lock    held by the server itself and its children, through a descriptor they inherit
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from storage.cluster_binaries import Binaries, find_binaries
from storage.cluster_folders import ServerUser, server_user, socket_folder
from storage.cluster_processes import (
    answers,
    character_locale,
    detach,
    end,
    ends,
    fast_shutdown,
    is_postgres,
    reachable,
    run_program,
)
from storage.errors import ClusterError

USER = "fedimmp"
DATABASE = "fedimmp"
_PORT = 5432
_STEP_SECONDS = 0.02
_STOP_SECONDS = 120.0
_DYING_SECONDS = 2.0
_LONGEST_LOG = 10 * 2**20

# Sized for a small office; an instance that outgrows this brings a PostgreSQL of its own.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    # Containers have little of the shared memory that parallel workers need.
    "max_parallel_workers_per_gather": "0",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_checkpoints": "off",
    # Statements and their errors contain what people wrote; the log is for the server's own life.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}


class Abandoned(Exception):
    """The caller gave up while this thread waited."""


@dataclass(frozen=True, slots=True)
class Options:
    """`durable=False` is for tests: it loses data when the machine stops."""

    durable: bool = True
    connections: int = 60
    patience_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class _Running:
    """What a live server says of itself in postmaster.pid."""

    pid: int
    sockets: str
    ready: bool


class Server:
    """This process's share in the cluster below `folder`."""

    def __init__(self, folder: Path, options: Options, abandoned: threading.Event) -> None:
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._options = options
        self._abandoned = abandoned
        self._share: int | None = None
        self._sockets: str | None = None

    @property
    def url(self) -> str:
        """Where to connect; known after `enter`."""
        if self._sockets is None:
            raise RuntimeError("The cluster has not been entered.")
        host = quote(self._sockets, safe="")
        return f"postgresql://{USER}@/{DATABASE}?host={host}&port={_PORT}"

    def enter(self) -> None:
        """Take a share and return with a server that answers, whoever started it."""
        try:
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with self._starting():
                self._share = _open_lock(self._folder / "cluster.lock")
                fcntl.flock(self._share, fcntl.LOCK_SH)
                self._ensure()
        except OSError as error:
            self._give_up()
            raise ClusterError(
                f"The database folder {self._folder} cannot be used: {error.strerror or error}."
            ) from error
        except BaseException:
            self._give_up()
            raise

    def leave(self) -> None:
        """Give the share back; whoever was the last stops the server."""
        if self._share is None:
            return
        self._abandoned.clear()
        with self._starting():
            if _try_lock(self._share):
                self._stop()
            self._give_up()

    def revive(self) -> bool:
        """Start a server that died; return whether one had died. For holders of a share."""
        if not self._is_dead():
            return False
        with self._starting():
            if not self._is_dead():
                return False
            self._ensure()
        return True

    def _give_up(self) -> None:
        if self._share is not None:
            os.close(self._share)
            self._share = None

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = _open_lock(self._folder / "start.lock")
        try:
            self._wait(
                lambda: _try_lock(lock), "Another process has not finished starting PostgreSQL"
            )
            yield
        finally:
            os.close(lock)

    def _is_dead(self) -> bool:
        lock = self._try_server_lock()
        if lock is None:
            return False
        os.close(lock)
        return True

    def _ensure(self) -> None:
        deadline = time.monotonic() + self._options.patience_seconds
        while True:
            lock = self._try_server_lock()
            if lock is None:
                if self._adopt():
                    return
            else:
                try:
                    self._start(lock, deadline)
                finally:
                    os.close(lock)
                return
            self._pause(deadline, "PostgreSQL has not become ready")

    def _adopt(self) -> bool:
        """Use the server that runs; False while it is starting or on its way out."""
        server_user(self._data)
        running = self._running()
        if running is None or not running.ready or not is_postgres(running.pid):
            return False
        sockets = _way_to(running)
        if sockets is None:
            # Something tidied its socket away: nobody can reach it any more.
            fast_shutdown(running.pid)
            return False
        if not answers(f"{sockets}/.s.PGSQL.{_PORT}"):
            # Killed a moment ago: what it says of itself is no longer true.
            return False
        self._sockets = sockets
        return True

    def _start(self, lock: int, deadline: float) -> None:
        user = server_user(self._data)
        binaries = find_binaries(major=_data_major(self._data), as_root=user.switch)
        if not self._data.exists():
            self._create(binaries, user)
        self._refuse_stranger()
        sockets = socket_folder(self._data, user)
        # A dead server's id may be another process's by now, or not collected yet by its parent:
        # PostgreSQL would take either for a live server.
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (sockets / name).unlink(missing_ok=True)
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        while True:
            pid = self._launch(binaries, user, sockets, lock)
            try:
                if self._becomes_ready(pid, deadline):
                    return
            except BaseException:
                # Nobody would stop what nobody has entered.
                end(pid, _STOP_SECONDS)
                raise
            complaint = _last_complaint(self._log())
            if "shared memory block" not in complaint:
                raise ClusterError(f"PostgreSQL did not start: {complaint}")
            # Children of a killed server are still ending.
            self._pause(deadline, "A killed PostgreSQL has not ended")

    def _becomes_ready(self, pid: int, deadline: float) -> bool:
        """Wait for a server that was launched; False when it has ended instead."""
        while not ends(pid):
            running = self._running()
            if running is not None and running.ready and running.pid == pid:
                self._sockets = running.sockets
                return True
            self._pause(deadline, "PostgreSQL has not become ready")
        return False

    def _create(self, binaries: Binaries, user: ServerUser) -> None:
        """Make the cluster and its database: complete, or absent after an interruption."""
        draft = self._folder / "data.new"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if user.switch:
            os.chown(draft, user.uid, user.gid)
        command = [
            *("--username", USER, "--encoding", "UTF8", "--data-checksums", "--no-instructions"),
            *("--auth-local", "trust", "--auth-host", "reject"),
        ]
        command += _locale_options(binaries.major)
        if not self._options.durable:
            command.append("--no-sync")
        with reachable(draft, user) as (data, descriptors):
            initdb = str(binaries.folder / "initdb")
            run_program([initdb, "-D", data, *command], user, descriptors)
            postgres = str(binaries.folder / "postgres")
            statement = f"CREATE DATABASE {DATABASE}\n"
            run_program(
                [postgres, "--single", "-D", data, "postgres"], user, descriptors, statement
            )
        draft.rename(self._data)
        _sync_folder(self._folder)

    def _refuse_stranger(self) -> None:
        # We hold server.lock, so a live process named in this file was not started by us. One of
        # ours that was killed has given up the lock a moment before it is gone.
        deadline = time.monotonic() + _DYING_SECONDS
        while (running := self._running()) is not None and is_postgres(running.pid):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"PostgreSQL process {running.pid}, which fedimmp did not start, uses"
                    f" {self._data}: stop it first."
                )
            time.sleep(_STEP_SECONDS)

    def _launch(self, binaries: Binaries, user: ServerUser, sockets: Path, lock: int) -> int:
        """Start a detached server that holds `lock`, and return its process id."""
        settings = _SETTINGS | ({} if self._options.durable else _NOT_DURABLE)
        settings["max_connections"] = str(self._options.connections)
        settings["unix_socket_directories"] = f'"{sockets}"'
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self._log()
        if log.exists() and log.stat().st_size > _LONGEST_LOG:
            log.replace(log.with_suffix(".log.old"))
        command = [str(binaries.folder / "postgres"), "-D"]
        with reachable(self._data, user) as (data, descriptors), _append(log) as output:
            return detach([*command, data, *flags], user, (*descriptors, lock), output)

    def _stop(self) -> None:
        running = self._running()
        if running is None or self._is_dead():
            return
        if not end(running.pid, _STOP_SECONDS):
            raise ClusterError(f"PostgreSQL has not stopped yet; see {self._log()}.")
        with suppress(OSError):
            Path(running.sockets).rmdir()

    def _running(self) -> _Running | None:
        try:
            lines = (self._data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8 or not lines[0].strip().isdigit():
            return None
        return _Running(int(lines[0]), lines[4], lines[7].strip() == "ready")

    def _log(self) -> Path:
        return self._folder / "server.log"

    def _try_server_lock(self) -> int | None:
        lock = _open_lock(self._folder / "server.lock")
        if _try_lock(lock):
            return lock
        os.close(lock)
        return None

    def _wait(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + self._options.patience_seconds
        while not condition():
            self._pause(deadline, complaint)

    def _pause(self, deadline: float, complaint: str) -> None:
        if self._abandoned.wait(_STEP_SECONDS):
            raise Abandoned
        if time.monotonic() > deadline:
            raise ClusterError(f"{complaint} within its time; see {self._log()}.")


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _append(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "ab")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _way_to(running: _Running) -> str | None:
    """Return the folder of a server's socket as this process sees it; None where it is gone.

    A server of a service with a /tmp of its own (systemd's PrivateTmp) is reached through /proc.
    """
    for folder in (running.sockets, f"/proc/{running.pid}/root{running.sockets}"):
        if Path(folder, f".s.PGSQL.{_PORT}").exists():
            return folder
    return None


def _locale_options(major: int) -> list[str]:
    # Sorting by code point is alike on every system; people's names are compared in the
    # application. What a letter is must be known for every script, or search by trigrams ignores
    # all but ASCII: it asks the system's locale, the rest asks PostgreSQL's own one.
    options = ["--locale", "C", "--lc-ctype", character_locale()]
    if major >= 17:
        options += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return options


def _data_major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        if data.exists():
            raise ClusterError(
                f"{data} exists and holds no PostgreSQL data: move it away."
            ) from None
        return None


def _last_complaint(log: Path) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(log.stat().st_size - 8192, 0))
        lines = file.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            for level in ("FATAL:", "PANIC:", "postgres:", "error while loading"):
                if level in line:
                    return line[line.index(level) :].removeprefix(level).strip().rstrip(".") + "."
    return f"see {log}."


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
