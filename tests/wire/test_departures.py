"""What peers and strangers read of a member who is gone."""

import pytest

from fedimmp.services import leaving
from tests.wire.offices import Office, settled


@pytest.mark.parametrize("signed", [False, True])
async def test_a_deleted_member_answers_with_a_tombstone(
    hq: Office, porto: Office, signed: bool
) -> None:
    ana = await hq.member("ana")
    assert (await hq.get(ana.uri)).status == 200

    await leaving.delete_member(hq.app, ana.id, actor="tests")

    answer = await hq.get(ana.uri, signed_by=porto if signed else None)
    assert answer.status == 410
    assert (answer.json["id"], answer.json["type"]) == (ana.uri, "Tombstone")
    outbox = await hq.get(f"{ana.uri}/outbox", signed_by=porto)
    assert outbox.status == 404
    resource = f"acct:{ana.username}@{hq.host}"
    finger = f"{hq.app.uris.origin}/.well-known/webfinger?resource={resource}"
    assert (await hq.get(finger)).status == 404


async def test_a_member_who_is_deleted_here_is_gone_there(hq: Office, porto: Office) -> None:
    ana = await hq.member("ana")
    await hq.post(ana, "Goodbye")
    await settled(hq, porto)
    known = await porto.knows(ana)

    await leaving.delete_member(hq.app, ana.id, actor="tests")
    await settled(hq, porto)

    gone = await porto.knows(ana)
    assert gone.deleted_at is not None
    async with porto.app.db.reader() as conn:
        left = await conn.fetchval("SELECT count(*) FROM statuses WHERE account_id = $1", known.id)
    assert left == 0
