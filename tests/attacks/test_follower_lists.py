"""What an office says of its followers here: believed only where all of it agrees (FEP-8fcf)."""

from collections.abc import Callable

import pytest
from aiohttp import web

from activitypub.synchronisation import HEADER, digest_of
from fedimmp.app import App
from storage import accounts
from tests.attacks.door import Door, Signing, post, signed
from tests.attacks.reading import deliver
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.members import (
    Member,
    account_id,
    follow_accepted,
    home,
    member,
    parked,
)
from tests.federation.synchronising import LIST, Author, followers_of, synchronised
from tests.protocol.peers import AP_TYPE, ap_answer
from tests.protocol.people import replaced

NOBODY = digest_of([])
Team = tuple[Member, Member, int]


@pytest.fixture
async def rui(door: Door, porto: Foreign, sign: Signing) -> Author:
    """Let Rui of Porto be known here."""
    person = porto.person("rui")
    assert await deliver(door, person, post(person)) == [202]
    return Author(door, person, sign)


@pytest.fixture
async def team(hq: App, rui: Author) -> Team:
    """Let Ana and Bob follow Rui; returns them and his id."""
    rui_id = await account_id(hq, rui.person.uri)
    ana, bob = await member(hq, "ana"), await member(hq, "bob")
    for each in (ana, bob):
        await follow_accepted(each, rui_id)
    return ana, bob, rui_id


async def counted(app: App, account_id: int) -> tuple[int, int]:
    """Return how many followers an account has, and how many it follows, by the counters."""
    async with app.db.reader() as conn:
        view = (await accounts.load_views(conn, [account_id]))[account_id]
    return view.followers_count, view.following_count


async def test_who_is_not_listed_follows_no_more(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    await deliver(rui.door, rui.person, post(rui.person))
    assert len(await home(ana)) == len(await home(bob)) > 0

    await rui.writes(rui.header(rui.lists(bob)))

    assert await followers_of(hq, rui_id, [ana, bob]) == {"bob"}
    assert await home(ana) == []
    assert len(await home(bob)) > 0
    assert await counted(hq, rui_id) == (1, 0)
    assert await counted(hq, ana.id) == (0, 0)
    (lookup,) = [each for each in rui.person.office.peer.seen if each.target == LIST]
    assert f"{hq.uris.instance_actor}#main-key" in (lookup.header("signature") or "")
    assert rui.person.office.received("Undo") == []


async def test_the_same_followers_are_no_reason_to_ask(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team

    await rui.writes(rui.header(rui.lists(bob, ana)))

    assert rui.lookups() == 0
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}


@pytest.mark.sec("SEC-093")
async def test_an_empty_list_counts_with_its_own_digest_only(
    hq: App, rui: Author, team: Team
) -> None:
    ana, bob, rui_id = team
    rui.lists()

    await rui.writes(rui.header(digest_of([ana.uri])))
    assert rui.lookups() == 1
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}

    hq.followers.asked.forget(rui_id)
    await rui.writes(rui.header(NOBODY))
    assert rui.lookups() == 2
    assert await followers_of(hq, rui_id, [ana, bob]) == set()


