"""What claims to be the organisation's word and is not: refused, recorded, and nothing changes."""

import gzip
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from activitypub.errors import Unreachable
from activitypub.manifest import PATH
from activitypub.manifest.keys import OrganisationKey
from activitypub.manifest.verifying import MAX_BYTES, Refused
from fedimmp.app import App
from fedimmp.services import organising
from storage import organisation
from tests.databases import wipe
from tests.federation.here import office
from tests.organisation.company import LOOPBACK
from tests.organisation.source import Publisher, members, serve
from tests.protocol.peers import Peer, serving

Files = dict[str, bytes]
OFFICES = ("hq.example", "porto.example", "osaka.example", "lyon.example", "oslo.example")


@pytest.fixture
async def source() -> AsyncIterator[Peer]:
    """Run the office that publishes, which is in the hands of an attacker."""
    async with serving() as peer:
        yield peer


@pytest.fixture
def hq() -> Publisher:
    return Publisher()


@pytest.fixture
async def follower(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Build an office over an empty database."""
    try:
        async with office(database_url, tmp_path) as app:
            yield app
    finally:
        await wipe(database_url)


@pytest.fixture
async def porto(follower: App, hq: Publisher, source: Peer) -> App:
    """Build an office that holds version 2 of the list."""
    await organising.subscribe(
        follower, source.host, hq.fingerprint, networks=LOOPBACK, actor="tests"
    )
    serve(source, hq.publish(2, members(*OFFICES)))
    await organising.pull(follower)
    return follower


async def held(app: App) -> object:
    """Return all that an attack must not change."""
    async with app.db.reader() as conn:
        known = await organisation.find(conn)
        files = await organisation.read_files(conn)
        offices = await organisation.list_members(conn)
        entries = await conn.fetch("SELECT pattern, state, version FROM trust_entries ORDER BY 1")
    assert known is not None
    return known.version, known.revision, files, offices, [tuple(row) for row in entries]


async def refusals(app: App) -> list[str]:
    async with app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT detail->>'reason' AS reason FROM audit WHERE action = 'organisation.refuse'"
            " ORDER BY id"
        )
    return [row["reason"] for row in rows]


def rollback(hq: Publisher) -> Files:
    return hq.publish(1, members("hq.example"), stamp=9)


def old_stamp(hq: Publisher) -> Files:
    return hq.publish(2, members(*OFFICES), stamp=1)


def same_version(hq: Publisher) -> Files:
    return hq.publish(2, members(*OFFICES, "evil.example"), stamp=3)


def same_stamp(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES, "evil.example"), stamp=2)


def freeze(hq: Publisher) -> Files:
    return hq.publish(2, members(*OFFICES), stamp=3, stamp_life=timedelta(seconds=-1))


def expired(hq: Publisher) -> Files:
    hq.now -= timedelta(days=100)
    return hq.publish(3, members(*OFFICES, "evil.example"), stamp_life=timedelta(days=200))


def too_few(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES, "evil.example"), by=hq.people[:1])


def one_twice(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES, "evil.example"), by=[hq.people[0], hq.people[0]])


def foreign_keys(hq: Publisher) -> Files:
    hq.people = [OrganisationKey.generate() for _ in range(3)]
    return hq.publish(3, members(*OFFICES, "evil.example"))


def foreign_office_key(hq: Publisher) -> Files:
    hq.office = OrganisationKey.generate()
    return hq.publish(3, members(*OFFICES))


def root_by_new_keys_only(hq: Publisher) -> Files:
    hq.people = [OrganisationKey.generate() for _ in range(3)]
    hq.add_root()
    return hq.publish(3, members(*OFFICES, "evil.example"))


def root_by_old_keys_only(hq: Publisher) -> Files:
    old = hq.people[:2]
    hq.people = [OrganisationKey.generate() for _ in range(3)]
    hq.add_root(by=old)
    return hq.publish(3, members(*OFFICES, "evil.example"))


def lowered_quorum(hq: Publisher) -> Files:
    hq.needed = 1
    hq.add_root(by=hq.people[:1])
    return hq.publish(3, members(*OFFICES, "evil.example"), by=hq.people[:1])


def tampered(hq: Publisher) -> Files:
    files = hq.publish(3, members(*OFFICES))
    name = next(name for name in files if name.startswith("targets/"))
    return files | {name: files[name].replace(b"osaka.example", b"0saka.example")}


def tampered_signed(hq: Publisher) -> Files:
    files = hq.publish(3, members(*OFFICES))
    raw = orjson.loads(files["timestamp.json"])
    raw["signed"]["version"] = 99
    return files | {"timestamp.json": orjson.dumps(raw)}


def other_organisation(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES), organisation_id="other.example")


def removal(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES[:3]))


def empty(hq: Publisher) -> Files:
    return hq.publish(3, ())


def broken(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES)) | {"timestamp.json": b"{"}


def duplicate_key(hq: Publisher) -> Files:
    files = hq.publish(3, members(*OFFICES))
    raw = files["timestamp.json"].replace(b'{"signatures"', b'{"signed":{},"signatures"', 1)
    return files | {"timestamp.json": raw}


def deep(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES)) | {
        "timestamp.json": b'{"a":' * 5000 + b"1" + b"}" * 5000
    }


def wrong_types(hq: Publisher) -> Files:
    files = hq.publish(3, members(*OFFICES))
    raw = orjson.loads(files["timestamp.json"])
    raw["signed"]["version"] = ["3"]
    raw["signatures"] = {"a": None}
    return files | {"timestamp.json": orjson.dumps(raw)}


def huge(hq: Publisher) -> Files:
    return hq.publish(3, members(*OFFICES)) | {"timestamp.json": b" " * (50 * 1024 * 1024)}


ATTACKS: list[tuple[Callable[[Publisher], Files], str]] = [
    (rollback, "rollback"),
    (old_stamp, "rollback"),
    (same_version, "same version"),
    (same_stamp, "same version"),
    (freeze, "expired"),
    (expired, "expired"),
    (too_few, "signatures"),
    (one_twice, "signatures"),
    (foreign_keys, "signatures"),
    (foreign_office_key, "signatures"),
    (root_by_new_keys_only, "signatures"),
    (root_by_old_keys_only, "signatures"),
    (lowered_quorum, "signatures"),
    (tampered, "tampered"),
    (tampered_signed, "signatures"),
    (other_organisation, "foreign"),
    (broken, "malformed"),
    (duplicate_key, "malformed"),
    (deep, "malformed"),
    (wrong_types, "malformed"),
    (huge, "too large"),
]


@pytest.mark.parametrize(("attack", "reason"), ATTACKS, ids=[each[0].__name__ for each in ATTACKS])
async def test_attacks_are_refused_and_nothing_changes(
    porto: App,
    source: Peer,
    hq: Publisher,
    attack: Callable[[Publisher], Files],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = await held(porto)
    serve(source, attack(hq))
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await organising.pull(porto)
        assert refused.value.reason == reason
    assert await held(porto) == before
    # Told once, not at each of the attacker's tries.
    assert await refusals(porto) == [reason]
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    async with porto.db.reader() as conn:
        known = await organisation.find(conn)
    assert known is not None
    assert (known.trouble_reason, known.trouble) == (reason, str(refused.value))


async def test_the_next_true_word_is_taken_after_an_attack(
    porto: App, source: Peer, hq: Publisher
) -> None:
    serve(source, too_few(hq))
    with pytest.raises(Refused):
        await organising.pull(porto)
    serve(source, hq.publish(3, members(*OFFICES, "lima.example")))
    assert await organising.pull(porto) == organising.Taken(3, is_new=True)
    async with porto.db.reader() as conn:
        known = await organisation.find(conn)
    assert known is not None
    assert known.trouble == ""


@pytest.mark.parametrize("attack", [removal, empty])
async def test_removing_more_than_a_fifth_waits_for_a_person(
    porto: App, source: Peer, hq: Publisher, attack: Callable[[Publisher], Files]
) -> None:
    before = await held(porto)
    serve(source, attack(hq))
    for _ in range(2):
        taken = await organising.pull(porto)
        assert not taken.is_new
        assert set(taken.held_removals) >= {"lyon.example", "oslo.example"}
    assert await held(porto) == before
    assert await refusals(porto) == ["removals"]

    assert await organising.confirm(porto, 3, actor="ada") == organising.Taken(3, is_new=True)
    async with porto.db.reader() as conn:
        state = await conn.fetchval("SELECT state FROM peers WHERE host = 'lyon.example'")
    assert state == "removed"


async def test_a_fifth_and_what_signers_confirm_go_at_once(
    porto: App, source: Peer, hq: Publisher
) -> None:
    serve(source, hq.publish(3, members(*OFFICES[:4])))
    assert (await organising.pull(porto)).is_new
    serve(source, hq.publish(4, members(*OFFICES[:1]), confirmed=OFFICES[1:3]))
    assert (await organising.pull(porto)).held_removals == ("lyon.example",)
    serve(source, hq.publish(5, members(*OFFICES[:1]), confirmed=OFFICES[1:]))
    assert (await organising.pull(porto)).is_new


async def test_pages_for_people_are_no_manifest(porto: App, source: Peer, hq: Publisher) -> None:
    before = await held(porto)
    serve(source, dict.fromkeys(hq.publish(3, ()), b"<html>"), content_type="text/html")
    with pytest.raises(Refused) as refused:
        await organising.pull(porto)
    assert refused.value.reason == "malformed"
    assert await held(porto) == before


async def test_a_compressed_flood_is_cut_off(porto: App, source: Peer) -> None:
    flood = gzip.compress(b" " * (MAX_BYTES * 20))
    source.pages[f"{PATH}/timestamp.json"] = lambda _: web.Response(
        body=flood, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(Refused) as refused:
        await organising.pull(porto)
    assert refused.value.reason == "too large"


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
async def test_a_source_that_is_down_changes_nothing_and_alarms_nobody(
    porto: App, source: Peer, status: int
) -> None:
    before = await held(porto)
    for path in list(source.pages):
        source.pages[path] = lambda _: web.Response(status=status)
    with pytest.raises(Unreachable):
        await organising.pull(porto)
    assert await held(porto) == before
    assert await refusals(porto) == []


async def test_both_quorums_together_pass_the_say_on(
    porto: App, source: Peer, hq: Publisher
) -> None:
    old = hq.people[:2]
    hq.people = [OrganisationKey.generate() for _ in range(2)]
    hq.add_root(by=[*old, *hq.people])
    serve(source, hq.publish(3, members(*OFFICES)))
    assert (await organising.pull(porto)).version == 3
    hq.people = [*old, OrganisationKey.generate()]
    serve(source, hq.publish(4, members(*OFFICES)))
    with pytest.raises(Refused):
        await organising.pull(porto)


async def test_an_office_does_not_begin_with_a_foreign_root(
    follower: App, source: Peer, hq: Publisher
) -> None:
    await organising.subscribe(
        follower, source.host, hq.fingerprint, networks=LOOPBACK, actor="tests"
    )
    serve(source, Publisher().publish(1, members("evil.example")))
    with pytest.raises(Refused) as refused:
        await organising.pull(follower)
    assert refused.value.reason == "foreign"
    async with follower.db.reader() as conn:
        assert await organisation.list_members(conn) == []
