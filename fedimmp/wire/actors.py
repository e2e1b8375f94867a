"""Our actors: whole for the offices that we know, the bare minimum for everybody else."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from activitypub import writing
from fedimmp.errors import NotFound
from fedimmp.outbound.actors import outgoing_actor, public_keys
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import check_welcome, document, is_signed, page_at, signer_of, wants_page
from storage import accounts
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Connection


async def instance(call: Call) -> web.Response:
    """Show the instance actor to anybody: without it nobody could verify what we sign."""
    app = call.app
    if wants_page(call):
        return page_at(app.uris.origin)
    async with app.db.reader() as conn:
        account = await accounts.get(conn, INSTANCE_ACCOUNT_ID)
        keys = await public_keys(conn, INSTANCE_ACCOUNT_ID)
    return document(
        writing.instance_actor(
            account.uri,
            username=account.username,
            name=app.config.server.name,
            url=account.url,
            inbox=account.inbox_url,
            outbox=account.outbox_url or f"{account.uri}/outbox",
            shared_inbox=app.uris.shared_inbox,
            key_id=app.uris.rsa_key(account.uri),
            public_key_pem=keys.rsa_pem,
            multikey_id=app.uris.ed25519_key(account.uri),
            multikey=keys.multikey,
        )
    )


async def show(call: Call) -> web.Response:
    """Show a member: to signed readers everything, to others what verifies signatures."""
    if is_signed(call):
        signer = await signer_of(call)
        async with call.app.db.reader() as conn:
            account = await _account(conn, call)
            if account.deleted_at is not None:
                return _gone(account)
            await check_welcome(conn, account, signer)
            return document(writing.actor(await outgoing_actor(conn, call.app, account.id)))
    async with call.app.db.reader() as conn:
        account = await _account(conn, call)
        if wants_page(call):
            return page_at(account.url)
        if account.deleted_at is not None:
            return _gone(account)
        return document(writing.bare_actor(await outgoing_actor(conn, call.app, account.id)))


async def _account(conn: Connection, call: Call) -> Account:
    # One that is suspended is still shown, as such: its last activities have to be verified.
    account = await accounts.find(conn, call.path_id())
    if account is None or not account.is_local or account.id == INSTANCE_ACCOUNT_ID:
        raise NotFound
    return account


def _gone(account: Account) -> web.Response:
    """Say that the account is no more: peers then delete what they have of it."""
    return document(writing.tombstone(account.uri, account.deleted_at), status=HTTPStatus.GONE)


ROUTES: Final = (
    Route("GET", "/actor", instance, public=True, limit="none"),
    Route("GET", "/ap/users/{id}", show, public=True, limit="none"),
)
