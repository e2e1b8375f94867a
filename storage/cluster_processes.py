"""Starting the cluster's programs as their user, and what becomes of their processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from storage.cluster_folders import ServerUser
from storage.errors import ClusterError

# The one message of PostgreSQL's protocol that is answered before anything else is said: may we
# encrypt? On a Unix socket the answer is always N.
_ENCRYPTION_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])
_ANSWER_SECONDS = 2.0


@contextmanager
def reachable(data: Path, user: ServerUser) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name the folder so that the server's user can enter it, with the descriptors to pass on.

    Root's data may lie below a folder that only root may enter: there the way leads through an
    open descriptor, which the server's processes inherit.
    """
    if not user.switch or not sys.platform.startswith("linux"):
        yield str(data), ()
        return
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def character_locale() -> str:
    """Return the name of a locale of this system that knows the letters of all scripts, else C."""
    with suppress(OSError):
        answer = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)  # noqa: S607
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"):
            if name in answer.stdout.split():
                return name
    return "C"


def run_program(
    command: Sequence[str], user: ServerUser, descriptors: tuple[int, ...], text: str = ""
) -> None:
    """Run a program to its end, with `text` as its input; raises `ClusterError` when it fails."""
    answer = subprocess.run(  # noqa: S603
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=descriptors,
        check=False,
        **_identity(user),
    )
    if answer.returncode != 0:
        lines = [line for line in answer.stdout.splitlines() if "error" in line.lower()]
        reason = lines[-1] if lines else f"{Path(command[0]).name} ended with {answer.returncode}"
        raise ClusterError(f"The database could not be made: {reason.strip().rstrip('.')}.")


def detach(
    command: Sequence[str], user: ServerUser, descriptors: tuple[int, ...], output: IO[bytes]
) -> int:
    """Start a program that outlives this process, and return its process id."""
    # The shell ends at once, so that the program is nobody's child.
    answer = subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=output,
        pass_fds=descriptors,
        start_new_session=True,
        check=True,
        **_identity(user),
    )
    return int(answer.stdout)


def ends(pid: int) -> bool:
    """Tell whether a process is gone, or dead and not yet collected by its parent."""
    # As process 1 of a container we become the parent of what we detached.
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _state(pid) == "Z"


def is_postgres(pid: int) -> bool:
    """Tell whether a live process of this id is a PostgreSQL server."""
    return not ends(pid) and _command(pid) in ("postgres", "postmaster", "")


def answers(address: str) -> bool:
    """Tell whether a server takes connections at the socket; a dying one no longer does."""
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_ANSWER_SECONDS)
            probe.connect(address)
            probe.sendall(_ENCRYPTION_REQUEST)
            return probe.recv(1) == b"N"
    except OSError:
        return False


def fast_shutdown(pid: int) -> None:
    """Ask a server to end its sessions, write its checkpoint and stop."""
    if is_postgres(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)


def end(pid: int, seconds: float) -> bool:
    """Shut a server down fast; return whether it has ended within so many seconds."""
    deadline = time.monotonic() + seconds
    while not ends(pid):
        if time.monotonic() > deadline:
            return False
        # Told again, since one that has only just been started does not listen yet.
        fast_shutdown(pid)
        time.sleep(0.02)
    return True


def _stat(pid: int) -> str:
    # `pid (command) state ...`; the command may itself hold spaces and brackets. No /proc, no text.
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""


def _state(pid: int) -> str:
    return _stat(pid).rpartition(")")[2].strip()[:1]


def _command(pid: int) -> str:
    return _stat(pid).partition("(")[2].rpartition(")")[0]


def _identity(user: ServerUser) -> dict[str, Any]:
    # A bare environment: no secret of ours belongs into it, and no PG* variable may steer it.
    identity: dict[str, Any] = {
        "cwd": "/",
        "umask": 0o077,
        "env": {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
    }
    if user.switch:
        identity |= {"user": user.uid, "group": user.gid, "extra_groups": []}
    return identity
