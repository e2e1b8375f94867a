"""Whatever takes a token away ends what was open with it: calls and streams."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from fedimmp.services import leaving, members
from fedimmp.services.authorising import Grant, authorise
from fedimmp.streaming import server_sent, websocket
from fedimmp.streaming.authentication import listener_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call
from tests.api.admin.staff import judge, staff
from tests.api.office import Api, Office

HOME = "/api/v1/timelines/home"
_OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
_SCOPES = ("read", "write", "follow", "push")
_ENDED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)

Deed = Callable[[Office, Api, dict[str, str]], Awaitable[object]]


async def _revoke(office: Office, ana: Api, client: dict[str, str]) -> None:
    form = {**client, "token": ana.token}
    assert await office.anonymous().ok("POST", "/oauth/revoke", data=form) == {}


async def _disable(office: Office, ana: Api, _client: dict[str, str]) -> None:
    await members.disable_member(office.app, ana.account_id)


async def _reset_password(office: Office, ana: Api, _client: dict[str, str]) -> None:
    await members.reset_password(office.app, ana.account_id, "another long password")


async def _delete_member(office: Office, ana: Api, _client: dict[str, str]) -> None:
    await leaving.delete_member(office.app, ana.account_id, actor="eva")


async def _judge(office: Office, ana: Api, action: str) -> None:
    await judge(await staff(office, "eva"), ana.id, action)


async def _disable_as_staff(office: Office, ana: Api, _client: dict[str, str]) -> None:
    await _judge(office, ana, "disable")


async def _suspend(office: Office, ana: Api, _client: dict[str, str]) -> None:
    await _judge(office, ana, "suspend")


DEEDS: dict[str, Deed] = {
    "revoke": _revoke,
    "disable": _disable,
    "reset-password": _reset_password,
    "delete-member": _delete_member,
    "disable-as-staff": _disable_as_staff,
    "suspend": _suspend,
}


async def let_in(office: Office) -> tuple[Api, dict[str, str]]:
    """Return an app that Ana let in, and what it registered as."""
    ana = await office.member("ana")
    wish = {"client_name": "App", "redirect_uris": _OUT_OF_BAND, "scopes": " ".join(_SCOPES)}
    made = await office.anonymous().ok("POST", "/api/v1/apps", json=wish)
    client = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    grant = Grant(int(made["id"]), _OUT_OF_BAND, _SCOPES)
    code = await authorise(office.app, ana.account_id, grant)
    form = {
        **client,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _OUT_OF_BAND,
    }
    token = await office.anonymous().ok("POST", "/oauth/token", data=form)
    return Api(office.url, office.session, token["access_token"], ana.account_id), client


async def until_closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(10):
        while (await socket.receive()).type not in _ENDED:
            pass


@pytest.mark.sec("SEC-177", "SEC-200")
@pytest.mark.parametrize("deed", DEEDS)
async def test_calls_and_streams_end(office: Office, deed: str) -> None:
    ana, client = await let_in(office)
    ben = await office.member("ben")
    bearer = {"Authorization": f"Bearer {ana.token}"}
    await ana.ok("GET", HOME)
    async with (
        office.session.ws_connect(
            f"{office.url}/api/v1/streaming?stream=user", headers=bearer
        ) as socket,
        office.session.ws_connect(
            f"{office.url}/api/v1/streaming?stream=user&access_token={ben.token}"
        ) as other,
        office.session.get(f"{office.url}/api/v1/streaming/public", headers=bearer) as events,
    ):
        assert await events.content.readline() == b":)\n"
        await DEEDS[deed](office, ana, client)
        await until_closed(socket)
        async with asyncio.timeout(10):
            await events.content.read()
        assert not other.closed
    assert (await ana.get(HOME)).status in (401, 403)
    await ben.ok("GET", HOME)


@pytest.mark.sec("SEC-177", "SEC-200")
async def test_a_token_that_ends_while_its_stream_opens_opens_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")

    async def late(call: Call) -> Listener:
        """Let ana's token end behind the look at it, and before the hub would hear of that."""
        listener = await listener_of(call)
        if listener.account_id == ana.account_id:
            async with office.app.db.writer() as tx:
                await tx.execute(
                    "UPDATE tokens SET revoked_at = now() WHERE id = $1", listener.token_id
                )
        return listener

    monkeypatch.setattr(websocket, "listener_of", late)
    monkeypatch.setattr(server_sent, "listener_of", late)
    for member, expected in ((ben, 200), (ana, 401)):
        headers = {"Authorization": f"Bearer {member.token}"}
        url = f"{office.url}/api/v1/streaming/public"
        async with office.session.get(url, headers=headers) as events:
            assert events.status == expected
    ana = await office.api(ana.account_id)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await office.session.ws_connect(
            f"{office.url}/api/v1/streaming?stream=user&access_token={ana.token}"
        )
    assert refused.value.status == 401
    url = f"{office.url}/api/v1/streaming?stream=user&access_token={ben.token}"
    async with office.session.ws_connect(url) as socket:
        assert not socket.closed


@pytest.mark.sec("SEC-174", "SEC-177")
async def test_who_is_staff_no_more_is_refused_at_once(office: Office) -> None:
    eva = await staff(office, "eva")
    path = "/api/v1/admin/accounts"
    await eva.ok("GET", path)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE members SET role = 'member' WHERE account_id = $1", eva.account_id)
    assert (await eva.get(path)).status == 403
    await eva.ok("GET", HOME)


@pytest.mark.sec("SEC-176")
async def test_of_two_tokens_the_header_counts(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    me = "/api/v1/accounts/verify_credentials"
    told = await ana.ok("GET", f"{me}?access_token={ben.token}")
    assert told["id"] == ana.id
    form = {"access_token": ben.token, "bearer_token": ben.token, "display_name": "Whose"}
    changed = await ana.ok("PATCH", "/api/v1/accounts/update_credentials", data=form)
    assert changed["id"] == ana.id
    assert (await office.anonymous().request("PATCH", me, data=form)).status in (401, 405)
