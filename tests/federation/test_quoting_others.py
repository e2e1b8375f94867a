"""Our people quote others, and quotes among others: what counts is the stamp (FEP-044f)."""

from typing import Any

import pytest

from activitypub.vocabulary import PUBLIC
from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from fedimmp.workers.settle import settle
from tests.federation.foreign import Foreign, Person, allow, foreign
from tests.federation.members import Member, member, parked, status_of, told
from tests.federation.quoting import (
    path_of,
    publish,
    quote_of,
    quoting,
    serve,
    shown,
    stamp,
    state_of,
)

OPEN = {"canQuote": {"automaticApproval": [PUBLIC]}}
BY_HAND = {"canQuote": {"manualApproval": ["as:Public"]}}


async def _quotable(app: App, person: Person, **changes: Any) -> tuple[int, str]:
    """Let somebody write a post that may be quoted; returns our id of it and its URI."""
    note = person.note("Bom dia", **({"interactionPolicy": OPEN} | changes))
    await person.send(app, person.create(note))
    stored = await status_of(app, note["id"])
    assert stored is not None
    return stored.id, note["id"]


async def _quoted(
    app: App, office: Foreign, ana: Member, bela: Person
) -> tuple[str, dict[str, Any]]:
    """Let a member quote somebody; returns the URI of the post, and the request that arrived."""
    quoted_id, _ = await _quotable(app, bela)
    _, uri = await publish(ana, "Look", quoted_status_id=quoted_id)
    await settle(app)
    (asked,) = office.received("QuoteRequest")
    return uri, asked


# ------------------------------------------------------------------------------- by our people


