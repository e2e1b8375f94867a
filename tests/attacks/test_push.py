"""Addresses that an app wants to be told of news at: SEC-056."""

import aiohttp
import pytest

from fedimmp.app import App
from fedimmp.services import posting
from fedimmp.services.authorising import create_token
from fedimmp.services.drafts import Draft
from fedimmp.web.scopes import USER_SCOPES
from fedimmp.workers.settle import settle
from tests.attacks.door import Door
from tests.attacks.outbound import Watch, own_ports
from tests.federation.foreign import Foreign
from tests.federation.members import member, told
from tests.push.service import Phone

PUSH = "/api/v1/push/subscription"


@pytest.mark.sec("SEC-056", "SEC-204")
async def test_056_no_address_is_told_of_news(
    hq: App, door: Door, porto: Foreign, evil: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only services that the office lists are told, so not even an allowed office is."""
    ana, ben = await member(hq, "ana"), await member(hq, "ben")
    token = await create_token(hq, ana.id, USER_SCOPES, "tests")
    watch = Watch(monkeypatch)
    session = aiohttp.ClientSession(hq.uris.origin, headers={"Authorization": f"Bearer {token}"})
    async with session:
        for endpoint in (
            "http://127.0.0.1:9/push",
            "http://169.254.169.254/latest",
            "https://10.1.2.3/push",
            evil.peer.uri("/push"),
            porto.peer.uri("/push"),
            hq.uris.shared_inbox,
            "file:///etc/passwd",
            "https://fcm.googleapis.com/fcm/send/x",
        ):
            subscription = Phone().form(endpoint)
            for method in ("POST", "PUT"):
                async with session.request(method, PUSH, json=subscription) as answer:
                    assert answer.status in (404, 422)
                    assert (await answer.json())["error"]
        async with session.get(PUSH) as answer:
            assert answer.status == 404
    await posting.publish(hq, ben.id, Draft(text="@ana Bom dia"), application_id=None)
    await settle(hq)

    assert [kind for kind, _who in await told(ana)] == ["mention"]
    assert watch.beside(*own_ports(hq, porto.host)) == set()
    assert [each.target for each in porto.peer.seen if "push" in each.target] == []
