"""The private cluster: started, shared, killed, found again, refused."""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from storage import cluster_binaries, cluster_folders
from storage.cluster import running
from storage.cluster_folders import ServerUser, socket_folder
from storage.errors import ClusterError

REPOSITORY = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can act as somebody else")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cluster that was made, used and stopped once, for others to copy."""
    folder = tmp_path_factory.mktemp("prepared")

    async def make() -> None:
        async with running(folder, durable=False) as url:
            await run(url, "CREATE TABLE greetings (text text)")
            await run(url, "INSERT INTO greetings VALUES ('Olá')")

    asyncio.run(make())
    return folder


@pytest.fixture
def folder(tmp_path: Path, prepared: Path) -> Iterator[Path]:
    """Return a folder with a stopped cluster; whatever still runs over it is stopped afterwards."""
    target = tmp_path / "office"
    copy_owned(prepared, target)
    yield target
    stop_left_over(target)


def copy_owned(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    for found in source.rglob("*"):
        owner = found.lstat()
        os.chown(target / found.relative_to(source), owner.st_uid, owner.st_gid)


def stop_left_over(folder: Path) -> None:
    if not is_dead(folder):
        os.kill(postmaster(folder), signal.SIGINT)
        wait_for(lambda: is_dead(folder))


def is_dead(folder: Path) -> bool:
    descriptor = os.open(folder / "postgres" / "server.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def postmaster(folder: Path) -> int:
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    return int(pid_file.read_text().splitlines()[0])


def sockets_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def is_there(path: Path) -> bool:
    return path.exists()


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def greetings(url: str) -> list[str]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return [row["text"] for row in await connection.fetch("SELECT text FROM greetings")]
    finally:
        await connection.close()


async def greetings_soon(url: str) -> list[str]:
    deadline = time.monotonic() + 30
    while True:
        try:
            return await greetings(url)
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


class Holder:
    """Another process with a share of the cluster."""

    def __init__(self, process: asyncio.subprocess.Process, said: str) -> None:
        self._process = process
        self.said = said

    async def leave(self) -> None:
        """Let it end in its own way."""
        await self._process.communicate(b"")

    async def kill(self) -> None:
        """End it without a chance to clean up."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def holder(folder: Path, *arguments: str) -> AsyncIterator[Holder]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.storage.hold_cluster", str(folder), *arguments),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode().strip()
        yield Holder(process, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate(b"")


async def test_a_new_cluster_is_made_and_kept_to_itself(tmp_path: Path) -> None:
    data_dir = tmp_path / "new" / "office"
    async with running(data_dir) as url:
        assert not is_dead(data_dir)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SHOW data_checksums") == "on"
        await connection.execute("CREATE EXTENSION pg_trgm")
        assert await connection.fetchval("SELECT similarity('カフェ', 'カフェ')") == 1
        assert await connection.fetchval("SELECT 'Z' < 'a'")
        await connection.close()
        assert mode(sockets_of(url)) == mode(data_dir / "postgres") == 0o700
    assert is_dead(data_dir)
    assert not is_there(sockets_of(url))


async def test_without_the_wheel_the_systems_postgresql_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_binaries, "_wheel_folder", lambda: None)
    if not any(cluster_binaries._major_version(found) for found in cluster_binaries._candidates()):
        with pytest.raises(ClusterError, match=r"No PostgreSQL was found.*database\.url"):
            async with running(tmp_path, durable=False):
                pass
        return
    async with running(tmp_path, durable=False) as url:
        await run(url, "CREATE EXTENSION unaccent")
    assert is_dead(tmp_path)


async def test_data_stay_from_one_run_to_the_next(folder: Path) -> None:
    async with running(folder, durable=False) as url:
        await run(url, "INSERT INTO greetings VALUES ('こんにちは')")
    assert is_dead(folder)
    async with running(folder, durable=False) as url:
        assert await greetings(url) == ["Olá", "こんにちは"]


async def test_the_last_one_to_leave_stops_it(folder: Path) -> None:
    async with holder(folder) as other:
        async with running(folder, durable=False) as url:
            assert other.said == url
            async with running(folder, durable=False) as again:
                assert again == url
            assert await greetings(url) == ["Olá"]
        assert await greetings(url) == ["Olá"]
        await other.leave()
        assert is_dead(folder)


async def test_many_that_start_together_share_one_server(folder: Path) -> None:
    everyone_in = asyncio.Barrier(4)

    async def use() -> tuple[str, int]:
        async with running(folder, durable=False) as url:
            await everyone_in.wait()
            found = url, postmaster(folder)
            await everyone_in.wait()
            return found

    found = await asyncio.gather(*(use() for _ in range(4)))
    assert len(set(found)) == 1
    assert is_dead(folder)


async def test_the_server_of_a_killed_process_is_taken_over(folder: Path) -> None:
    async with holder(folder) as other:
        first = postmaster(folder)
        await other.kill()
        assert not is_dead(folder)
        async with running(folder, durable=False) as url:
            assert url == other.said
            assert postmaster(folder) == first
            assert await greetings(url) == ["Olá"]
    assert is_dead(folder)


async def test_a_killed_server_is_started_again_with_all_that_was_committed(folder: Path) -> None:
    async with running(folder) as url, holder(folder):
        connection = await asyncpg.connect(url)
        await connection.execute("INSERT INTO greetings VALUES ('kept')")
        await connection.execute("BEGIN; INSERT INTO greetings VALUES ('uncommitted')")
        first = postmaster(folder)
        os.kill(first, signal.SIGKILL)
        connection.terminate()
        assert await greetings_soon(url) == ["Olá", "kept"]
        assert postmaster(folder) != first


async def test_after_all_were_killed_the_next_start_recovers(folder: Path) -> None:
    async with holder(folder) as other:
        await run(other.said, "SET synchronous_commit = on; INSERT INTO greetings VALUES ('kept')")
        await other.kill()
        os.kill(postmaster(folder), signal.SIGKILL)
    async with running(folder, durable=False) as url:
        assert await greetings(url) == ["Olá", "kept"]


async def test_an_interrupted_creation_is_begun_anew(tmp_path: Path) -> None:
    draft = tmp_path / "postgres" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    async with running(tmp_path, durable=False) as url:
        await run(url, "SELECT 1")
    assert not draft.exists()


async def test_giving_up_while_entering_leaves_nothing_running(folder: Path) -> None:
    async def use() -> None:
        async with running(folder, durable=False):
            await asyncio.Event().wait()

    for delay in (0, 0.03, 0.1, 0.4):
        task = asyncio.create_task(use())
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert is_dead(folder)


async def test_an_id_of_a_process_from_before_a_reboot_does_not_matter(folder: Path) -> None:
    data = folder / "postgres" / "data"
    lines = [str(os.getpid()), str(data), "1700000000", "5432", "/nowhere", "", " 1 2", "ready   "]
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    async with running(folder, durable=False) as url:
        assert await greetings(url) == ["Olá"]


async def test_a_server_whose_socket_was_tidied_away_is_replaced(folder: Path) -> None:
    async with holder(folder) as other:
        await other.kill()
        first = postmaster(folder)
        for file in sockets_of(other.said).iterdir():
            file.unlink()
        async with running(folder, durable=False) as url:
            assert await greetings(url) == ["Olá"]
            assert postmaster(folder) != first


async def test_a_path_too_long_for_a_socket_is_none_too_long_here(
    tmp_path: Path, prepared: Path
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "office"
    deep.parent.mkdir(parents=True)
    copy_owned(prepared, deep)
    async with running(deep, durable=False) as url:
        assert await greetings(url) == ["Olá"]


async def test_another_major_version_is_refused(folder: Path) -> None:
    (folder / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match="made by PostgreSQL 9"):
        async with running(folder):
            pass


async def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    if AS_ROOT:
        os.chown(tmp_path / "postgres" / "data", 65534, 65534)
    with pytest.raises(ClusterError, match="holds no PostgreSQL data"):
        async with running(tmp_path):
            pass


async def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    hint = folder / "postgres" / "data" / "postgresql.conf"
    hint.write_text("work_mem = 'plenty'\n")
    with pytest.raises(ClusterError, match=r"did not start: .*configuration file.*errors"):
        async with running(folder, durable=False):
            pass
    assert is_dead(folder)


async def test_one_that_hangs_is_not_waited_for_forever(folder: Path) -> None:
    with (folder / "postgres" / "server.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ClusterError, match="has not become ready"):
            async with running(folder, durable=False, patience_seconds=0.2):
                pass


@root_only
async def test_another_owner_is_refused(folder: Path) -> None:
    os.chown(folder / "postgres" / "data", 1, 1)
    with pytest.raises(ClusterError, match="belongs to the system user"):
        async with running(folder, durable=False):
            pass


@root_only
async def test_root_runs_it_below_a_folder_that_only_root_may_enter(
    tmp_path: Path, prepared: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o700)
    async with running(secret / "new", durable=False) as url:
        pid = postmaster(secret / "new")
        assert owner(pid) != 0
        os.kill(pid, signal.SIGKILL)
        await run_soon(url)
    assert mode(secret) == 0o700
    assert is_dead(secret / "new")


async def run_soon(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return await run(url, "SELECT 1")
        except (OSError, asyncpg.PostgresError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


@root_only
async def test_a_normal_user_runs_it_and_is_refused_anothers_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_folder = Path("/tmp") / f"fedimmp-nobody-{secrets.token_hex(4)}"
    open_folder.mkdir()
    os.chown(open_folder, 65534, 65534)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    try:
        async with holder(open_folder, "nobody") as other:
            assert other.said.startswith("postgresql://")
            await run(other.said, "SELECT 1")
            assert owner(postmaster(open_folder)) == 65534
            await other.leave()
        assert is_dead(open_folder)
        (open_folder / "postgres" / "data").chmod(0o700)
        os.chown(open_folder / "postgres" / "data", 1, 1)
        async with holder(open_folder, "nobody") as other:
            assert "belongs to the system user" in other.said
    finally:
        shutil.rmtree(open_folder)


@pytest.fixture
def me() -> ServerUser:
    """Return the caller as the server's user."""
    return ServerUser("me", os.geteuid(), os.getegid(), switch=False)


def test_a_socket_folder_that_others_may_enter_is_refused(
    tmp_path: Path, me: ServerUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_folders, "_place", lambda name: tmp_path / name)
    made = socket_folder(tmp_path, me)
    assert socket_folder(tmp_path, me) == made
    assert len(made.name) == 8
    made.chmod(0o755)
    with pytest.raises(ClusterError, match="nobody else may enter"):
        socket_folder(tmp_path, me)
    made.rmdir()
    made.symlink_to(tmp_path)
    with pytest.raises(ClusterError, match="nobody else may enter"):
        socket_folder(tmp_path, me)