async def test_a_quote_waits_for_its_author(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")

    uri, asked = await _quoted(hq, porto, ana, bela)

    quoted = asked["object"]
    assert (asked["actor"], asked["to"]) == (ana.uri, [bela.uri])
    assert asked["instrument"]["id"] == uri
    (create,) = porto.received("Create")
    note = create["object"]
    assert note["quote"] == note["quoteUri"] == note["_misskey_quote"] == quoted
    assert "quoteAuthorization" not in note
    assert f'<p class="quote-inline">RE: <a href="{quoted}"' in note["content"]
    entity = await shown(hq, uri, ana)
    assert entity["quote"] == {"state": "pending", "quoted_status": None}


async def test_a_stamp_lets_it_count(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _quoted(hq, porto, ana, bela)
    proof = stamp(porto, bela, uri, asked["object"])

    answer = bela.activity("Accept", asked | {"instrument": uri}, result=proof)
    await bela.send(hq, answer)
    await bela.send(hq, bela.activity("Accept", asked["id"], result=proof))

    assert await state_of(hq, uri) == "accepted"
    (update,) = porto.received("Update")
    assert update["object"]["quoteAuthorization"] == proof
    assert "updated" not in update["object"]
    entity = await shown(hq, uri, ana)
    assert entity["quote"]["state"] == "accepted"
    assert entity["quote"]["quoted_status"]["uri"] == asked["object"]
    assert porto.fetched(path_of(porto, proof)) == 1


async def test_the_first_stamp_counts(hq: App, porto: Foreign) -> None:
    # Each would be sent to everybody, for as long as its author has another one.
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _quoted(hq, porto, ana, bela)
    proofs = [stamp(porto, bela, uri, asked["object"]) for _ in range(3)]

    for proof in proofs:
        await bela.send(hq, bela.activity("Accept", asked["id"], result=proof))

    quote = await quote_of(hq, uri)
    assert quote is not None
    assert (quote.state, quote.authorization_uri) == ("accepted", proofs[0])
    assert len(porto.received("Update")) == 1


async def test_an_answer_that_names_the_request_alone(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _quoted(hq, porto, ana, bela)
    proof = stamp(porto, bela, uri, asked["object"])

    await bela.send(hq, bela.activity("Accept", asked["id"], result=proof))
    assert await state_of(hq, uri) == "accepted"
    await bela.send(hq, bela.activity("Reject", asked["id"]))

    assert await state_of(hq, uri) == "revoked"


async def test_a_refusal_takes_the_quote_from_the_post(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _quoted(hq, porto, ana, bela)

    await bela.send(hq, bela.activity("Reject", asked))

    assert await state_of(hq, uri) == "rejected"
    (update,) = porto.received("Update")
    gone = {"quote", "quoteUri", "_misskey_quote", "quoteAuthorization"}
    assert gone.isdisjoint(update["object"])
    assert (await shown(hq, uri, ana))["quote"] == {"state": "rejected", "quoted_status": None}


async def test_consent_that_its_author_takes_back(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, asked = await _quoted(hq, porto, ana, bela)
    proof = stamp(porto, bela, uri, asked["object"])
    await bela.send(hq, bela.activity("Accept", asked, result=proof))

    await bela.send(hq, bela.activity("Delete", proof))
    # What was deleted never counts again, though it can still be fetched.
    await bela.send(hq, bela.activity("Accept", asked["id"], result=proof))

    assert await state_of(hq, uri) == "revoked"
    assert "quote" not in porto.received("Update")[-1]["object"]


async def test_who_may_not_be_quoted(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    silent, _ = await _quotable(hq, bela, interactionPolicy=None)
    closed, _ = await _quotable(hq, bela, interactionPolicy={"canQuote": {"always": bela.uri}})
    followers = {"canQuote": {"automaticApproval": [bela.followers]}}
    for_followers, _ = await _quotable(hq, bela, interactionPolicy=followers)
    to_ana, _ = await _quotable(hq, bela, to=[ana.uri], cc=[])
    by_hand, _ = await _quotable(hq, bela, interactionPolicy=BY_HAND)

    for quoted in (silent, closed, for_followers, to_ana, 1):
        with pytest.raises(NotFound):
            await publish(ana, quoted_status_id=quoted)
    await publish(ana, quoted_status_id=by_hand)
    await settle(hq)

    assert len(porto.received("QuoteRequest")) == 1


async def test_a_private_quote_can_be_read_by_whom_it_quotes(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    quoted_id, _ = await _quotable(hq, bela)

    await publish(ana, quoted_status_id=quoted_id, visibility="private")
    with pytest.raises(Invalid, match="must be mentioned"):
        await publish(ana, quoted_status_id=quoted_id, visibility="direct")
    await settle(hq)

    (create,) = porto.received("Create")
    assert bela.uri in create["cc"]
    assert create["object"]["tag"][0]["type"] == "Link"


async def test_own_posts_and_those_of_colleagues(hq: App, porto: Foreign) -> None:
    ana, duarte = await member(hq, "ana"), await member(hq, "duarte")
    own_id, _ = await publish(ana, "One", visibility="private")
    open_id, _ = await publish(ana, "Two")

    _, again = await publish(ana, "Mine", quoted_status_id=own_id)
    _, by_duarte = await publish(duarte, "Hers", quoted_status_id=open_id)

    first, second = await quote_of(hq, again), await quote_of(hq, by_duarte)
    assert first is not None
    assert second is not None
    assert (first.state, first.authorization_uri) == ("accepted", None)
    stored = await status_of(hq, again)
    # What quotes a post for followers is for followers.
    assert stored is not None
    assert stored.visibility == "private"
    assert second.state == "accepted"
    assert second.authorization_uri == hq.uris.quote_stamp(ana.id, open_id, second.status_id)
    assert await told(ana) == [("quote", duarte.id)]
    with pytest.raises(NotFound):
        await publish(duarte, quoted_status_id=own_id)


async def test_an_edit_keeps_the_quote(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    quoted_id, quoted_uri = await publish(ana, "One")
    status_id, uri = await publish(ana, "", quoted_status_id=quoted_id)

    await posting.edit(hq, ana.id, status_id, Draft(text="", spoiler_text="Look"))

    entity = await shown(hq, uri, ana)
    assert entity["quote"]["quoted_status"]["uri"] == quoted_uri
    assert (entity["spoiler_text"], entity["quote"]["state"]) == ("Look", "accepted")


# ------------------------------------------------------------------------------- among others


async def test_a_quote_among_others_counts_with_its_stamp(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with foreign() as osaka:
        await allow(hq, osaka)
        kenji = osaka.person("kenji")
        quoted = kenji.note("Konnichiwa")
        serve(osaka, quoted)
        note = quoting(bela, quoted["id"])
        proof = stamp(osaka, kenji, note["id"], quoted["id"])

        await bela.send(hq, bela.create(note | {"quoteAuthorization": proof}))
        bare = quoting(bela, quoted["id"])
        await bela.send(hq, bela.create(bare))

        # The quoted post was unknown, and came with its author.
        assert await state_of(hq, note["id"]) == "accepted"
        entity = await shown(hq, note["id"], ana)
        assert entity["quote"]["quoted_status"]["content"] == "<p>Konnichiwa</p>"
        assert await state_of(hq, bare["id"]) == "pending"
        assert osaka.fetched(path_of(osaka, quoted["id"])) == 1
    assert await told(ana) == []


async def test_a_stamp_may_come_later_and_go(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    quoted = caio.note()
    await caio.send(hq, caio.create(quoted))
    note = quoting(bela, quoted["id"])
    proof = stamp(porto, caio, note["id"], quoted["id"])

    await bela.send(hq, bela.create(note))
    assert await state_of(hq, note["id"]) == "pending"
    await bela.send(hq, bela.update(note | {"quoteAuthorization": proof}))
    assert await state_of(hq, note["id"]) == "accepted"
    await bela.send(hq, bela.update(note | {"quoteAuthorization": proof}))
    assert await state_of(hq, note["id"]) == "accepted"
    assert porto.fetched(path_of(porto, proof)) == 1
    await bela.send(hq, bela.update(note))

    assert await state_of(hq, note["id"]) == "revoked"


async def test_own_posts_of_others_need_no_stamp(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    known, unknown = bela.note("known"), bela.note("unknown")
    serve(porto, unknown)
    await bela.send(hq, bela.create(known))
    notes = [
        bela.note(_misskey_quote=known["id"]),
        bela.note(quoteUrl=unknown["id"]),
        bela.note(quote=known["id"]),
    ]

    await bela.send(hq, *(bela.create(note) for note in notes))
    legacy = caio.note(_misskey_quote=known["id"])
    await caio.send(hq, caio.create(legacy))

    assert [await state_of(hq, note["id"]) for note in notes] == ["accepted"] * 3
    # Without consent, and without a way to say so: it is shown as a link.
    assert await state_of(hq, legacy["id"]) == "pending"
    assert (await shown(hq, legacy["id"], ana))["quote"] is None


# -------------------------------------------------------------------------------------- attacks


@pytest.mark.sec("SEC-082")
async def test_an_accept_with_a_stamp_from_elsewhere(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    uri, asked = await _quoted(hq, porto, ana, bela)
    quoted = asked["object"]
    async with foreign() as osaka, foreign() as evil:
        await allow(hq, osaka)
        kenji = osaka.person("kenji")
        wrong = [
            stamp(osaka, kenji, uri, quoted, attributedTo=bela.uri),
            evil.peer.uri("/stamps/1"),
            stamp(porto, caio, uri, quoted),
            stamp(porto, bela, quoted, quoted),
            stamp(porto, bela, uri, uri),
            stamp(porto, bela, uri, quoted, type="Note"),
            porto.peer.uri("/not/there"),
            None,
        ]
        for result in wrong:
            await bela.send(hq, bela.activity("Accept", asked, result=result))
        # Somebody else's word for it is worth nothing, whatever it names.
        honest = stamp(porto, bela, uri, quoted)
        await caio.send(hq, caio.activity("Accept", asked, result=honest))
        await kenji.send(hq, kenji.activity("Accept", asked["id"], result=honest))

        assert evil.peer.seen == []
        assert osaka.fetched(path_of(osaka, wrong[0] or "")) == 0
    assert await state_of(hq, uri) == "pending"
    assert porto.received("Update") == []
    assert len(await parked(hq)) == 9


@pytest.mark.sec("SEC-082")
@pytest.mark.parametrize(
    "changes",
    [
        {"attributedTo": "https://porto.example/users/other"},
        {"interactingObject": "https://porto.example/notes/other"},
        {"interactionTarget": "https://porto.example/notes/other"},
        {"type": "Note"},
        {"id": "https://porto.example/stamps/other"},
    ],
)
async def test_a_stamp_with_other_properties(
    hq: App, porto: Foreign, changes: dict[str, str]
) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    quoted = caio.note()
    await caio.send(hq, caio.create(quoted))
    note = quoting(bela, quoted["id"])
    proof = stamp(porto, caio, note["id"], quoted["id"], **changes)

    await bela.send(hq, bela.create(note | {"quoteAuthorization": proof}))

    assert await state_of(hq, note["id"]) == "rejected"


@pytest.mark.sec("SEC-082")
async def test_a_stamp_that_was_revoked(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    quoted = caio.note()
    await caio.send(hq, caio.create(quoted))
    note = quoting(bela, quoted["id"])
    proof = stamp(porto, caio, note["id"], quoted["id"])

    # The Delete comes first; later nobody asks for what it names.
    await caio.send(hq, caio.activity("Delete", {"type": "QuoteAuthorization", "id": proof}))
    await bela.send(hq, bela.create(note | {"quoteAuthorization": proof}))
    assert await state_of(hq, note["id"]) == "pending"
    gone = quoting(bela, quoted["id"])
    missing = f"{caio.uri}/stamps/none"
    await bela.send(hq, bela.create(gone | {"quoteAuthorization": missing}))

    assert await state_of(hq, gone["id"]) == "rejected"
    assert porto.fetched(path_of(porto, proof)) == 0


@pytest.mark.sec("SEC-082")
async def test_a_stamp_counts_once_and_ends_by_its_author(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    quoted = caio.note()
    await caio.send(hq, caio.create(quoted))
    first, second = quoting(bela, quoted["id"]), quoting(bela, quoted["id"])
    proof = stamp(porto, caio, first["id"], quoted["id"])

    for note in (first, second):
        await bela.send(hq, bela.create(note | {"quoteAuthorization": proof}))
    await bela.send(hq, bela.activity("Delete", proof))
    assert await state_of(hq, first["id"]) == "accepted"
    assert await state_of(hq, second["id"]) == "rejected"
    await caio.send(hq, caio.activity("Delete", proof))

    assert await state_of(hq, first["id"]) == "revoked"


@pytest.mark.sec("SEC-114")
async def test_quotes_within_quotes_end(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    chain = [caio.note(str(number)) for number in range(6)]
    for note, quoted in zip(chain, [*chain[1:], chain[0]], strict=True):
        proof = stamp(porto, caio, note["id"], quoted["id"])
        note |= {"quote": quoted["id"], "quoteAuthorization": proof}
        serve(porto, note)
    first = quoting(bela, chain[0]["id"])
    proof = stamp(porto, caio, first["id"], chain[0]["id"])

    await bela.send(hq, bela.create(first | {"quoteAuthorization": proof}))

    fetched = [porto.fetched(path_of(porto, note["id"])) for note in chain]
    assert fetched == [1, 1, 0, 0, 0, 0]
    entity = await shown(hq, first["id"], ana)
    inner = entity["quote"]["quoted_status"]
    assert inner["uri"] == chain[0]["id"]
    within = await status_of(hq, chain[1]["id"])
    assert within is not None
    assert inner["quote"] == {"state": "accepted", "quoted_status_id": str(within.id)}


@pytest.mark.sec("SEC-114")
async def test_two_posts_that_quote_each_other(hq: App, porto: Foreign) -> None:
    ana, caio = await member(hq, "ana"), porto.person("caio")
    one, two = caio.note("one"), caio.note("two")
    one["quote"], two["quote"] = two["id"], one["id"]
    itself = caio.note("itself")
    itself["quote"] = itself["id"]

    await caio.send(hq, caio.create(one), caio.create(two), caio.create(itself))

    entity = await shown(hq, one["id"], ana)
    inner = entity["quote"]["quoted_status"]
    assert inner["uri"] == two["id"]
    assert inner["quote"] == {"state": "accepted", "quoted_status_id": entity["id"]}
    assert (await shown(hq, itself["id"], ana))["quote"] is None
