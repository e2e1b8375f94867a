"""Replies of our people that the author of the parent approves, as GoToSocial does."""

from typing import Any

import pytest

from fedimmp.app import App
from fedimmp.workers.settle import settle
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member, member, parked, status_of
from tests.federation.quoting import publish, stamp


async def _reply(app: App, ana: Member, bela: Person) -> tuple[str, str]:
    """Let a member answer somebody whose policy wants approval; returns both posts' URIs."""
    policy = {"canReply": {"always": [bela.uri], "approvalRequired": ["as:Public"]}}
    parent = bela.note("Lunch?", interactionPolicy=policy)
    await bela.send(app, bela.create(parent))
    stored = await status_of(app, parent["id"])
    assert stored is not None
    _, uri = await publish(ana, "Gladly", in_reply_to_id=stored.id)
    await settle(app)
    return uri, parent["id"]


async def _approved_by(app: App, uri: str) -> str | None:
    async with app.db.reader() as conn:
        found: str | None = await conn.fetchval(
            "SELECT approved_by FROM statuses WHERE uri = $1", uri
        )
    return found


@pytest.mark.parametrize("form", ["id", "note", "create", "request"])
async def test_an_accept_with_a_result(hq: App, porto: Foreign, form: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, parent = await _reply(hq, ana, bela)
    proof = stamp(porto, bela, uri, parent, type="ReplyAuthorization")
    about: dict[str, Any] = {
        "id": uri,
        "note": {"type": "Note", "id": uri},
        "create": {"type": "Create", "id": f"{uri}/activity", "object": uri},
        "request": {"type": "ReplyRequest", "id": f"{uri}/r", "object": parent, "instrument": uri},
    }

    await bela.send(hq, bela.activity("Accept", about[form], result=proof))

    (update,) = porto.received("Update")
    assert update["object"]["approvedBy"] == update["object"]["replyAuthorization"] == proof
    assert await _approved_by(hq, uri) == proof


async def test_an_older_accept_is_the_proof_itself(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, _ = await _reply(hq, ana, bela)
    accept = bela.activity("Accept", uri)

    await bela.send(hq, accept)

    assert await _approved_by(hq, uri) == accept["id"]
    (update,) = porto.received("Update")
    assert update["object"]["approvedBy"] == accept["id"]


async def test_an_approval_counts_once(hq: App, porto: Foreign) -> None:
    # Each would be sent to everybody, for as long as its author has another one.
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, parent = await _reply(hq, ana, bela)
    proofs = [stamp(porto, bela, uri, parent, type="ReplyAuthorization") for _ in range(2)]

    for proof in proofs:
        await bela.send(hq, bela.activity("Accept", uri, result=proof))
    await bela.send(hq, bela.activity("Accept", uri), bela.activity("Accept", uri))

    assert await _approved_by(hq, uri) == proofs[0]
    assert len(porto.received("Update")) == 1


async def test_a_refused_reply_stays(hq: App, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    uri, _ = await _reply(hq, ana, bela)

    await bela.send(hq, bela.activity("Reject", uri), bela.activity("Reject", {"type": "Note"}))

    assert await status_of(hq, uri) is not None
    assert porto.received("Update") + porto.received("Delete") == []


@pytest.mark.sec("SEC-082")
async def test_approvals_by_others_and_of_other_things(hq: App, porto: Foreign) -> None:
    ana, bela, caio = await member(hq, "ana"), porto.person("bela"), porto.person("caio")
    uri, parent = await _reply(hq, ana, bela)
    _, alone = await publish(ana, "Nobody asked")
    honest = stamp(porto, bela, uri, parent, type="ReplyApproval")
    wrong = [
        stamp(porto, caio, uri, parent, type="ReplyApproval"),
        stamp(porto, bela, parent, parent, type="ReplyApproval"),
        stamp(porto, bela, uri, uri, type="ReplyApproval"),
        "https://evil.example/approvals/1",
    ]

    for result in wrong:
        await bela.send(hq, bela.activity("Accept", uri, result=result))
    await caio.send(hq, caio.activity("Accept", uri), caio.activity("Accept", uri, result=honest))
    await bela.send(hq, bela.activity("Accept", alone), bela.activity("Accept", parent))

    assert await _approved_by(hq, uri) is None
    assert await _approved_by(hq, alone) is None
    assert porto.received("Update") == []
    assert len(await parked(hq)) == 6
