"""Headers by which somebody who is no proxy of ours wants to be taken for one: SEC-229."""

import aiohttp
import pytest

from fedimmp.app import App
from fedimmp.services.authorising import create_token
from fedimmp.web.scopes import USER_SCOPES
from tests.attacks.door import Door
from tests.federation.members import member

ELSEWHERE = "evil.example"
FORWARDED = {
    "X-Forwarded-Host": ELSEWHERE,
    "X-Forwarded-Server": ELSEWHERE,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-For": "192.0.2.1",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "Forwarded": f"for=192.0.2.1;host={ELSEWHERE};proto=https",
}


@pytest.mark.sec("SEC-229")
@pytest.mark.parametrize("host", [None, ELSEWHERE], ids=["our-host", "their-host"])
async def test_addresses_are_made_of_our_origin_whatever_a_request_says(
    hq: App, door: Door, host: str | None
) -> None:
    ana = await member(hq, "ana")
    token = await create_token(hq, ana.id, USER_SCOPES, "tests")
    headers = FORWARDED | {"Authorization": f"Bearer {token}"} | ({"Host": host} if host else {})
    async with aiohttp.ClientSession(hq.uris.origin, headers=headers) as session:
        async with session.post("/api/v1/statuses", data={"status": "Bom dia"}) as answer:
            shown = await answer.json()
            assert answer.status == 200
        paths = (
            "/api/v1/statuses/" + shown["id"],
            "/api/v1/accounts/verify_credentials",
            "/api/v1/timelines/home?limit=1",
            "/api/v2/instance",
            "/.well-known/host-meta",
            "/.well-known/nodeinfo",
            "/.well-known/oauth-authorization-server",
            f"/.well-known/webfinger?resource=acct:ana@{hq.uris.host}",
            "/actor",
            ana.uri.removeprefix(hq.uris.origin),
        )
        for path in paths:
            async with session.get(path) as answer:
                text = str(answer.headers) + await answer.text()
                assert (answer.status, ELSEWHERE in text, "https://localhost" in text) == (
                    200,
                    False,
                    False,
                ), path
        async with session.get("/@ana", allow_redirects=False) as page:
            assert ELSEWHERE not in page.headers["Location"]
    assert (shown["uri"], shown["account"]["url"]) == (
        hq.uris.note(ana.id, int(shown["id"])),
        f"{hq.uris.origin}/@ana",
    )
