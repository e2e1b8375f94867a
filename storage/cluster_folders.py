"""Who the private cluster runs as, and the short folder where its socket lies."""

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from storage.errors import ClusterError

# The address of a Unix socket ends after 107 bytes; the file's name and a lock's suffix follow.
_LONGEST_FOLDER = 80


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The system user that the server runs as; `switch` when that is not the caller."""

    name: str
    uid: int
    gid: int
    switch: bool


def server_user(data: Path) -> ServerUser:
    """Return the user to run the server as: the caller, or for root fedimmp, else nobody.

    PostgreSQL refuses to run as root. Raises `ClusterError` when `data` belongs to somebody else.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        user = ServerUser(_name(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
        allowed = [user]
    else:
        allowed = [_entry(name) for name in ("fedimmp", "nobody") if _known(name)]
        if not allowed:
            raise ClusterError("Root needs a system user fedimmp or nobody to run PostgreSQL as.")
    for user in allowed:
        if owner is None or owner == user.uid:
            return user
    raise ClusterError(
        f"The database in {data} belongs to the system user {_name(owner or 0)}:"
        f" run fedimmp as that user, not as {_name(os.geteuid())}."
    )


def socket_folder(data: Path, user: ServerUser) -> Path:
    """Make, or check, the folder for the socket of the cluster in `data`; only its user enters."""
    name = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:8]
    folder = _place(name)
    try:
        folder.mkdir(mode=0o700)
        if user.switch:
            os.chown(folder, user.uid, user.gid)
    except FileExistsError:
        pass
    except OSError as error:
        raise ClusterError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or found.st_mode & 0o077:
        raise ClusterError(
            f"{folder} must be a folder of the system user {user.name} that nobody else may enter:"
            " remove it."
        )
    return folder


def _place(name: str) -> Path:
    if os.geteuid() == 0 and Path("/run").is_dir():
        parent = Path("/run/fedimmp")
        try:
            parent.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            return _temporary(name)
        return parent / name if _is_roots(parent) else _temporary(name)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime is not None and Path(runtime).is_absolute() and os.access(runtime, os.W_OK):
        folder = Path(runtime) / f"fedimmp-{name}"
        if (
            len(os.fsencode(folder)) <= _LONGEST_FOLDER
            and Path(runtime).stat().st_uid == os.geteuid()
        ):
            return folder
    return _temporary(name)


def _is_roots(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022


def _temporary(name: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"fedimmp-{os.geteuid()}-{name}"
    if len(os.fsencode(folder)) > _LONGEST_FOLDER:
        folder = Path("/tmp") / folder.name  # noqa: S108
    return folder


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _entry(name: str) -> ServerUser:
    entry = pwd.getpwnam(name)
    return ServerUser(name, entry.pw_uid, entry.pw_gid, switch=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