async def test_a_request_that_is_listed_was_accepted(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE follows SET state = 'pending' WHERE account_id = $1", ana.id)

    await rui.writes(rui.header(rui.lists(ana, bob)))

    async with hq.db.reader() as conn:
        rows = await conn.fetch("SELECT state FROM follows WHERE target_id = $1", rui_id)
    assert [row["state"] for row in rows] == ["accepted", "accepted"]
    assert len(await home(ana)) > 0


async def test_a_follow_that_is_not_known_here_is_undone_there(
    hq: App, rui: Author, team: Team
) -> None:
    ana, bob, rui_id = team
    eva, _other = await member(hq, "eva"), await member(hq, "zoe")
    strangers = [f"{hq.uris.origin}/ap/users/117", hq.uris.instance_actor]

    await rui.writes(rui.header(rui.lists(ana, bob, eva, *strangers)))

    (undo,) = rui.person.office.received("Undo")
    assert undo["actor"] == eva.uri
    assert undo["object"]["type"] == "Follow"
    assert (undo["object"]["actor"], undo["object"]["object"]) == (eva.uri, rui.person.uri)
    assert await followers_of(hq, rui_id, [ana, bob, eva]) == {"ana", "bob"}


async def test_who_begins_to_follow_meanwhile_goes_on(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    eva = await member(hq, "eva")
    digest = rui.lists(bob)
    listed = rui.person.office.peer.pages[LIST]

    async def while_eva_follows(request: web.Request) -> web.StreamResponse:
        await follow_accepted(eva, rui_id)
        answer = listed(request)
        assert isinstance(answer, web.StreamResponse)
        return answer

    rui.person.office.peer.pages[LIST] = while_eva_follows
    await rui.writes(rui.header(digest))

    assert await followers_of(hq, rui_id, [ana, bob, eva]) == {"bob", "eva"}


async def test_what_was_on_its_way_settles_it(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    assert await rui.door.send(rui.message(rui.header(rui.lists(bob)))) == 202
    async with hq.db.writer() as tx:
        await tx.execute("DELETE FROM follows WHERE account_id = $1", ana.id)

    await synchronised(hq)

    assert rui.lookups() == 0
    assert await followers_of(hq, rui_id, [ana, bob]) == {"bob"}


@pytest.mark.sec("SEC-093")
async def test_a_list_is_read_once_in_an_hour(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    header = rui.header(digest_of([ana.uri]))
    rui.lists(bob)
    for _ in range(3):
        await rui.writes(header)

    assert rui.lookups() == 1
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}


Lie = Callable[[Author, Member, Foreign], str]


def elsewhere(rui: Author, _bob: Member, evil: Foreign) -> str:
    rui.lists()
    return rui.header(NOBODY, url=evil.peer.uri(LIST))


def other_port(rui: Author, _bob: Member, _evil: Foreign) -> str:
    rui.lists()
    return rui.header(NOBODY, url=f"https://{rui.person.office.host.partition(':')[0]}/lists/rui")


def here(rui: Author, bob: Member, _evil: Foreign) -> str:
    return rui.header(NOBODY, url=bob.app.uris.followers_synchronization(bob.id))


def of_others(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.lists()
    return rui.header(NOBODY, collection=bob.followers)


def of_a_colleague(rui: Author, _bob: Member, _evil: Foreign) -> str:
    rui.lists()
    return rui.header(NOBODY, collection=rui.person.office.peer.uri("/users/bia/followers"))


def without_sense(_rui: Author, _bob: Member, _evil: Foreign) -> str:
    return 'collectionId="x", url="y", digest="z"'


@pytest.mark.sec("SEC-093")
@pytest.mark.parametrize(
    "lie", [elsewhere, other_port, here, of_others, of_a_colleague, without_sense]
)
async def test_a_header_about_others_or_elsewhere_asks_nobody(
    hq: App, rui: Author, team: Team, evil: Foreign, lie: Lie
) -> None:
    ana, bob, rui_id = team
    seen = len(rui.person.office.peer.seen)

    await rui.writes(lie(rui, bob, evil))

    assert len(rui.person.office.peer.seen) == seen
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}


@pytest.mark.sec("SEC-093")
async def test_a_header_that_is_not_signed_or_not_one_asks_nobody(
    hq: App, rui: Author, team: Team
) -> None:
    ana, bob, rui_id = team
    header = rui.header(rui.lists())
    whole = '"@method" "@target-uri" "content-digest"'
    bare = "(request-target) host date digest" if rui.sign is signed else whole

    assert await rui.door.send(rui.message(header, covered=bare)) == 202
    forged = replaced(rui.message(rui.header(digest_of([ana.uri, bob.uri]))), HEADER, header)
    assert await rui.door.send(forged) == 401
    twice = replaced(rui.message(f"{header}, {header}"), HEADER, header, header)
    assert await rui.door.send(twice) == 202
    await synchronised(hq)

    assert rui.lookups() == 0
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}


def stranger_among_us(rui: Author, bob: Member, _evil: Foreign) -> str:
    return rui.lists(bob, "https://elsewhere.example/users/1")


def another_list(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.lists(bob)
    return digest_of([])


def a_million(rui: Author, bob: Member, _evil: Foreign) -> str:
    uris = [f"{bob.app.uris.origin}/ap/users/{number}" for number in range(1_000_000)]
    return rui.lists(*uris)


def many_pages(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.document(LIST, type="OrderedCollection", first=f"{rui.url}/1")
    for number in range(1, 12):
        rui.person.office.peer.document(
            f"{LIST}/{number}",
            type="OrderedCollectionPage",
            orderedItems=[bob.uri],
            next=f"{rui.url}/{number + 1}",
        )
    rui.person.office.peer.document(f"{LIST}/12", type="OrderedCollectionPage")
    return digest_of([bob.uri])


def a_circle(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.document(
        LIST, type="OrderedCollection", orderedItems=[bob.uri], first=rui.url, next=rui.url
    )
    return digest_of([bob.uri])


def goes_on_elsewhere(rui: Author, bob: Member, evil: Foreign) -> str:
    rui.person.office.peer.document(
        LIST, type="OrderedCollection", orderedItems=[bob.uri], first=evil.peer.uri("/1")
    )
    return digest_of([bob.uri])


def redirected(rui: Author, bob: Member, evil: Foreign) -> str:
    rui.person.office.peer.redirect(LIST, evil.peer.uri(LIST))
    return digest_of([bob.uri])


def no_document(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.pages[LIST] = lambda _request: web.Response(text="[]")
    return digest_of([bob.uri])


def no_list(rui: Author, _bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.pages[LIST] = lambda _request: ap_answer([], AP_TYPE)
    return NOBODY


def odd_items(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.document(
        LIST, type="OrderedCollection", orderedItems=[bob.uri, 7, {"id": None}, [[]]]
    )
    return digest_of([bob.uri])


def missing(rui: Author, bob: Member, _evil: Foreign) -> str:
    rui.person.office.peer.pages.pop(LIST, None)
    return digest_of([bob.uri])


@pytest.mark.sec("SEC-093")
@pytest.mark.parametrize(
    "lie",
    [
        stranger_among_us,
        another_list,
        a_million,
        many_pages,
        a_circle,
        goes_on_elsewhere,
        redirected,
        no_document,
        no_list,
        odd_items,
        missing,
    ],
)
async def test_a_list_that_is_not_right_in_all_ways_changes_nothing(
    hq: App, rui: Author, team: Team, evil: Foreign, lie: Lie
) -> None:
    ana, bob, rui_id = team

    await rui.writes(rui.header(lie(rui, bob, evil)))

    assert 1 <= rui.lookups() <= 10
    assert len(rui.person.office.peer.seen) < 25
    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}
    assert await counted(hq, rui_id) == (2, 0)
    assert await parked(hq) == []
    async with hq.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM jobs") == 0


@pytest.mark.parametrize("inlined", [True, False])
async def test_a_list_may_have_pages(hq: App, rui: Author, team: Team, inlined: bool) -> None:
    ana, bob, rui_id = team
    eva = await member(hq, "eva")
    await follow_accepted(eva, rui_id)
    peer = rui.person.office.peer
    page = peer.document(
        f"{LIST}/1", type="OrderedCollectionPage", orderedItems=[ana.uri], next=f"{rui.url}/2"
    )
    peer.document(f"{LIST}/2", type="CollectionPage", items={"type": "Person", "id": bob.uri})
    peer.document(LIST, type="Collection", first=page if inlined else page["id"])

    await rui.writes(rui.header(digest_of([ana.uri, bob.uri])))

    assert await followers_of(hq, rui_id, [ana, bob, eva]) == {"ana", "bob"}


@pytest.mark.sec("SEC-093")
async def test_another_office_cannot_end_follows_of_ruis(hq: App, rui: Author, team: Team) -> None:
    ana, bob, rui_id = team
    async with foreign() as lisboa:
        await allow(hq, lisboa)
        liar = Author(rui.door, lisboa.person("rui"), rui.sign)
        header = liar.header(liar.lists(), collection=rui.person.followers)
        await liar.writes(header)
        await liar.writes(liar.header(NOBODY, url=rui.url))
        assert liar.lookups() == 0

    assert await followers_of(hq, rui_id, [ana, bob]) == {"ana", "bob"}
