"""The folder of media files."""

from pathlib import Path

import pytest

from fedimmp.errors import Unavailable
from fedimmp.media.store import MediaStore, new_key
from storage.database import forbid_transaction


def store_in(folder: Path) -> MediaStore:
    return MediaStore(folder / "media", forbid_transaction)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_is_put_is_there_and_gone_after_deletion(tmp_path: Path) -> None:
    store, key = store_in(tmp_path), new_key()
    assert await store.get(key) is None
    await store.put(key, b"first")
    await store.put(key, b"second")
    assert await store.get(key) == b"second"
    assert store.path(key).stat().st_mode & 0o777 == 0o600
    await store.delete(key)
    await store.delete(key)
    assert await store.get(key) is None


async def test_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    store, key = store_in(tmp_path), new_key()
    await store.put(key, b"picture")
    assert files_in(tmp_path) == [store.path(key)]


@pytest.mark.parametrize(
    "key", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n", "g" * 32]
)
def test_a_key_never_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="32 hex digits"):
        store_in(tmp_path).path(key)


async def test_a_file_and_its_preview_go_together(tmp_path: Path) -> None:
    store, key = store_in(tmp_path), new_key()
    await store.put(key, b"picture", preview=b"small")
    small = await store.find(key, preview=True)
    assert small is not None
    assert (small.read_bytes(), small.name) == (b"small", f"{key}.preview")
    await store.delete(key)
    assert files_in(tmp_path) == []


async def test_what_comes_in_is_gone_unless_it_is_kept(tmp_path: Path) -> None:
    store, key = store_in(tmp_path), new_key()
    async with store.incoming() as incoming:
        await incoming.write(b"one ")
        await incoming.write(b"two")
        assert (incoming.size, await incoming.read(5)) == (7, b"one t")
    assert files_in(tmp_path) == []
    async with store.incoming() as incoming:
        await incoming.write(b"three")
        await store.adopt(key, incoming)
    assert await store.get(key) == b"three"
    assert store.path(key).stat().st_mode & 0o777 == 0o600
    assert files_in(tmp_path) == [store.path(key)]


async def test_a_disk_that_takes_no_more_is_an_answer(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.root.mkdir()
    (store.root / "incoming").write_bytes(b"in the way")
    with pytest.raises(Unavailable, match="no room"):
        async with store.incoming():
            pass
    key = new_key()
    (store.root / key[:2]).write_bytes(b"in the way")
    with pytest.raises(Unavailable, match="no room"):
        await store.put(key, b"x")


async def test_links_are_not_found(tmp_path: Path) -> None:
    store, key = store_in(tmp_path), new_key()
    await store.put(key, b"x")
    assert await store.find(key) == store.path(key)
    store.path(key).replace(tmp_path / "aside")
    store.path(key).symlink_to(tmp_path / "aside")
    assert await store.find(key) is None
    assert await store.find(new_key()) is None


async def test_the_guard_is_asked_before_anything_is_written(tmp_path: Path) -> None:
    def refuse(what: str) -> None:
        raise RuntimeError(what)

    store = MediaStore(tmp_path, refuse)
    with pytest.raises(RuntimeError, match="A file was written"):
        await store.put(new_key(), b"x")
    with pytest.raises(RuntimeError, match="A file was removed"):
        await store.delete(new_key())
    assert files_in(tmp_path) == []
